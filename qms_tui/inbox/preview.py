"""What of an item's file can be shown: some facts of its front matter, and its text. Blocking.

Read as the watcher reads: no link is followed, nothing but a regular file is opened, at most 64 kB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from qms_tui.inbox.files import look, open_folder, read_start
from qms_tui.inbox.front_matter import body, front_matter
from qms_tui.inbox.item import Item
from qms_tui.inbox.item_reader import MOST_READ
from qms_tui.inbox.parse import one_line
from qms_tui.text.amounts import amount
from qms_tui.text.printable import is_plain, plain
from qms_tui.text.times import stamp

LONGEST_FACT = 120  # characters
# What the QMS writes and a reader wants; subject, sender and document stand in the headline.
_FACTS = {
    "title": "title",
    "workflow_type": "workflow",
    "status": "status",
    "version": "version",
    "responsible_user": "responsible",
    "assigned_by": "assigned by",
    "assigned_date": "assigned",
    "from": "from",
    "to": "to",
    "event": "event",
    "timestamp": "sent",
}


class Preview(Struct, frozen=True):
    """Facts with their names; a text without control and bidi characters; what is wrong, if anything is."""

    facts: tuple[tuple[str, str], ...] = ()
    text: str = ""
    trouble: str = ""


def preview(inbox: Path, item: Item) -> Preview:
    """What the item's file in the folder `inbox` says, if it still is the same file."""
    try:
        with open_folder(inbox) as folder:
            sighting = look(folder, item.file)
            if sighting is None or sighting.identity != item.identity:
                return Preview(trouble="the file has left the inbox")
            if not sighting.regular:
                return Preview(trouble="this is no regular file: it is not opened")
            content = read_start(folder, item.file, sighting)
    except OSError as error:
        return Preview(trouble=f"the file cannot be read: {error.strerror}")
    if content is None:
        return Preview(trouble="the file cannot be read")
    cut = f"only the first {amount(MOST_READ)} are shown" if sighting.size > len(content) else ""
    return Preview(tuple(_facts(front_matter(content))), clean(body(content)), cut)


def clean(content: bytes) -> str:
    """Text with its lines and tabs, and with everything replaced that a terminal would obey."""
    lines = re.split(r"\r\n|\r|\n", content.decode("utf-8", "replace"))
    return "\n".join(line if is_plain(line) else _cleaned(line) for line in lines).strip("\n")


def _cleaned(line: str) -> str:
    return "\t".join(plain(part) for part in line.split("\t"))


def _facts(fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key, name in _FACTS.items():
        if value := one_line(fields.get(key, ""), LONGEST_FACT):
            yield name, stamp(value)
