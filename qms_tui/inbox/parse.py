"""A file's name and bytes become an item that can be shown. Never raises.

What a file is, item_reader.py reads; here that becomes a headline for humans.
"""

from __future__ import annotations

import re

from qms_tui.inbox.front_matter import front_matter
from qms_tui.inbox.item import Identity, Item, Kind
from qms_tui.inbox.item_reader import Reading, read_item
from qms_tui.inbox.subject import LONGEST_SUBJECT
from qms_tui.text.printable import plain

LONGEST_NAME = 120  # characters of a file's name that are shown


def parse(agent: str, file: str, content: bytes | None, arrived: float, identity: Identity) -> Item:
    """The item that a file is.

    Args:
        agent: whose inbox.
        file: the file's name as the system has it.
        content: its first bytes; None if it cannot or must not be read.
        arrived: seconds of wall time.
        identity: which file it is.
    """
    name = one_line(file, LONGEST_NAME)
    reading = read_item(file, front_matter(content or b""))
    kind, headline = Kind(reading.kind), _headline(reading, name)
    return Item(agent, name, kind, headline, reading.document, reading.sender, arrived, identity, file)


def one_line(text: str, longest: int) -> str:
    """Text that is safe to show: one line, bounded, what a terminal would obey replaced."""
    cut = text[: longest + 1]
    if not (cut.isascii() and cut.isprintable()):
        cut = plain(re.sub(r"\s+", " ", cut))
    return (cut if len(cut) <= longest else cut[: longest - 1] + "…").strip()


def _headline(reading: Reading, name: str) -> str:
    match Kind(reading.kind):
        case Kind.REVIEW:
            return f"New task: Review {reading.document or '(no document named)'}"
        case Kind.APPROVAL:
            return f"New task: Approve {reading.document or '(no document named)'}"
        case Kind.MESSAGE:
            subject = one_line(reading.subject, LONGEST_SUBJECT) or "(no subject)"
            return f"Message from {reading.sender or 'somebody'}: {subject}"
        case Kind.NOTICE:
            return f"Notice: {f'{reading.document} {reading.event}'.strip() or '(nothing said)'}"
        case Kind.UNKNOWN:
            return f"New inbox item: {name}"
