"""The QMS project on disk: its root, its roster, an agent's folders.

What a project contains may come from a stranger's repository, and an agent writes into some of its
folders. So folders are reached component by component from the root's descriptor with O_NOFOLLOW: a
planted link is an error that names it, never a way out of the project.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qms_tui.errors import ProjectError, UnknownAgentError

AGENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")  # a hostname ends at 63
INITIATOR = "claude"  # has no definition file: the project's own CLAUDE.md is its context
_NOFOLLOW_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Owner:
    """The user an agent's files belong to."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class AgentFolders:
    """The project's folders of one agent, absolute on this host."""

    inbox: Path
    workspace: Path
    config: Path


@dataclass(frozen=True, slots=True)
class Project:
    """A QMS project; `root` is absolute and free of links."""

    root: Path

    @property
    def name(self) -> str:
        """The root folder's name."""
        return self.root.name or "root"

    def roster(self, added: Sequence[str] = ()) -> tuple[str, ...]:
        """`claude`, every agent with a definition file, and what the configuration adds; each once."""
        folder = self.root / ".claude" / "agents"
        try:
            found = sorted(p.stem for p in folder.iterdir() if p.suffix == ".md" and not p.is_symlink())
        except OSError:
            found = []
        names = (INITIATOR, *found, *added)
        return tuple(dict.fromkeys(name for name in names if AGENT_NAME.fullmatch(name)))

    def check_agents(self, names: Sequence[str], roster: Sequence[str]) -> None:
        """Raise UnknownAgentError for the first name that is not in the roster."""
        from difflib import get_close_matches  # costs every start 5 ms, and is for mistakes only

        for name in names:
            if name not in roster:
                close = get_close_matches(name, roster, 1)
                guess = f"did you mean {close[0]}? " if close else ""
                raise UnknownAgentError(
                    f"no agent {name!r} in {self.name}", hint=f"{guess}The roster: {', '.join(roster)}"
                )

    def folders(self, agent: str) -> AgentFolders:
        """Where the agent's inbox, workspace and configuration are, or will be."""
        base = self.root / ".claude" / "users" / agent
        return AgentFolders(base / "inbox", base / "workspace", base / "container")

    def definition(self, agent: str, configured: str | None = None) -> PurePosixPath | None:
        """The agent's definition file relative to the root; None if it uses the project's CLAUDE.md.

        Raises ProjectError if the configured file is missing or a component of its path is a link.
        """
        if configured is None:
            relative = PurePosixPath(".claude/agents") / f"{agent}.md"
            if agent == INITIATOR or not self._exists(relative):
                return None
        else:
            relative = PurePosixPath(configured)
        self._check_regular(relative)
        return relative

    def has_folder(self, relative: str) -> bool:
        """Whether a real folder stands there, no component of its path being a link."""
        try:
            with self._folder(PurePosixPath(relative).parts):
                return True
        except (OSError, ProjectError):
            return False

    def hidden(self, extra: Sequence[str]) -> tuple[tuple[PurePosixPath, bool], ...]:
        """Paths that agents must not see, with whether each is a folder.

        These are `.mcp.json` and `.env*` in the root and the configured ones, as far as they exist.
        """
        secret = sorted(e for e in os.listdir(self.root) if e == ".mcp.json" or e.startswith(".env"))
        paths = dict.fromkeys(PurePosixPath(p) for p in (*secret, *extra))
        return tuple((path, (self.root / path).is_dir()) for path in paths if self._exists(path))

    def prepare(self, agent: str, owner: Owner) -> AgentFolders:
        """Make the agent's missing folders; nothing else in the project is touched.

        `container/` becomes 0700 and gets a `.gitignore` of `*`, so that credentials are never committed.
        Raises ProjectError for links in the way, wrong owners, or what the file system refuses.
        """
        folders = self.folders(agent)
        try:
            with (
                self._folder((".claude",)) as claude,
                _made(claude, "users", owner) as users,
                _made(users, agent, owner) as base,
            ):
                with _made(base, "inbox", owner):
                    pass
                with _made(base, "workspace", owner) as workspace:
                    _check_owner(workspace, folders.workspace, owner)
                with _made(base, "container", owner, 0o700) as config:
                    _check_owner(config, folders.config, owner)
                    os.fchmod(config, 0o700)
                    _write_gitignore(config, owner)
        except OSError as error:
            raise ProjectError(
                f"{folders.inbox.parent}: {error.strerror}: {error.filename}",
                hint="each of an agent's folders must be a real folder (no link) that you may write",
            ) from error
        return folders

    def owner(self) -> Owner:
        """The user that agents run as: whoever runs qms-tui, or the project's owner if that is root."""
        if os.geteuid() != 0:
            return Owner(os.getuid(), os.getgid())
        status = self.root.stat()
        return Owner(status.st_uid, status.st_gid)

    @contextmanager
    def _folder(self, parts: Sequence[str]) -> Iterator[int]:
        descriptor = os.open(self.root, _NOFOLLOW_DIRECTORY)
        try:
            for part in parts:
                below = os.open(part, _NOFOLLOW_DIRECTORY, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)

    def _exists(self, relative: PurePosixPath) -> bool:
        return os.path.lexists(self.root / relative)

    def _check_regular(self, relative: PurePosixPath) -> None:
        try:
            with self._folder(relative.parts[:-1]) as folder:
                status = os.stat(relative.name, dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            raise ProjectError(
                f"{self.root / relative}: {error.strerror}", hint="links are not followed there"
            ) from error
        if not stat.S_ISREG(status.st_mode):
            raise ProjectError(
                f"{self.root / relative} is not a regular file",
                hint="put the definition itself there; links are not followed",
            )


def find_project(explicit: Path | None, start: Path) -> Project:
    """The project at `explicit`, else the nearest parent of `start` that has `.claude/`.

    Raises ProjectError if there is none.
    """
    if explicit is not None:
        root = explicit.expanduser().resolve()
        if not (root / ".claude").is_dir():
            raise ProjectError(
                f"no QMS project at {root}: it has no .claude folder",
                hint="name the project's root with --project, or try: qms-tui demo",
            )
        return Project(root)
    here = start.resolve()
    for folder in (here, *here.parents):
        # ~/.claude is Claude Code's own configuration on this host, not a project
        if (folder / ".claude").is_dir() and folder != Path.home().resolve():
            return Project(folder)
    raise ProjectError(
        f"no QMS project here: neither {here} nor a folder above it has .claude",
        hint="go into the project, name it with --project, or try: qms-tui demo",
    )


@contextmanager
def _made(parent: int, name: str, owner: Owner, mode: int = 0o755) -> Iterator[int]:
    """Open a folder below a descriptor, made for the owner if it is missing."""
    try:
        os.mkdir(name, mode, dir_fd=parent)
        made = True
    except FileExistsError:
        made = False
    descriptor = os.open(name, _NOFOLLOW_DIRECTORY, dir_fd=parent)
    try:
        if made and os.geteuid() == 0:
            os.fchown(descriptor, owner.uid, owner.gid)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_owner(descriptor: int, path: Path, owner: Owner) -> None:
    found = os.fstat(descriptor).st_uid
    if found != owner.uid:
        raise ProjectError(
            f"{path} belongs to user {found}, but its agent runs as user {owner.uid}",
            hint=f"sudo chown -R {owner.uid}:{owner.gid} {path}",
        )


def _write_gitignore(folder: int, owner: Owner) -> None:
    """The only file ever written into a folder that an agent can write: once, never over anything."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(".gitignore", flags, 0o644, dir_fd=folder)
    except FileExistsError:
        return
    try:
        os.write(descriptor, b"*\n")
        if os.geteuid() == 0:
            os.fchown(descriptor, owner.uid, owner.gid)
    finally:
        os.close(descriptor)
