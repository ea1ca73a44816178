"""Subjects that nobody wrote: of a message from its text, of a reply from the item that it answers. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from qms_tui.errors import UsageError
from qms_tui.inbox.item import Item
from qms_tui.text.printable import is_plain

HUMAN = "lead"  # who sends when nobody is named, and has an inbox too
LONGEST_SUBJECT = 200  # characters, two lines of a wide screen; as much as is shown of any
LONGEST_FIRST_LINE = 72  # characters of a text's first line: one row of a list
_MARKS = re.compile(r"^(?:[#>*+-]+\s+)+")  # of Markdown: headings, quotes, lists
_BLANK = ("Cc", "Cf", "Zs", "Zl", "Zp")


class Reply(Struct, frozen=True):
    """To whom an answer goes, and what it is about."""

    to: str
    subject: str


def is_blank(text: str) -> bool:
    """Whether there is nothing in it to be seen."""
    return all(unicodedata.category(c) in _BLANK for c in text)


def subject_of(body: str) -> str:
    """A message's first line that says something, cut between words; "" if there is none."""
    lines = (_MARKS.sub("", _one_line(line)) for line in body.splitlines())
    return next((_cut(line, LONGEST_FIRST_LINE) for line in lines if line), "")


def reply_to(item: Item, known: Sequence[str]) -> Reply:
    """How an item is answered. `known` are those who have an inbox.

    Raises UsageError where there is nobody to answer: no sender, the human, or somebody without an inbox.
    """
    if not item.sender:
        raise UsageError(
            f"{item.name} does not say who sent it", hint="write to whom you mean: m, qms-tui send"
        )
    if item.sender == HUMAN:
        raise UsageError(f"{item.name} is from you", hint=f"write to {item.agent}: m, qms-tui send")
    if item.sender not in known:
        raise UsageError(
            f"{item.name} is from {item.sender!r}, who has no inbox here",
            hint=f"known are {', '.join(known)}",
        )
    about = _one_line(item.headline.partition(": ")[2])
    subject = about if about.casefold().startswith("re:") else f"Re: {about}"
    return Reply(item.sender, _cut(subject, LONGEST_SUBJECT))


def _one_line(line: str) -> str:
    """Without what a subject must not have."""
    return " ".join("".join(c if is_plain(c) else " " for c in line).split())


def _cut(line: str, longest: int) -> str:
    """The line; if it is longer, as many of its words as there is room for."""
    if len(line) <= longest:
        return line
    room = longest - 1
    end = line.rfind(" ", longest // 2, room + 1)
    if end < 0:  # one long word, or a script without blanks: no mark is parted from its letter
        end = room
        while end > 1 and unicodedata.combining(line[end]):
            end -= 1
    return f"{line[:end].rstrip()}…"
