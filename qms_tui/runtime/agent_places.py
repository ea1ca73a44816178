"""Where agents write: nothing that we read or mount by its path may lie there.

Known by device and inode, so under any name. A folder *below* such a place that is bind-mounted elsewhere is
known by where its file system has it, as /proc/self/mountinfo says. Agents of projects that we know nothing
of are known by the names of their folders.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from qms_tui.config import Config, Mount
from qms_tui.errors import ProjectError
from qms_tui.project import AGENT_NAME, Project
from qms_tui.runtime.host_path import FileId, Folder, Walk
from qms_tui.runtime.replaceable import Refusal

MOUNTS = Path("/proc/self/mountinfo")
SESSIONS = ".claude/sessions"
_OWN = ("workspace", "container")
_OCTAL = re.compile(r"\\([0-7]{3})")


class FileSystemPath(NamedTuple):
    """Where something is in its file system, wherever that is mounted; `device` as mountinfo names it.

    Plain text, because hundreds are compared for each start; the path ends with a slash.
    """

    device: str
    path: str

    def is_below(self, other: FileSystemPath) -> bool:
        """Whether it is the other one, or lies in it."""
        return self.device == other.device and self.path.startswith(other.path)


class MountTable:
    """The mounts of this machine that we see, by their places; empty where there is no such table."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._roots: dict[str, FileSystemPath] = {}
        for line in lines:
            fields = line.split(" ", 5)
            if len(fields) == 6:
                root, place = (_unescaped(field) for field in fields[3:5])
                # A later one lies over an earlier one.
                self._roots[place] = FileSystemPath(fields[2], root.rstrip("/") + "/")

    @classmethod
    def here(cls) -> MountTable:
        """As it is now."""
        try:
            return cls(MOUNTS.read_text(errors="surrogateescape").splitlines())
        except OSError:
            return cls(())

    def locate(self, path: str) -> FileSystemPath | None:
        """Where a path without links is in its file system."""
        place = path
        while (found := self._roots.get(place or "/")) is None:
            if not place:
                return None
            place = place.rpartition("/")[0]
        below = path[len(place) :].strip("/")
        return FileSystemPath(found.device, f"{found.path}{below}/" if below else found.path)


class AgentPlaces:
    """The folders that agents write, each with what people call it."""

    def __init__(self, places: Mapping[Path, str]) -> None:
        """`places` that are missing, or closed to us, are left out."""
        self._mounts = MountTable.here()
        self._ids: dict[FileId, str] = {}
        self._located: list[tuple[FileSystemPath, str]] = []
        self._known: dict[tuple[Path, FileId], str | None] = {}
        for path, name in places.items():
            with suppress(OSError):
                self._ids.setdefault(FileId.of(path.stat()), name)
                located = self._mounts.locate(os.path.realpath(path))
                if located is not None:
                    self._located.append((located, name))

    def holds(self, walk: Walk) -> Refusal | None:
        """Why the end of the walk lies where an agent writes, if it does; it may be such a place itself."""
        at_end = 0 if walk.name else 1
        passed = [step.folder for step in walk.steps] + list(walk.folders[: len(walk.folders) - at_end])
        place = next(filter(None, map(self._place, passed)), None)
        if place is None:
            return None
        return Refusal(
            f"{walk.real} lies in {place}, where an agent can write",
            "move it to where no agent writes",
        )

    def _place(self, folder: Folder) -> str | None:
        key = folder.path, FileId.of(folder.status)
        if key not in self._known:
            self._known[key] = self._ids.get(key[1]) or self._by_path(folder.path)
        return self._known[key]

    def _by_path(self, path: Path) -> str | None:
        located = self._mounts.locate(str(path))
        if located is None:
            return by_name(path)
        below = (name for place, name in self._located if located.is_below(place))
        return next(below, None) or by_name(path) or by_name(PurePosixPath(located.path))


def by_name(path: Path | PurePosixPath) -> str | None:
    """What an agent's folder on this path is called, if one is: that of some project's agent."""
    parts = path.parts
    for at, part in enumerate(parts):
        if part != ".claude":
            continue
        match parts[at + 1 : at + 4]:
            case ("users", agent, own) if own in _OWN and AGENT_NAME.fullmatch(agent):
                return f"the {own} of {agent} in {PurePosixPath(*parts[:at])}"
            case ("sessions", *_) if at and os.path.isdir(PurePosixPath(*parts[: at + 1], "users")):
                return f"the sessions of agents in {PurePosixPath(*parts[:at])}"
    return None


def agent_places(project: Project, config: Config, others: Sequence[Path] = ()) -> AgentPlaces:
    """Where this project's agents write, and what is known of others': folders that containers can write."""
    return AgentPlaces(
        {
            **{other: f"{other} (which a container can write)" for other in others},
            **{mount.source: f"{mount.source} (of agent.mounts)" for mount in _writable(config)},
            **dict(_of_project(project)),
        }
    )


def _writable(config: Config) -> Iterator[Mount]:
    for agent in (config.every_agent, *config.overrides.values()):
        yield from (mount for mount in agent.mounts if not mount.read_only)


def _of_project(project: Project) -> Iterator[tuple[Path, str]]:
    with suppress(OSError, ProjectError), project.open_folder((".claude", "users")) as users:
        for agent in sorted(os.listdir(users)):
            for own in _OWN:
                place = PurePosixPath(".claude/users", agent, own)
                if project.has_folder(str(place)):
                    yield project.root / place, f"the {own} of {agent}"
    if project.has_folder(SESSIONS):
        yield project.root / SESSIONS, SESSIONS


def _unescaped(field: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), field)
