"""The line that is typed for new items: kinds, documents and senders, and never a word more.

As docker/inside/announcement.py makes it for clients that are not typed to; a test compares the two. Whoever
may write into an inbox could else type into the program. Between items stands a comma, not the semicolon that
is there: in a shell, the word behind that would be run.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from qms_tui.inbox import Item, Kind

MOST_NAMED = 5  # items that are named one by one; of more there is only the number
# CR-056, CR-056-VAR-001-TP-1, SDLC-QMS-RTM: nothing in which a sentence could stand.
DOCUMENT = re.compile(
    r"[A-Z]{2,6}-[0-9]{1,5}(-[A-Z]{1,5}-[0-9]{1,5}){0,4}|SDLC(-[A-Z]{2,6}){2}",
)
_WORDS = {
    Kind.REVIEW: "review task",
    Kind.APPROVAL: "approval task",
    Kind.MESSAGE: "message",
    Kind.NOTICE: "notice",
    Kind.UNKNOWN: "item",
}


def announcement(items: Sequence[Item], senders: Collection[str], instruction: str) -> str:
    """One line for all of them; of who sent them it names those that are among `senders`."""
    if len(items) > MOST_NAMED:
        what = f"{len(items)} new items"
    else:
        what = ", ".join(_described(item, senders) for item in sorted(items, key=lambda item: item.file))
    return f"New in your QMS inbox: {what}. {instruction}"


def _described(item: Item, senders: Collection[str]) -> str:
    document = item.document if DOCUMENT.fullmatch(item.document) else ""
    sender = f" from {item.sender}" if item.sender in senders else ""
    if item.kind is Kind.NOTICE:
        return f"{_WORDS[item.kind]} on {document}" if document else _WORDS[item.kind]
    return f"{_WORDS[item.kind]} {document}".strip() + sender
