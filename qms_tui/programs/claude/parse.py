"""The files of an agent's own folder as values. They are the agent's: nothing in them need make sense.

Each function raises Garbled for what it cannot read, and nothing else.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any, TypeVar

from qms_tui.activity.values import Announced, Birth, Hook, Meter, Session, Waiter
from qms_tui.runtime import logins
from qms_tui.runtime.logins import OwnLogin

LONGEST = 200  # characters of a text that are kept
MOST_HOOKS = 400  # lines of the hooks' file that are looked at: the newest
MOST_ITEMS = 2000
_FACTS = ("source", "tool", "detail", "error", "reason", "message", "kind", "mode")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_DOMAIN = re.compile(r"\bpid:\[([0-9]{1,20})\]\Z", re.ASCII)
_MILLISECONDS = 1000.0
T = TypeVar("T")


class Garbled(ValueError):
    """What a file says makes no sense."""


def _sound(parse: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Everything that hostile JSON can raise as one exception."""

    @wraps(parse)
    def parsed(content: bytes) -> T:
        try:
            return parse(content)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise Garbled(f"{type(error).__name__}: {error}") from error

    return parsed


@_sound
def session(content: bytes) -> Session:
    """`sessions/PID.json`. Torn reads of the file, which is written in place, are no JSON."""
    told = json.loads(content)
    started = _time(told["startedAt"]) / _MILLISECONDS
    return Session(
        pid=int(told["pid"]),
        status=_text(told.get("status", "")),
        waiting_for=_text(told.get("waitingFor") or ""),
        changed=_time(told.get("statusUpdatedAt", told["startedAt"])) / _MILLISECONDS,
        started=started,
        session=_text(told.get("sessionId", "")),
        version=_text(told.get("version", "")),
        domain=_domain(told.get("pidDomain")),
        background=told.get("kind") == "bg",
        job=_text(told.get("jobId") or ""),
        parked=_text(told.get("parkedJobId") or ""),
        spare=told.get("spare") is True,
        written=_time(told.get("updatedAt", told["startedAt"])) / _MILLISECONDS,
    )


@_sound
def birth(content: bytes) -> Birth:
    """`identity.json`."""
    told = json.loads(content)
    return Birth(
        pid=int(told["pid"]),
        program=_text(told["program"]),
        started=_time(told["started"]),
        wakes=told.get("wake") is True,
        domain=_domain(told.get("domain")),
    )


@_sound
def waiter(content: bytes) -> Waiter:
    """`waiter.json`."""
    told = json.loads(content)
    inbox = told.get("inbox")
    seen = (int(inbox[0]), int(inbox[1]), int(inbox[2])) if inbox else None
    return Waiter(_time(told.get("at", 0)), told["armed"] is True, _time(told.get("since", 0)), seen)


@_sound
def meter(content: bytes) -> Meter | None:
    """`status.json`; None while a container's programs have said nothing yet, which leaves it empty."""
    told = json.loads(content)
    if told == {}:
        return None
    return Meter(
        _time(told["at"]),
        _number(told.get("cost")),
        _number(told.get("context")),
        _text(told.get("model", "")),
        _text(told.get("version", "")),
    )


@_sound
def announced(content: bytes) -> Mapping[str, Announced]:
    """`announced.json`, by the items' file names."""
    found = {}
    for name, told in list(json.loads(content).items())[:MOST_ITEMS]:
        if _FILE.fullmatch(name):
            delivered, failed, again = (_when(told.get(when)) for when in ("delivered", "failed", "again"))
            is_open = bool(told.get("session")) and failed is None
            found[name] = Announced(_time(told["announced"]), delivered, failed, again, is_open)
    return MappingProxyType(found)


@_sound
def own_login(content: bytes) -> OwnLogin:
    """`.credentials.json`."""
    return logins.own_login(content, 0.0)


@_sound
def settings_login(content: bytes) -> str:
    """What of `settings.json` is a login."""
    return logins.settings_login(content)


def hooks(content: bytes) -> tuple[Hook, ...]:
    """`hooks.jsonl`, oldest first; lines that make no sense are left out. Raises nothing."""
    found = []
    for line in content.splitlines()[-MOST_HOOKS:]:
        try:
            found.append(_hook(line))
        except Garbled:
            continue
    return tuple(found)


@_sound
def _hook(line: bytes) -> Hook:
    told = json.loads(line)
    return Hook(
        at=_time(told["at"]),
        event=_text(told["event"]),
        session=_text(told.get("session", "")),
        sub=told.get("sub") is True,
        facts=MappingProxyType({name: _text(told[name]) for name in _FACTS if told.get(name)}),
        items=tuple(name for name in map(str, told.get("items") or ()) if _FILE.fullmatch(name)),
    )


def _domain(value: Any) -> int:
    """The number in `linux::pid:[4026532462]` or `pid:[4026532462]`; 0 if that is not what it is."""
    found = _DOMAIN.search(value) if isinstance(value, str) else None
    return int(found[1]) if found else 0


def _text(value: Any) -> str:
    return "".join(c if c.isprintable() else " " for c in str(value)[: 2 * LONGEST]).strip()[:LONGEST]


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _when(value: Any) -> float | None:
    return None if value is None else _time(value)


def _time(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("no time")
    return number
