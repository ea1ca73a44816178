"""The versions of Claude Code with which all that is read of it was tried. Pure.

`pytest tests/e2e/test_client_facts.py --client-version VERSION` tries it with another; who widens the range
runs tests/e2e/test_real_client.py, test_waking.py and test_state.py with that version, too.
"""

from __future__ import annotations

import re

OLDEST, NEWEST = "2.1.286", "2.1.332"
UNKNOWN: tuple[int, ...] = ()
_VERSION = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})(?![0-9])", re.ASCII)


def untested(version: str) -> str:
    """What there is to say of a client of this version; empty if it was tested, or is unknown."""
    number = _number(version)
    if number == UNKNOWN or _number(OLDEST) <= number <= _number(NEWEST):
        return ""
    how = "older" if number < _number(OLDEST) else "newer"
    return f"Claude Code {version} is {how} than those tested ({OLDEST} to {NEWEST})"


def named(version: str) -> str:
    """A client that does not say what it should, by its version as far as that is known."""
    return untested(version) or (f"Claude Code {version}" if version else "Claude Code of an unknown version")


def _number(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    return tuple(map(int, found.groups())) if found else UNKNOWN
