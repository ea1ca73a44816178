"""Lines of text as people tell them apart."""

from __future__ import annotations

import re
import unicodedata

_LETTERS = re.compile(r"[\W\d_]+")
_SUSPECT = re.compile(r"[^ -~]")
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"  # belong to what they join: emoji, Persian, Indic scripts


def is_trivial(line: str) -> bool:
    """Whether so little is in a line that it says nothing to have seen it before: empty, a brace, a rule."""
    return len(_LETTERS.sub("", line)) < 2 and not any(c.isdigit() for c in line)


def letters(line: str) -> str:
    """A line without what a counter, a clock or a spinner changes in it."""
    return _LETTERS.sub("", line)


def printable(line: str) -> str:
    """A line without characters that a terminal or an editor would obey."""
    if not _SUSPECT.search(line):
        return line
    return "".join(c for c in line if c in _JOINERS or unicodedata.category(c) not in _HIDDEN)
