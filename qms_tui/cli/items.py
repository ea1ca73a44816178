"""The item that a person names on the command line; if it is not in that inbox, where it is."""

from __future__ import annotations

from collections.abc import Sequence

from qms_tui.errors import UsageError
from qms_tui.inbox import HUMAN, Item, mailboxes, matching, pick, scan
from qms_tui.project import Project


def named_item(
    project: Project, roster: Sequence[str], owner: str, waiting: Sequence[Item], word: str
) -> Item:
    """The item of that file or document among those that wait in the owner's inbox.

    Raises UsageError if there is none, or more than one of that document.
    """
    if matching(waiting, word):
        return pick(waiting, word)
    raise UsageError(
        f"no item {word!r} waits in {_whose(owner)} inbox",
        hint=_elsewhere(project, roster, owner, word) or "qms-tui inbox --long lists the files that wait",
    )


def _elsewhere(project: Project, roster: Sequence[str], owner: str, word: str) -> str:
    """In whose inbox it waits; empty if in none."""
    others = [name for name in mailboxes(project, roster) if name != owner]
    items, _ = scan({name: project.folders(name).inbox for name in others})
    names = list(dict.fromkeys(item.agent for item in matching(items, word)))
    if not names:
        return ""
    return f"it waits for {', '.join(names)}: name the inbox, as in qms-tui inbox {names[0]} --read {word}"


def _whose(owner: str) -> str:
    return "your" if owner == HUMAN else f"{owner}'s"
