"""The files of an agent's own folder as values. They are the agent's: nothing in them need make sense.

Those here our image's files write, whatever the program is. Each function raises Garbled for what it cannot
read, and nothing else.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any, TypeVar

from qms_tui.programs.values import LONGEST, Announced, Birth, Waiter

MOST_ITEMS = 2000
ITEM_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_DOMAIN = re.compile(r"\bpid:\[([0-9]{1,20})\]\Z", re.ASCII)
T = TypeVar("T")


class Garbled(ValueError):
    """What a file says makes no sense."""


def sound(parse: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Everything that hostile JSON can raise as one exception."""

    @wraps(parse)
    def parsed(content: bytes) -> T:
        try:
            return parse(content)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise Garbled(f"{type(error).__name__}: {error}") from error

    return parsed


@sound
def birth(content: bytes) -> Birth:
    """`identity.json`."""
    told = json.loads(content)
    return Birth(
        pid=int(told["pid"]),
        program=text(told["program"]),
        started=moment(told["started"]),
        wakes=told.get("wake") is True,
        domain=domain(told.get("domain")),
    )


@sound
def waiter(content: bytes) -> Waiter:
    """`waiter.json`."""
    told = json.loads(content)
    inbox = told.get("inbox")
    seen = (int(inbox[0]), int(inbox[1]), int(inbox[2])) if inbox else None
    return Waiter(moment(told.get("at", 0)), told["armed"] is True, moment(told.get("since", 0)), seen)


@sound
def announced(content: bytes) -> Mapping[str, Announced]:
    """`announced.json`, by the items' file names."""
    found = {}
    for name, told in list(json.loads(content).items())[:MOST_ITEMS]:
        if ITEM_FILE.fullmatch(name):
            delivered, failed, again = (_when(told.get(when)) for when in ("delivered", "failed", "again"))
            is_open = bool(told.get("session")) and failed is None
            found[name] = Announced(moment(told["announced"]), delivered, failed, again, is_open)
    return MappingProxyType(found)


def domain(value: Any) -> int:
    """The number in `linux::pid:[4026532462]` or `pid:[4026532462]`; 0 if that is not what it is."""
    found = _DOMAIN.search(value) if isinstance(value, str) else None
    return int(found[1]) if found else 0


def text(value: Any) -> str:
    """In one line, not longer than LONGEST."""
    return "".join(c if c.isprintable() else " " for c in str(value)[: 2 * LONGEST]).strip()[:LONGEST]


def number(value: Any) -> float | None:
    """None for none, and for what is not finite."""
    if value is None:
        return None
    found = float(value)
    return found if math.isfinite(found) else None


def _when(value: Any) -> float | None:
    return None if value is None else moment(value)


def moment(value: Any) -> float:
    """Seconds since 1970, or whatever the file counts in."""
    found = float(value)
    if not math.isfinite(found):
        raise ValueError("no time")
    return found
