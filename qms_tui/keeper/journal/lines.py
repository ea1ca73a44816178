"""Lines of text as people tell them apart."""

from __future__ import annotations

import re

_LETTERS = re.compile(r"[\W\d_]+")


def is_trivial(line: str) -> bool:
    """Whether so little is in a line that it says nothing to have seen it before: empty, a brace, a rule."""
    return len(_LETTERS.sub("", line)) < 2 and not any(c.isdigit() for c in line)


def letters(line: str) -> str:
    """A line without what a counter, a clock or a spinner changes in it."""
    return _LETTERS.sub("", line)
