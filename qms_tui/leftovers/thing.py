"""A thing of qms-tui's, and whether it may go. Pure, but for the look whether a project is still there."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from enum import StrEnum

from msgspec import Struct

YOUNG = 60.0  # seconds: what is not in use yet may belong to a start that is under way


class Kind(StrEnum):
    """What it is."""

    CONTAINER = "container"
    NETWORK = "network"
    VOLUME = "volume"
    SPAWNER = "spawner"
    KEEPER = "keeper"
    DAEMON = "daemon"
    SOCKET = "socket"
    JOURNAL = "journal"
    LAYOUT = "layout"
    TRUST = "trust"
    INBOX = "inbox"
    ARMED = "armed"
    FILES = "files"
    LOCAL = "local agents"


# Nobody needs to use them for them to be wanted.
_MEMORIES = (Kind.JOURNAL, Kind.LAYOUT, Kind.TRUST, Kind.INBOX, Kind.ARMED, Kind.FILES, Kind.LOCAL)


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that was made for the project at `project`; of what only has a name like ours that is empty.

    `id` finds it again: the engine's id, or a path. `project_exists` is None where nobody can tell; `age` is
    in seconds since it was made. `used`: its program runs, or somebody uses it. `mine`: this user made it, on
    this machine; only then does its project's path mean anything here.
    """

    kind: Kind
    id: str
    name: str
    project: str
    project_exists: bool | None
    state: str
    used: bool
    age: float
    mine: bool
    agent: str = ""


class Outcome(Struct, frozen=True):
    """What became of a thing that was to go."""

    thing: Thing
    removed: bool
    said: str = ""


def why_to_go(thing: Thing) -> str:
    """Why it may be removed; '' if it must stay.

    What runs for a project that is there stays, and so does what somebody else made, or somewhere else.
    """
    if not thing.mine:
        return ""
    if thing.project_exists is False:
        return "its project is gone"
    if thing.kind in _MEMORIES:
        return ""
    ended = thing.kind is Kind.CONTAINER and thing.state != "created"
    if thing.used or (thing.age < YOUNG and not ended):
        return ""
    return "it has ended" if ended else "nobody uses it"


def looked_at_again(thing: Thing) -> Thing:
    """The same with what is known of its project now."""
    return replace(thing, project_exists=project_exists(thing.project))


def project_exists(root: str) -> bool | None:
    """Whether there is a project; None if that cannot be seen, as on a disk that does not answer."""
    if not root:  # it would be the folder that we are in
        return None
    try:
        return stat.S_ISDIR(os.stat(os.path.join(root, ".claude")).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return None
