"""What agents have laid where a human goes: programs with a user's rights, and files that tools obey.

An agent made these folders, and may change them meanwhile. They are entered through descriptors, no link is
followed, nothing in them is opened but folders, and what is looked at is bounded.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qms_tui.config import Config
from qms_tui.doctor.finding import Finding, warning
from qms_tui.project import Project

MOST_ENTRIES = 50_000  # of one tree; a checkout with its packages has fewer
DEEPEST = 24  # folders below each other
SECONDS = 3.0  # for one tree, on a file system that is far away
MOST_NAMED = 3
# What runs when a shell, its prompt or an editor comes into a folder, without anybody starting it.
PLANTED = frozenset(
    (
        *(".git", ".hg", ".jj"),  # hooks, fsmonitor, pagers
        *(".envrc", ".env", ".autoenv", ".autoenv.zsh"),
        *(".mise.toml", "mise.toml", ".mise", ".tool-versions", ".sdkmanrc", ".rvmrc"),
        *(".nvmrc", ".node-version", ".ruby-version", ".python-version"),
        *(".vscode", ".idea", ".devcontainer", ".devcontainer.json", ".zed", ".fleet", ".cursor"),
        *(".vimrc", ".exrc", ".nvimrc", ".nvim.lua", ".dir-locals.el", ".gdbinit", ".lldbinit", ".pdbrc"),
        *(".claude", ".mcp.json"),  # hooks and servers of Claude Code, where it is started there
    )
)
_BARE = frozenset(("HEAD", "objects", "refs"))  # a repository without a .git of its own
_INSPECT = "look from outside, with: git -c core.fsmonitor=false -c core.hooksPath=/dev/null, or less"


@dataclass
class Names:
    """The first of some, and how many there are."""

    first: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, name: str) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < MOST_NAMED:
            self.first.append(name)

    def __str__(self) -> str:
        more = f" and {self.count - len(self.first)} more" if self.count > len(self.first) else ""
        return ", ".join(self.first) + more


@dataclass
class Tree:
    """What a look through one of an agent's folders has found, by path from there."""

    set_ids: Names = field(default_factory=Names)
    planted: Names = field(default_factory=Names)
    roots: Names = field(default_factory=Names)
    closed: Names = field(default_factory=Names)
    whole: bool = True


def workspaces(
    project: Project, config: Config, agents: Sequence[str], clock: Callable[[], float] = time.monotonic
) -> Iterator[Finding]:
    """What is in the folders that agents can write, and who else may look into an agent's own."""
    owner = project.owner().uid
    for agent in agents:
        yield from _open_to_others(project, agent)
        folders = project.folders(agent)
        for folder, planted in ((folders.workspace, PLANTED), (folders.config, frozenset[str]())):
            yield from _findings(agent, folder, Walk(project, folder, owner, clock, planted).tree)
        for source in (mount.source for mount in config.agent(agent).mounts if not mount.read_only):
            real = Path(os.path.realpath(source))
            yield from _findings(agent, source, Walk(Project(real), real, owner, clock).tree)
    sessions = project.root / ".claude/sessions"
    yield from _findings("project", sessions, Walk(project, sessions, owner, clock).tree)


def _open_to_others(project: Project, agent: str) -> Iterator[Finding]:
    """The folders of an agent that has run, if other users of the machine may enter them."""
    config = project.folders(agent).config
    if not project.has_folder(str(config.relative_to(project.root))):
        return
    for folder in (config.parent, config):
        with contextlib.suppress(OSError):  # told with the project
            with project.open_folder(folder.relative_to(project.root).parts) as descriptor:
                mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            if mode & 0o077:
                said = f"other users may look into {folder} (mode {mode:o})"
                yield warning(agent, said, f"chmod 700 {shlex.quote(str(folder))}")


def own_folders(folders: Sequence[Path]) -> Iterator[Finding]:
    """Those of qms-tui's own folders that have something in them which other users may look at."""
    for folder in folders:
        names = Names()
        for path in _readable(folder):
            names.add(str(path))
        if names.count:
            remedy = f"chmod -R go= {shlex.quote(str(folder))}"
            yield warning("qms-tui", f"other users may look at your own files: {names}", remedy)


def _readable(folder: Path) -> Iterator[Path]:
    """What is directly in the folder and others may read, if they may come there."""
    with contextlib.suppress(OSError):
        if not os.stat(folder).st_mode & 0o011:
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                mode = entry.stat(follow_symlinks=False).st_mode
                if not stat.S_ISLNK(mode) and mode & 0o044:
                    yield folder / entry.name


# -- looking through a tree ----------------------------------------------------------------------------------


class Walk:
    """Near things first, so that what a human comes across is seen before any bound is met."""

    def __init__(
        self,
        project: Project,
        folder: Path,
        owner: int,
        clock: Callable[[], float],
        planted: frozenset[str] = PLANTED,
    ) -> None:
        """Look through a folder of the project; `owner` is whose files are expected there."""
        self.tree = Tree()
        self._project, self._top = project, folder.relative_to(project.root).parts
        self._owner, self._clock, self._planted = owner, clock, planted
        self._until, self._left = clock() + SECONDS, MOST_ENTRIES
        self._waiting: deque[tuple[str, ...]] = deque([()])
        self._last: deque[tuple[str, ...]] = deque()  # what tools keep for themselves: large, and inner
        while self._waiting or self._last:
            parts = (self._waiting or self._last).popleft()
            self._enter(parts, is_inner=not self._planted.isdisjoint(parts))
            if not self.tree.whole:
                break

    def _enter(self, parts: tuple[str, ...], *, is_inner: bool) -> None:
        try:
            with self._project.open_folder((*self._top, *parts)) as descriptor:
                if self._planted and not is_inner:
                    self._find_planted(descriptor, parts)
                self._look(descriptor, parts)
        except FileNotFoundError:
            pass  # gone meanwhile, or not made yet
        except PermissionError:
            if parts or os.geteuid() == self._owner:  # else it is told with the project
                self.tree.closed.add("/".join(parts) or ".")
        except OSError:
            if parts:
                self.tree.closed.add("/".join(parts))

    def _find_planted(self, folder: int, parts: tuple[str, ...]) -> None:
        """Asked for by name: a million others cannot hide them."""
        for name in sorted(self._planted):
            if _stands(name, folder):
                self.tree.planted.add("/".join((*parts, name)))
        if all(_stands(name, folder) for name in _BARE):
            self.tree.planted.add("/".join((*parts, "HEAD")))

    def _look(self, folder: int, parts: tuple[str, ...]) -> None:
        """Look at what is in one folder, and keep its folders for later."""
        with os.scandir(folder) as entries:
            for entry in entries:
                self._left -= 1
                if self._left < 0 or self._clock() > self._until:
                    self.tree.whole = False
                    return
                with contextlib.suppress(OSError):  # gone meanwhile
                    self._judge(entry.stat(follow_symlinks=False), (*parts, entry.name))

    def _judge(self, status: os.stat_result, path: tuple[str, ...]) -> None:
        if stat.S_ISREG(status.st_mode) and status.st_mode & (stat.S_ISUID | stat.S_ISGID):
            self.tree.set_ids.add("/".join(path))
        if status.st_uid == 0 != self._owner:
            self.tree.roots.add("/".join(path))
        if not stat.S_ISDIR(status.st_mode):
            return
        if len(path) > DEEPEST:
            self.tree.closed.add("/".join(path[:MOST_NAMED]) + "/...")
        else:
            (self._waiting if self._planted.isdisjoint(path) else self._last).append(path)


def _stands(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


# -- saying it -----------------------------------------------------------------------------------------------


def _findings(agent: str, folder: Path, tree: Tree) -> Iterator[Finding]:
    place = shlex.quote(str(folder))
    if tree.set_ids.count:
        remedy = f"find {place} -type f -perm /6000 -exec chmod ug-s {{}} +"
        yield warning(agent, f"set-uid or set-gid files in {folder}: {tree.set_ids}", remedy)
    if tree.roots.count:
        yield warning(agent, f"root's files in {folder}: {tree.roots}", "find out how, then chown them")
    if tree.planted.count:
        said = f"in {folder} are files that your shell or editor may obey: {tree.planted}"
        yield warning(agent, said, _INSPECT)
    if tree.closed.count:
        said = f"not looked into in {folder}, closed or nested too deep: {tree.closed}"
        yield warning(agent, said, "let the agent tidy up there")
    if not tree.whole:
        said = f"{folder} has more in it than is looked at ({MOST_ENTRIES} things, {SECONDS:g} s)"
        yield warning(agent, said, f"find {place} -perm /6000 -o -name .git -o -name .envrc")
