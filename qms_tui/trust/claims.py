"""What a project would like to do to whoever opens it. Read once: what was judged is kept, to be used.

Files are covered byte by byte: qms-tui.toml, programs' settings, .mcp.json and the like, and each file of the
project that a command names. What those run in turn is not, and neither are a program's skills, commands,
rules, plugins and subagents: they are named.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import PurePosixPath

from msgspec import Struct

from qms_tui.config import (
    AgentConfig,
    Assignment,
    ConfigFile,
    OnFault,
    refuse,
    settings_needing_trust,
    toml,
)
from qms_tui.config.files import PROJECT_FILE
from qms_tui.config.programs import LARGEST
from qms_tui.programs.config_folder import container_folder
from qms_tui.programs.registry import PROGRAMS
from qms_tui.project import AGENT_NAME, Project
from qms_tui.text.amounts import amount
from qms_tui.trust.effects import effects
from qms_tui.trust.record import FolderIdentity

MOST_FILES = 20  # settings files; the client reads two
MOST_ENTRIES = 1000  # of a folder that are looked at; in one with more, something could hide
MOST_NAMED = 5  # of a kind that is not covered
SUBAGENTS = "subagents with hooks, tools, servers or permissions of their own"
FRONT_MATTER = 16 * 2**10  # bytes of a definition that are looked at
_ABSENT = (errno.ENOENT, errno.ENOTDIR)


class JudgedFile(Struct, frozen=True):
    """A file whose bytes trust covers; `path` is relative to the project.

    `settings` are lines for people about a qms-tui.toml; one without any needs no trust, and can have it.
    """

    path: str
    content: bytes
    settings: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """The settings whose commands name it."""
    words: tuple[str, ...] = ()
    """The words of these commands that do."""

    @property
    def sha256(self) -> str:
        """The content's hash."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def needs_trust(self) -> bool:
        """Whether it would have an effect that nobody has asked for."""
        return self.path != PROJECT_FILE or bool(self.settings)

    @property
    def effects(self) -> tuple[str, ...]:
        """What it would do, in lines for people; of a large one that takes a while."""
        if self.keys:
            return (f"is run by {', '.join(self.keys)}",)
        return self.settings if self.path == PROJECT_FILE else effects(self.content)


class ConfigFolder(Struct, frozen=True):
    """An agent's config folder that is there: which one, how many transcripts, whether settings lie in it."""

    agent: str
    identity: FolderIdentity
    transcripts: int
    settings: bool


@dataclass(frozen=True, slots=True)
class Claims:
    """All of it.

    Attributes:
        names: what is there and not covered, by its kind: `.claude/skills` has `a, b`.
        unjudged: files that should be covered and cannot be, with the reason.
    """

    files: tuple[JudgedFile, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    unjudged: tuple[str, ...] = ()
    folders: tuple[ConfigFolder, ...] = ()


def read_claims(
    project: Project,
    settings: ConfigFile | None,
    assignments: Sequence[Assignment],
    on_fault: OnFault = refuse,
) -> Claims:
    """Look at a project. `settings` is its qms-tui.toml as it will be used, `assignments` all that files and
    options set; `on_fault` is called for what is wrong in the file."""
    reader = _Reader(project)
    files = [
        *_own_settings(settings, on_fault),
        *reader.files(reader.obeyed()),
        *reader.programs(assignments),
    ]
    return Claims(
        tuple({file.path: file for file in reversed(files)}.values())[::-1],
        dict(reader.names()),
        tuple(dict.fromkeys(reader.unjudged)),
        tuple(_folders(project)),
    )


def _own_settings(settings: ConfigFile | None, on_fault: OnFault) -> Iterator[JudgedFile]:
    """The project's own file."""
    if settings:
        wanted = settings_needing_trust(settings, on_fault)
        lines = tuple(f"{each.key} = {toml(each.value)}" for each in wanted)
        yield JudgedFile(PROJECT_FILE, settings.content, lines)


class _Reader:
    """Reads one project, and remembers what it could not."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.unjudged: list[str] = []

    def obeyed(self) -> Iterator[PurePosixPath]:
        """The settings files of programs in the project, and what else they obey."""
        for pattern in _settings():
            names = [name for name in self._list(pattern.parts[:-1]) if fnmatchcase(name, pattern.name)]
            if len(names) > MOST_FILES:
                self.unjudged.append(f"{pattern.parent}: more than {MOST_FILES} files of settings")
            yield from (pattern.with_name(name) for name in names[:MOST_FILES])
        yield from (PurePosixPath(path) for program in PROGRAMS for path in program.project_files.files)

    def files(self, paths: Iterable[PurePosixPath]) -> Iterator[JudgedFile]:
        """Those of the files that are there."""
        for path in paths:
            content = self._read(path)
            if content is not None:
                yield JudgedFile(str(path), content)

    def programs(self, assignments: Sequence[Assignment]) -> Iterator[JudgedFile]:
        """The files of the project that commands name, whoever has written the command."""
        for path, named in self._named(assignments).items():
            content = self._read(path)
            if content is not None:
                keys, words = (tuple(dict.fromkeys(each)) for each in zip(*named, strict=True))
                yield JudgedFile(str(path), content, keys=keys, words=words)

    def _named(self, assignments: Sequence[Assignment]) -> dict[PurePosixPath, list[tuple[str, str]]]:
        """The settings and words that name a file of the project, by its path."""
        named: dict[PurePosixPath, list[tuple[str, str]]] = {}
        roots = [PurePosixPath(self._project.root), *_workdirs(assignments)]
        for each in assignments:
            if each.setting.name not in ("command", "args") or not isinstance(each.value, tuple):
                continue
            for number, word in enumerate(map(str, each.value)):
                is_looked_up = not number and each.setting.name == "command" and "/" not in word
                if not is_looked_up and (path := self._program(word, roots)):
                    named.setdefault(path, []).append((each.key, word))
        return named

    def names(self) -> Iterator[tuple[str, str]]:
        """What the client would obey besides."""
        for folder in dict.fromkeys(each for program in PROGRAMS for each in program.project_files.folders):
            parts = PurePosixPath(folder).parts
            names = [name for name in self._list(parts) if not name.startswith(".")]
            if names:
                yield folder, _listed(names)
        far = [
            name for name in self._list((".claude", "agents")) if name.endswith(".md") and self._reaches(name)
        ]
        if far:
            yield SUBAGENTS, _listed(far)

    def _reaches(self, name: str) -> bool:
        try:
            front = self._project.read(PurePosixPath(".claude/agents", name), FRONT_MATTER)
            return any(program.project_files.reaching(front) for program in PROGRAMS)
        except OSError:
            return False

    def _program(self, word: str, roots: Sequence[PurePosixPath]) -> PurePosixPath | None:
        """Which file of the project a word of a command is, or what stands behind its `=`."""
        for text in (word, word.partition("=")[2]):
            if not text or "\0" in text:
                continue
            path = PurePosixPath(os.path.normpath(text))
            if path.is_absolute():
                path = next((path.relative_to(r) for r in roots if path.is_relative_to(r)), path)
            if path.is_absolute() or ".." in path.parts or not path.name:
                continue
            if os.path.isfile(self._project.root / path):  # pathlib's raises for a word that is too long
                return self._project.inside(str(path)) or path
        return None

    def _read(self, path: PurePosixPath) -> bytes | None:
        """The whole file; None if it is not there, or cannot be judged."""
        try:
            content = self._project.read(path, LARGEST + 1)
        except OSError as error:
            self._note(path, error)
            return None
        if len(content) > LARGEST:
            self.unjudged.append(f"{path}: larger than {amount(LARGEST)}")
            return None
        return content

    def _list(self, folder: Sequence[str]) -> list[str]:
        try:
            with self._project.open_folder(folder) as opened, os.scandir(opened) as entries:
                names = [entry.name for entry in islice(entries, MOST_ENTRIES + 1)]
        except OSError as error:
            self._note(PurePosixPath(*folder), error)
            return []
        if len(names) > MOST_ENTRIES:
            self.unjudged.append(f"{'/'.join(folder)}: more than {MOST_ENTRIES} entries")
        return sorted(names)

    def _note(self, path: PurePosixPath, error: OSError) -> None:
        """What is not there is fine; a link may lead to what the client would find and we do not."""
        above = (self._project.root / each for each in (path, *path.parents))
        if error.errno == errno.ELOOP or any(map(os.path.islink, above)):
            self.unjudged.append(f"{path}: is a link, or lies behind one")
        elif error.errno not in _ABSENT:
            reason = "not a regular file" if error.errno == errno.EINVAL else error.strerror
            self.unjudged.append(f"{path}: {reason}")


def _settings() -> list[PurePosixPath]:
    """The patterns of programs' settings files."""
    said = dict.fromkeys(program.project_files.settings for program in PROGRAMS)
    return [PurePosixPath(pattern) for pattern in said if pattern]


def _workdirs(assignments: Sequence[Assignment]) -> list[PurePosixPath]:
    """Where the project may stand inside a container."""
    said = [str(each.value) for each in assignments if each.setting.name == "workdir"]
    return [PurePosixPath(path) for path in (AgentConfig().workdir, *said)]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")


def _folders(project: Project) -> Iterator[ConfigFolder]:
    """The config folders that are there."""
    try:
        with project.open_folder((".claude", "users")) as users:
            names = sorted(name for name in os.listdir(users)[:MOST_ENTRIES] if AGENT_NAME.fullmatch(name))
    except OSError:
        return
    for name in names:
        try:
            with project.open_folder((".claude", "users", name, "container")) as folder:
                own = container_folder(project, name)
                count = sum(program.conversations(own) for program in PROGRAMS)
                yield ConfigFolder(name, FolderIdentity.of(folder), count, _has_settings(folder))
        except OSError:  # not there, or a link, which nothing follows
            continue


def _has_settings(folder: int) -> bool:
    try:
        return any(fnmatchcase(name, each.name) for name in os.listdir(folder) for each in _settings())
    except OSError:
        return False
