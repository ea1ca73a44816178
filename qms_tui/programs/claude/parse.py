"""A client's own files as values. They are the agent's: nothing in them need make sense.

Each function raises Garbled for what it cannot read, and nothing else.
"""

from __future__ import annotations

import json
from types import MappingProxyType

from qms_tui.programs.claude import logins
from qms_tui.programs.claude.values import Hook, Session
from qms_tui.programs.logins import OwnLogin
from qms_tui.programs.parse import ITEM_FILE, Garbled, domain, moment, number, sound, text
from qms_tui.programs.values import Meter

MOST_HOOKS = 400  # lines of the hooks' file that are looked at: the newest
_FACTS = ("source", "tool", "detail", "error", "reason", "message", "kind", "mode")
_MILLISECONDS = 1000.0


@sound
def session(content: bytes) -> Session:
    """`sessions/PID.json`. Torn reads of the file, which is written in place, are no JSON."""
    told = json.loads(content)
    started = moment(told["startedAt"]) / _MILLISECONDS
    return Session(
        pid=int(told["pid"]),
        status=text(told.get("status", "")),
        waiting_for=text(told.get("waitingFor") or ""),
        changed=moment(told.get("statusUpdatedAt", told["startedAt"])) / _MILLISECONDS,
        started=started,
        session=text(told.get("sessionId", "")),
        version=text(told.get("version", "")),
        domain=domain(told.get("pidDomain")),
        background=told.get("kind") == "bg",
        job=text(told.get("jobId") or ""),
        parked=text(told.get("parkedJobId") or ""),
        spare=told.get("spare") is True,
        written=moment(told.get("updatedAt", told["startedAt"])) / _MILLISECONDS,
    )


@sound
def meter(content: bytes) -> Meter | None:
    """`status.json`; None while a container's programs have said nothing yet, which leaves it empty."""
    told = json.loads(content)
    if told == {}:
        return None
    return Meter(
        moment(told["at"]),
        number(told.get("cost")),
        number(told.get("context")),
        text(told.get("model", "")),
        text(told.get("version", "")),
    )


@sound
def own_login(content: bytes) -> OwnLogin:
    """`.credentials.json`."""
    return logins.own_login(content, 0.0)


@sound
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


@sound
def _hook(line: bytes) -> Hook:
    told = json.loads(line)
    return Hook(
        at=moment(told["at"]),
        event=text(told["event"]),
        session=text(told.get("session", "")),
        sub=told.get("sub") is True,
        facts=MappingProxyType({name: text(told[name]) for name in _FACTS if told.get(name)}),
        items=tuple(name for name in map(str, told.get("items") or ()) if ITEM_FILE.fullmatch(name)),
    )
