"""An agent's definition, read once: the bytes that are judged are those that are hashed and mounted."""

from __future__ import annotations

import errno
import hashlib
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from msgspec import Struct

from qms_tui.config import AgentConfig, Config
from qms_tui.errors import ProjectError
from qms_tui.programs.definition_wishes import NO_WISHES, Wishes
from qms_tui.programs.registry import program_of
from qms_tui.project import Project
from qms_tui.runtime.agent_places import AgentPlaces
from qms_tui.runtime.host_path import FileId, Walk, walk
from qms_tui.text.amounts import amount

LARGEST = 4 * 2**20  # bytes; inside/instructions_loaded.py reads as many, and no client's context holds more


class Definition(Struct, frozen=True):
    """Instructions as they were read; `path` is their file, relative to the project's root.

    `own`: they are the agent's; else they are the project's CLAUDE.md, which agents find in the project.
    """

    path: PurePosixPath
    content: bytes
    own: bool

    @property
    def sha256(self) -> str:
        """The hash of the content, by which a copy of it is named; see also `label`."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def label(self) -> str:
        """The hash that the client must say it has loaded; empty if there is nothing to load."""
        return self.sha256 if self.content.strip() else ""


def read_definition(
    project: Project, agent: str, config: AgentConfig, places: AgentPlaces
) -> Definition | None:
    """The agent's own definition, else the project's CLAUDE.md; None if there is neither.

    Raises ProjectError if it is missing though it is configured, cannot be read, is larger than `LARGEST`, or
    lies where one of the agents' `places` lets an agent write it. A link counts as missing for a definition;
    for CLAUDE.md it is followed inside the project.
    """
    own = project.definition(agent, config.definition)
    context = project.inside(program_of(config.command).instructions.project)
    if context is not None:
        _check_place(project.root / context, places)  # an own one is mounted over it
    if own is not None:
        return Definition(own, _content(project, own, places), own=True)
    if context is None or (project.root / context).is_dir():
        return None
    return Definition(context, _content(project, context, places), own=False)


def wishes(definition: Definition | None, config: AgentConfig, *, trusted: bool) -> Wishes:
    """What an agent's own definition asks for. Of a project that is not trusted none has an effect."""
    if definition is None or not definition.own:
        return NO_WISHES
    return program_of(config.command).wishes(definition.content, trusted=trusted)


def agent_wishes(project: Project, config: Config, agent: str, places: AgentPlaces) -> Wishes:
    """The same as it lies there now; nothing where it cannot be read."""
    mine = config.agent(agent)
    try:
        definition = read_definition(project, agent, mine, places)
    except ProjectError:  # which the agent's start tells
        return NO_WISHES
    return wishes(definition, mine, trusted=config.trusted)


def _check_place(file: Path, places: AgentPlaces) -> None:
    with _way(file, places):
        pass


@contextmanager
def _way(file: Path, places: AgentPlaces) -> Iterator[Walk]:
    """The way to a file that is not where an agent writes."""
    try:
        with walk(file, links=False) as way:
            refusal = places.holds(way)
            if refusal is not None:
                raise ProjectError(refusal.why, hint=refusal.remedy)
            yield way
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, _READABLE)
        raise ProjectError(f"{file}: {error.strerror}", hint=hint) from error


def _content(project: Project, path: PurePosixPath, places: AgentPlaces) -> bytes:
    file = project.root / path
    with _way(file, places) as way, open(way.open_file(), "rb") as stream:
        _check_names(project, file, os.fstat(stream.fileno()))
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ProjectError(
            f"{file}: larger than {amount(LARGEST)}",
            hint="a definition is a few pages; is it the right file?",
        )
    return content


_READABLE = "the user that agents run as must be able to read it"
_HINTS = {
    errno.ELOOP: "put the file itself there; links are not followed",
    errno.EINVAL: "put a text file there, or remove it",
    errno.EISDIR: "put a text file there, or remove it",
}


def _check_names(project: Project, file: Path, status: os.stat_result) -> None:
    """A file has each of its names equally: one of them may be in a folder that an agent writes.

    The others are looked for in folders that have been judged with this one: `ln CLAUDE.md AGENTS.md` is
    fine.
    """
    if status.st_nlink < 2:
        return
    folders = {file.parent, project.root}
    known = sum(_count(folder, FileId.of(status)) for folder in folders)
    if known < status.st_nlink:
        name, new = shlex.quote(str(file)), shlex.quote(f"{file}.new")
        raise ProjectError(
            f"{file} has other names (hard links), perhaps where an agent can write",
            hint=f"give it a file of its own: cp {name} {new} && mv {new} {name}",
        )


def _count(folder: Path, wanted: FileId) -> int:
    """How many names in the folder stand for that file."""
    found = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.inode() == wanted.inode and FileId.of(entry.stat(follow_symlinks=False)) == wanted:
                found += 1
    return found
