"""Who an agent says it is, read back from its own folder, and whether that is who it should be.

The entrypoint writes `qms-tui/identity.json`, a hook of the client which instructions it has loaded. Both lie
where the agent can write: what is read is bounded and checked, and proves nothing against an agent that lies.
It shows what goes wrong by itself: a definition that did not arrive, a wrong user, a wrong project.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

from qms_tui.config import AgentConfig
from qms_tui.project import Owner, Project
from qms_tui.workers import DISK, waiting_for

LARGEST = 64 * 1024  # bytes of a file of the agent's that are read
MOST_FILES = 100  # instruction files that are looked at
MOST_NOTES, LONGEST_NOTE = 10, 200


class Loaded(Struct, frozen=True):
    """A file of instructions that the client has read; `path` as inside its container."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What an agent's program said of itself when it began, `started` in seconds since 1970."""

    agent: str
    uid: int
    project: str
    program: str
    started: float
    notes: tuple[str, ...] = ()
    loaded: tuple[Loaded, ...] = ()


@waiting_for(DISK)
def read_identity(project: Project, agent: str) -> Identity | None:
    """What the agent's folder says; None if nothing, or nothing that makes sense. Blocking."""
    try:
        told = json.loads(_read(project, agent, "identity.json"))
        return Identity(
            agent=_text(told["agent"]),
            uid=int(told["uid"]),
            project=_text(told["project"]),
            program=_text(told["program"]),
            started=float(told["started"]),
            notes=tuple(_text(note) for note in list(told["notes"])[:MOST_NOTES]),
            loaded=_loaded(_read(project, agent, "instructions.jsonl")),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def mismatch(identity: Identity, agent: str, config: AgentConfig, owner: Owner, definition: str) -> str:
    """In what the agent is not who it should be; empty if it is. `definition` is its file's hash, or empty.

    That the client has loaded nothing yet is no mismatch: it does so a moment after its start.
    """
    if identity.agent != agent:
        return f"it is {identity.agent or 'nobody'}, not {agent}"
    if identity.uid != owner.uid:
        return f"it runs as user {identity.uid}, not {owner.uid}"
    if identity.project != config.workdir:
        return f"it works in {identity.project}, not {config.workdir}"
    if definition and identity.loaded and definition not in {one.sha256 for one in identity.loaded}:
        return "it has not loaded its definition"
    return ""


def _read(project: Project, agent: str, name: str) -> bytes:
    folder = project.folders(agent).config.relative_to(project.root)
    return project.read(PurePosixPath(folder, "qms-tui", name), LARGEST)


def _loaded(content: bytes) -> tuple[Loaded, ...]:
    found = []
    for line in content.splitlines()[:MOST_FILES]:
        told: Any = json.loads(line)
        found.append(Loaded(_text(told["file"]), _text(told["sha256"])))
    return tuple(found)


def _text(value: object) -> str:
    return "".join(c for c in str(value) if c.isprintable())[:LONGEST_NOTE]
