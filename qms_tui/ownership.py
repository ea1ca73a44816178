"""Whom agents' files belong to. For agents without an account: root's folders given to them, and what of
root's project they cannot read.

Everything is reached through descriptors and without following a link. What an agent, or whoever packed the
project, may have put there is not given away: links, files with another name elsewhere, other file systems.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from qms_tui.errors import ProjectError
from qms_tui.files import closing, open_below, open_folder, open_regular_file

# Between accounts with 16 bits and where useradd, systemd and newuidmap begin with ranges for containers.
# Above all of those, where a machine has accounts or ranges in the first. And what neither Debian nor systemd
# gives away of 16 bits: a container that qms-tui itself runs in may have no others.
SPANS = (range(66_000, 100_000), range(1_900_000_000, 2_100_000_000), range(60_706, 61_184))
MOST_GIVEN = 200_000  # entries below a folder: a workspace with the packages of several programs
DEEPEST = 64  # folders in one another, each of them an open descriptor
MOST_LOOKED = 2000  # entries of a project that are looked at before its screen opens: some 10 ms


def is_assigned(uid: int) -> bool:
    """Whether it can be such an id: one that nobody has."""
    return any(uid in span for span in SPANS) and not has_account(uid)


def has_account(number: int) -> bool:
    """Also in a directory of accounts elsewhere, as far as this machine asks it."""
    for look in (pwd.getpwuid, grp.getgrgid):
        with suppress(KeyError):
            look(number)
            return True
    return False


@dataclass(frozen=True, slots=True)
class Owner:
    """The user an agent's files belong to."""

    uid: int
    gid: int
    has_account: bool = True
    """Whether it is somebody; else an id for the agents of one project of root's."""

    def takes_from(self, uid: int) -> bool:
        """Whether a folder of root's project becomes its agents': root's, or of an id that was forgotten."""
        return not self.has_account and (uid == 0 or is_assigned(uid))


ROOT = Owner(0, 0)
UNKNOWN = Owner(-1, -1)  # of what is only looked at or ended, while nobody can tell


def check_open(root: Path, claude: int, owner: Owner) -> None:
    """Agents without an account enter a project as everybody does; `claude` is its open `.claude`.

    The engine would say it in other words. Raises ProjectError, OSError.
    """
    if owner.has_account:
        return
    for path, status in ((root, root.stat()), (root / ".claude", os.fstat(claude))):
        if not status.st_mode & stat.S_IXOTH:
            raise ProjectError(
                f"{path} is closed to its agents: they run as user {owner.uid}, which no account has",
                hint=f"chmod o+rx {path}; or give the project to a user of this machine",
            )


def hand_sessions_over(root: Path, claude: int, owner: Owner) -> None:
    """All agents write their notes there, if the project has that folder. Raises ProjectError."""
    try:
        sessions = open_folder("sessions", claude)
    except OSError:  # missing, or nothing that is mounted
        return
    with closing(sessions):
        hand_over(sessions, root / ".claude/sessions", owner)


def hand_over(descriptor: int, folder: Path, owner: Owner) -> None:
    """What was root's becomes an agent's that has no account; `folder` is its path. Raises ProjectError."""
    if owner.has_account:
        return
    try:
        _HandOver(owner).give(descriptor)
    except OSError as error:
        chown = f"-exec chown -h {owner.uid}:{owner.gid} {{}} +"
        raise ProjectError(
            f"{folder} cannot be given to its agent: {error.strerror}: {error.filename}",
            hint=f"look what it holds, then: find {folder} \\( -type d -o -links 1 \\) {chown}",
        ) from error


class _HandOver:
    """Gives folders to their new owner, with what is in them."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._left = MOST_GIVEN

    def give(self, folder: int) -> None:
        """Give an open folder, unless it is somebody's.

        It comes after everything below it: what was broken off is done again. Raises OSError, EFBIG for more
        than `MOST_GIVEN` entries.
        """
        status = os.fstat(folder)
        if status.st_uid != self._owner.uid and self._owner.takes_from(status.st_uid):
            self._give_below(folder, status.st_dev, DEEPEST)
            os.fchown(folder, self._owner.uid, self._owner.gid)

    def _give_below(self, folder: int, device: int, deepest: int) -> None:
        for name in os.listdir(folder):
            self._left -= 1
            if self._left < 0 or not deepest:
                raise OSError(errno.EFBIG, "holds too much to be given to its agent at a start", name)
            with suppress(FileNotFoundError):  # gone meanwhile
                self._give_entry(folder, name, device, deepest)

    def _give_entry(self, folder: int, name: str, device: int, deepest: int) -> None:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            with closing(open_folder(name, folder)) as below:
                if os.fstat(below).st_dev == device:
                    self._give_below(below, device, deepest - 1)
                    self._take(below)
        elif stat.S_ISREG(status.st_mode):
            with closing(open_regular_file(name, folder)) as file:
                self._give_file(file, name, device)

    def _give_file(self, file: int, name: str, device: int) -> None:
        status = os.fstat(file)
        if status.st_nlink > 1:
            from logging import getLogger  # costs every start 5 ms, and is for root's projects only

            said = "%r stays root's: it has another name, perhaps outside of the agent's folder"
            getLogger(__name__).warning(said, name)
        elif status.st_dev == device:
            self._take(file)

    def _take(self, descriptor: int) -> None:
        if self._owner.takes_from(os.fstat(descriptor).st_uid):
            os.fchown(descriptor, self._owner.uid, self._owner.gid)


def unreadable(root: int, uid: int, unseen: Collection[PurePosixPath]) -> Iterator[PurePosixPath]:
    """Files and folders below an open folder that a user cannot read, but for those `unseen`.

    Nearest first; of a folder only itself, and only among `MOST_LOOKED` entries. A lone uid is meant, in no
    group. What cannot be looked at is left out.
    """
    pending, left = deque([PurePosixPath()]), MOST_LOOKED
    while pending and left:
        path = pending.popleft()
        for below, status in _looked(root, path, left):
            left -= 1
            bits = 0o500 if stat.S_ISDIR(status.st_mode) else 0o400
            bits = bits if status.st_uid == uid else bits >> 6
            if below in unseen or not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
                continue
            if status.st_mode & bits != bits:
                yield below
            elif stat.S_ISDIR(status.st_mode):
                pending.append(below)


def _looked(root: int, path: PurePosixPath, most: int) -> list[tuple[PurePosixPath, os.stat_result]]:
    found = []
    with suppress(OSError), open_below(root, path.parts) as folder, os.scandir(folder) as entries:
        for entry in islice(entries, most):
            with suppress(OSError):
                found.append((path / entry.name, entry.stat(follow_symlinks=False)))
    return sorted(found, key=lambda one: one[0])
