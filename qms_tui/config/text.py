"""Text from a configuration file: what may stand in it, and how it is shown when it is wrong."""

from __future__ import annotations

import re

from qms_tui.text.printable import is_plain

MOST_ITEMS = 100  # of a list; each may become a mount or a container of its own
LONGEST_SHOWN = 60  # characters of a wrong value in a message


class WrongValue(Exception):
    """What is wrong with a value (without its file and key), and how to write it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def shown(value: object) -> str:
    """A value from a file in a message: bounded, nothing in it that a terminal would obey."""
    if isinstance(value, dict):
        return "a table"
    try:
        text = str(value).lower() if isinstance(value, bool) else repr(value)
    except (ValueError, RecursionError):  # more digits than Python converts, or nested without end
        return "something huge"
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def a_string(value: object, noun: str, hint: str) -> str:
    """Check that a value is text without control characters, and not empty."""
    if not isinstance(value, str) or not value:
        raise WrongValue(f"{shown(value)} is not {noun}", hint)
    if not is_plain(value):
        raise WrongValue(f"{shown(value)} has control characters in it", hint)
    return value


def matching(pattern: re.Pattern[str], value: object, noun: str, hint: str) -> str:
    """Check that a value is text of a pattern."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise WrongValue(f"{shown(value)} is not {noun}", hint)
    return value


def strings(value: object, noun: str, hint: str) -> tuple[str, ...]:
    """Check that a value is a list, not too long, of texts without control characters."""
    if not isinstance(value, list):
        raise WrongValue(f"{shown(value)} is not {noun}", hint)
    if len(value) > MOST_ITEMS:
        raise WrongValue(f"{len(value)} items are too many", f"name at most {MOST_ITEMS}")
    for item in value:
        if not isinstance(item, str):
            raise WrongValue(f"{shown(item)} is not a string", hint)
        if not is_plain(item):
            raise WrongValue(f"{shown(item)} has control characters in it", hint)
    return tuple(value)
