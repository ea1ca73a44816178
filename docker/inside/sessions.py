"""The sessions of the agent's clients, as the client's registry has them: sessions/PID.json.

One of them is the agent's: what arrives in its inbox is for it, and its figures are shown. At first that is
the session that the human sees. Once the human has moved it to the background (`/background`, the left arrow
at an empty prompt), it is the one that goes on with its conversation there. Others in the background, and
those that the client keeps spare, do not count.
"""

from __future__ import annotations

import os
import re
import time

import kept

MOST = 64  # files that are looked at
TRIES, PAUSE = 3, 0.01  # the client writes in place: what is read meanwhile is no JSON
_FILE = re.compile(r"[0-9]{1,10}\.json")
Session = dict[str, object]


def folder() -> str:
    """The registry. Raises KeyError outside of a container of ours."""
    return os.path.join(os.environ["CLAUDE_CONFIG_DIR"], "sessions")


def of_process(pid: str) -> Session:
    """What is registered of a process; empty if nothing is."""
    return _read(f"{pid}.json")


def of_name(session: str) -> Session:
    """The same, by the session's identifier."""
    return next((one for one in _all() if one.get("sessionId") == session), {})


def is_client_agents(pid: str) -> bool:
    """Whether the agent's session is that of this process; while it is not registered, whether none is."""
    session = of_process(pid) if pid else {}
    return is_agents(session) if session or not pid else not any(_all())


def is_agents(session: Session) -> bool:
    """Whether it is the agent's own; one of which nothing is known is."""
    if session.get("spare") is True or session.get("parkedJobId"):
        return False
    if session.get("kind") != "bg":
        return True
    return any(one.get("parkedJobId") == session.get("jobId") for one in _all() if one.get("kind") != "bg")


def moved(session: Session) -> float:
    """When it began in the background, in seconds since 1970; 0 if it is not there."""
    at = session.get("startedAt")
    in_background = session.get("kind") == "bg" and isinstance(at, (int, float))
    return at / 1000 if in_background and isinstance(at, (int, float)) else 0.0


def _all() -> list[Session]:
    try:
        names = [name for name in os.listdir(folder()) if _FILE.fullmatch(name)]
    except OSError:
        return []
    return [_read(name) for name in sorted(names)[:MOST]]


def _read(name: str) -> Session:
    path = os.path.join(folder(), name)
    for _ in range(TRIES):
        found = kept.read_object(path)
        if found or not os.path.lexists(path):
            return found
        time.sleep(PAUSE)
    return {}
