"""The line that is typed for new items, in the words that agents in containers hear too."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qms_tui.inbox import Item
from qms_tui.inbox.item_reader import wake_line, words


def announcement(items: Sequence[Item], senders: Collection[str], instruction: str) -> str:
    """One line for all of them; of who sent them it names those that are among `senders`.

    Between items stands a comma, not the semicolon that is there in a container: in a shell, the word behind
    that would be run.
    """
    ordered = sorted(items, key=lambda item: item.file)
    each = (words(item.kind, item.document, item.sender, senders) for item in ordered)
    return wake_line(each, len(items), instruction, ", ")
