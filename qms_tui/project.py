"""The QMS project on disk: its root, its roster, an agent's folders.

What a project contains may come from a stranger's repository, and an agent writes into some of its
folders. So folders are reached component by component from the root's descriptor, see qms_tui/files.py: a
planted link is an error that names it, never a way out of the project.
"""

from __future__ import annotations

import errno
import os
import pwd
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from msgspec import Struct

from qms_tui.errors import OwnerError, ProjectError, UnknownAgentError, remedy
from qms_tui.files import closing, make_file, open_below, open_file_below, open_folder
from qms_tui.ownership import ROOT, check_open, hand_over, hand_sessions_over, is_assigned, unreadable
from qms_tui.ownership import Owner as Owner

AGENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")  # a hostname ends at 63
ARCHIVE = "inbox-archive"  # beside an inbox: what has left it, by days
INITIATOR = "claude"  # has no definition file: the project's own CLAUDE.md is its context


class AgentFolders(Struct, frozen=True):
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

    def check_path(self) -> None:
        """Raise ProjectError for a root that no engine can be told."""
        try:
            str(self.root).encode()
        except UnicodeEncodeError:
            raise ProjectError(
                f"{self.root}: the path is not UTF-8, and so the engine cannot mount it",
                hint="rename the folder; programs of the local runtime run there: --runtime local",
            ) from None

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

    def inbox_obstacle(self, agent: str) -> str:
        """Why an agent's inbox cannot be looked at, in words; empty if it can be, or is not there yet."""
        folder = self.folders(agent).inbox
        try:
            with self.open_folder(folder.relative_to(self.root).parts):
                return ""
        except OSError as error:
            return obstacle(folder, error)

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
            with self.open_folder(PurePosixPath(relative).parts):
                return True
        except (OSError, ProjectError):
            return False

    def hidden(self, extra: Sequence[str]) -> tuple[tuple[PurePosixPath, bool], ...]:
        """Paths that agents must not see, with whether each is a folder.

        These are `.mcp.json` and `.env*` in the root and the configured ones, as far as they exist. A link
        is hidden by hiding what it leads to, as far as that is in the project: else it leads nowhere inside.
        """
        try:
            entries = os.listdir(self.root)
        except OSError as error:
            hint = remedy(error, "is the project still there?")
            raise ProjectError(f"{self.root}: {error.strerror}", hint=hint) from error
        secret = sorted(e for e in entries if e == ".mcp.json" or e.startswith(".env"))
        real = dict.fromkeys(self.inside(path) for path in (*secret, *extra))
        return tuple((path, (self.root / path).is_dir()) for path in real if path is not None)

    def inside(self, relative: str) -> PurePosixPath | None:
        """Where something of the project really is, links followed; None if missing or not in the project.

        A container's mounts must not go through links: inside, they lead to other places, such as the image's
        programs.
        """
        real = Path(os.path.realpath(self.root / relative))
        if real == self.root or not real.is_relative_to(self.root) or not real.exists():
            return None
        return PurePosixPath(real.relative_to(self.root))

    def prepare(self, agent: str, owner: Owner) -> AgentFolders:
        """Make the agent's missing folders; nothing else in the project is touched.

        The agent's own folder becomes 0700: a program that the agent made set-uid is nobody else's to run.
        So does `container/`, with a `.gitignore` of `*`, so that credentials are never committed.
        An owner without an account gets what is in these folders, too, and the session notes: they were
        root's; the folders around them stay root's. Raises ProjectError for links in the way, folders of root
        in somebody's project, a project that its agents cannot enter, or what the file system refuses, and
        OwnerError for folders of another user.
        """
        folders, around = self.folders(agent), owner if owner.has_account else ROOT
        try:
            with (
                self.open_folder((".claude",)) as claude,
                _made(claude, "users", around) as users,
                _made(users, agent, around, 0o700) as base,
            ):
                check_open(self.root, claude, owner)
                if os.fstat(base).st_uid == around.uid:  # else the folders below are somebody else's, too
                    os.fchmod(base, 0o700)
                hand_sessions_over(self.root, claude, owner)
                with _made(base, "inbox", owner) as inbox:
                    hand_over(inbox, folders.inbox, owner)
                with _made(base, "workspace", owner) as workspace:
                    hand_over(workspace, folders.workspace, owner)
                    self._check_owner(workspace, folders.workspace, owner)
                with _made(base, "container", owner, 0o700) as config:
                    hand_over(config, folders.config, owner)
                    self._check_owner(config, folders.config, owner)
                    os.fchmod(config, 0o700)
                    _write_gitignore(config, owner)
        except OSError as error:
            raise self._refusal(agent, owner, error) from error
        return folders

    def prepare_work(self, agent: str, owner: Owner) -> None:
        """As `prepare`, for a program of this machine that runs as `owner`: its inbox and workspace only."""
        try:
            with (
                self.open_folder((".claude",)) as claude,
                _made(claude, "users", owner) as users,
                _made(users, agent, owner, 0o700) as base,
                _made(base, "inbox", owner),
                _made(base, "workspace", owner) as workspace,
            ):
                if owner != ROOT:  # who may write them, whosever they are
                    self._check_owner(workspace, self.folders(agent).workspace, owner)
        except OSError as error:
            raise self._refusal(agent, owner, error) from error

    def owner_of(self, folder: Path) -> int:
        """The uid of a folder below the root, which we need not be allowed to open.

        Raises OSError, also for links and for what is not a folder.
        """
        parts = folder.relative_to(self.root).parts
        with self.open_folder(parts[:-1]) as above:
            status = os.stat(parts[-1], dir_fd=above, follow_symlinks=False)
        if not stat.S_ISDIR(status.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        return status.st_uid

    @contextmanager
    def open_inbox(self, agent: str, owner: Owner) -> Iterator[int]:
        """A descriptor of an inbox, made with what is missing above it. Raises OSError, also for links."""
        around = owner if owner.has_account else ROOT
        with (
            self.open_folder((".claude",)) as claude,
            _made(claude, "users", around) as users,
            _made(users, agent, around, 0o700) as base,
            _made(base, "inbox", owner) as inbox,
        ):
            yield inbox

    @contextmanager
    def open_archive(self, agent: str, day: str, owner: Owner) -> Iterator[int]:
        """A descriptor of a day's folder in an inbox's archive, made if missing. Raises OSError."""
        with (
            self.open_folder((".claude", "users", agent)) as base,
            _made(base, ARCHIVE, owner, 0o700) as archive,
            _made(archive, day, owner, 0o700) as folder,
        ):
            yield folder

    def owner(self) -> Owner:
        """The user that agents run as: whoever runs qms-tui, or the project's owner if that is root.

        If both are root, an id that no account has; chosen and remembered when it is first asked for. Raises
        ProjectError if that fails, OSError if the project is gone.
        """
        if os.geteuid() != 0:
            return Owner(os.getuid(), os.getgid())
        status = self.root.stat()
        if status.st_uid != 0:
            return Owner(status.st_uid, status.st_gid)
        from qms_tui.account_ids import account_id  # costs every start 5 ms, and is for root only

        number = account_id(self.root)
        return Owner(number, number, has_account=False)

    def unreadable(self, owner: Owner, most: int) -> tuple[PurePosixPath, ...]:
        """What agents without an account cannot read of root's project, the first of it. Blocking, briefly.

        As far as they would see it: `.mcp.json`, `.env*` and everybody's folders are hidden from them.
        """
        if owner.has_account:
            return ()
        try:
            unseen = {path for path, _ in self.hidden((".claude/users",))}
            with self.open_folder(()) as root:
                return tuple(islice(unreadable(root, owner.uid, unseen), most))
        except (OSError, ProjectError):
            return ()

    def open_folder(self, parts: Sequence[str]) -> AbstractContextManager[int]:
        """A descriptor of a folder below the root, reached without following a link. Raises OSError."""
        return open_below(self.root, parts)

    def read(self, path: PurePosixPath, most: int) -> bytes:
        """At most so many bytes of a regular file below the root: no link followed, nothing waited for.

        Raises OSError, also for what is not a regular file.
        """
        with open_file_below(self.root, path) as stream:
            return stream.read(most)

    def wrong_owner(self, folder: Path, uid: int, owner: Owner) -> ProjectError:
        """Why the agent of a folder that belongs to `uid` cannot run as `owner`.

        In somebody's project, root's folders were left by a first attempt that ran as root. Those of another
        user are in use: to take them over would take that user's agents away.
        """
        if uid == 0 and self.root.stat().st_uid != 0:
            return ProjectError(
                f"{folder} belongs to root, but its agent runs as user {owner.uid}",
                hint=f"sudo chown -R {owner.uid}:{owner.gid} {folder}",
            )
        who = _account(uid)
        return OwnerError(
            f"{folder} belongs to {who}: this project's agents are {who}'s",
            hint=f"only {who} starts them; while they run you can look on, as with: qms-tui ps, qms-tui log",
        )

    def _check_owner(self, descriptor: int, folder: Path, owner: Owner) -> None:
        uid = os.fstat(descriptor).st_uid
        if uid != owner.uid:
            raise self.wrong_owner(folder, uid, owner)

    def _refusal(self, agent: str, owner: Owner, error: OSError) -> ProjectError:
        """Why the agent's folders cannot be made."""
        folders = self.folders(agent)
        base = folders.inbox.parent
        if isinstance(error, PermissionError):
            for folder in (folders.workspace, folders.config, base, base.parent):
                with suppress(OSError):
                    uid = self.owner_of(folder)
                    if uid not in (0, owner.uid):  # what is in their folder is theirs, and what one looks for
                        return self.wrong_owner(folders.workspace if folder == base else folder, uid, owner)
                    if uid == 0 != owner.uid and folder == base:
                        return self.wrong_owner(base, uid, owner)
        return ProjectError(
            f"{base}: {error.strerror}: {error.filename or base}",
            hint=remedy(error, "each must be a real folder (no link) that you may write"),
        )

    def _exists(self, relative: PurePosixPath) -> bool:
        return os.path.lexists(self.root / relative)

    def _check_regular(self, relative: PurePosixPath) -> None:
        try:
            with self.open_folder(relative.parts[:-1]) as folder:
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


def obstacle(path: Path, error: OSError) -> str:
    """Why a folder cannot be looked at, in words; empty if it is merely not there.

    Only for people: what is on the way may have changed since the error.
    """
    if error.errno not in (errno.ELOOP, errno.ENOTDIR):
        return "" if error.errno == errno.ENOENT else error.strerror or str(error)
    for each in (*reversed(path.parents), path):
        try:
            mode = os.lstat(each).st_mode
        except OSError:
            break
        if stat.S_ISLNK(mode):
            return f"{each} is a link, which is not followed"
        if not stat.S_ISDIR(mode):
            return f"{each} is not a folder"
    return error.strerror or str(error)


def find_project(explicit: Path | None, start: Path) -> Project:
    """The project at `explicit`, else the nearest parent of `start` that has `.claude/`.

    Raises ProjectError if there is none.
    """
    if explicit is not None:
        return _named_project(explicit)
    try:
        here, home = start.resolve(), _home()
    except OSError as error:
        hint = "go into the project" if error.errno == errno.ENOENT else remedy(error, "go into the project")
        raise ProjectError(f"the current folder: {error.strerror}", hint=hint) from error
    for folder in (here, *here.parents):
        # ~/.claude is Claude Code's own configuration on this host, not a project
        if _has_claude(folder) and folder != home:
            return Project(folder)
    raise ProjectError(
        f"no QMS project here: neither {here} nor a folder above it has .claude",
        hint="go into the project, name it with --project, or try: qms-tui demo",
    )


def _named_project(path: Path) -> Project:
    hint = "name the project's root with --project, or try: qms-tui demo"
    try:
        root = path.expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, ~nobody, a NUL
        raise ProjectError(f"no QMS project at {str(path)!r}: {error}", hint=hint) from None
    if not _has_claude(root):
        raise ProjectError(f"no QMS project at {root}: it has no .claude folder", hint=hint)
    return Project(root)


def _has_claude(folder: Path) -> bool:
    try:
        return (folder / ".claude").is_dir()
    except OSError:  # not ours to look into
        return False


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except (OSError, RuntimeError):  # a user without an account
        return None


@contextmanager
def _made(parent: int, name: str, owner: Owner, mode: int = 0o755) -> Iterator[int]:
    """Open a folder below a descriptor, made for the owner if it is missing."""
    try:
        os.mkdir(name, mode, dir_fd=parent)
        made = True
    except FileExistsError:
        made = False
    with closing(open_folder(name, parent)) as descriptor:
        if os.geteuid() == 0 and (made or _just_made(descriptor)):
            os.fchown(descriptor, owner.uid, owner.gid)
        yield descriptor


def _just_made(descriptor: int) -> bool:
    """Another qms-tui of root's may have made the folder a moment ago and not given it to its owner yet."""
    return os.fstat(descriptor).st_uid == 0 and not os.listdir(descriptor)


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "root" if is_assigned(uid) else f"user {uid}"  # root's agents have no account


def _write_gitignore(folder: int, owner: Owner) -> None:
    """The only file ever written into a folder that an agent can write: once, never over anything."""
    try:
        descriptor = make_file(".gitignore", folder, mode=0o644)
    except FileExistsError:
        return
    with closing(descriptor):
        os.write(descriptor, b"*\n")
        if os.geteuid() == 0:
            os.fchown(descriptor, owner.uid, owner.gid)
