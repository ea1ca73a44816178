"""A path of this machine, walked component by component: what was passed on the way, and by whose leave.

The walk goes by descriptors from `/`, so what is judged is what was walked. Links are followed one at a time,
as the kernel does it; a link is a step of its own: whoever can replace it decides where the rest leads.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from msgspec import Struct

from qms_tui.files import open_file_or_pipe, open_folder, open_regular_file

MOST_LINKS = 40  # as the kernel follows
ACL = "system.posix_acl_access"


class FileId(NamedTuple):
    """What a file or folder is known by, under whatever name."""

    device: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileId:
        """That of what has this status."""
        return cls(status.st_dev, status.st_ino)


class Folder(Struct, frozen=True):
    """A folder that was passed; `acl` is its access control list, where it has one that lets others write."""

    path: Path
    status: os.stat_result
    acl: bytes = b""


class Step(Struct, frozen=True):
    """A name that was looked up in a folder, and what it stood for: a link, a folder, at the end anything."""

    folder: Folder
    path: Path
    status: os.stat_result


class Walk(Struct, frozen=True):
    """A walk that has arrived.

    `real` is the path without links. `descriptor` is of the last folder; it is the end itself, or has the end
    under `name`.
    """

    real: Path
    steps: tuple[Step, ...]
    folders: tuple[Folder, ...]
    status: os.stat_result
    descriptor: int
    name: str

    @property
    def id(self) -> FileId:
        """What stands at the end."""
        return FileId.of(self.status)

    def open_file(self, *, pipes: bool = False) -> int:
        """A descriptor of the file at the end, for reading. Raises OSError for anything but a regular file.

        `pipes`: what waits for its writer is read, too.
        """
        if not self.name:
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.real))
        return (open_file_or_pipe if pipes else open_regular_file)(self.name, self.descriptor)


class _Open(NamedTuple):
    folder: Folder
    descriptor: int


@contextmanager
def walk(path: Path | PurePosixPath, *, top: int | None = None, links: bool = True) -> Iterator[Walk]:
    """Walk to an absolute path; the descriptors of the walk last as long as the context.

    Args:
        path: where to.
        top: a descriptor of the folder that counts as `/`; nothing leads above it. It stays the caller's.
        links: whether links are followed; else they raise OSError.

    Raises OSError for what is missing, closed to us, or a circle of links.
    """
    opened = [_top(top)]
    try:
        yield _arrive(path, opened, links)
    finally:
        for each in opened:
            os.close(each.descriptor)


def _top(top: int | None) -> _Open:
    descriptor = open_folder("/", search=True) if top is None else os.dup(top)
    return _Open(_folder(Path("/"), descriptor), descriptor)


def _arrive(path: Path | PurePosixPath, opened: list[_Open], links: bool) -> Walk:
    """Walk there from the only folder that is open; the open ones are then those on the way."""
    steps: list[Step] = []
    pending = _names(path)
    followed = 0
    while pending:
        name = pending.pop()
        here, descriptor = opened[-1]
        if name == "..":
            _close_down_to(opened, max(len(opened) - 1, 1))
            continue
        status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            opened.append(_enter(opened[-1], name))
            steps.append(Step(here, here.path / name, opened[-1].folder.status))
            continue
        steps.append(Step(here, here.path / name, status))
        if stat.S_ISLNK(status.st_mode):
            followed += 1
            if not links or followed > MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(here.path / name))
            target = PurePosixPath(os.readlink(name, dir_fd=descriptor))
            if target.is_absolute():
                _close_down_to(opened, 1)
            pending += _names(target)
        elif pending:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(here.path / name))
        else:
            return _walk(here.path / name, steps, opened, status, name)
    return _walk(opened[-1].folder.path, steps, opened, opened[-1].folder.status, "")


def _walk(real: Path, steps: list[Step], opened: list[_Open], status: os.stat_result, name: str) -> Walk:
    folders = tuple(each.folder for each in opened)
    return Walk(real, tuple(steps), folders, status, opened[-1].descriptor, name)


def _names(path: Path | PurePosixPath) -> list[str]:
    """Its components, the first one last."""
    return [part for part in reversed(path.parts) if part != path.anchor]


def _enter(above: _Open, name: str) -> _Open:
    descriptor = open_folder(name, above.descriptor, search=True)
    try:
        return _Open(_folder(above.folder.path / name, descriptor), descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def _folder(path: Path, descriptor: int) -> Folder:
    status = os.fstat(descriptor)
    return Folder(path, status, _acl(descriptor) if status.st_mode & stat.S_IWGRP else b"")


def _acl(descriptor: int) -> bytes:
    """The access control list of a folder; without one it is as its mode says.

    By the descriptor's name, because a descriptor that may only search cannot be asked itself.
    """
    if hasattr(os, "getxattr"):
        with suppress(OSError):
            found: bytes = os.getxattr(f"/proc/self/fd/{descriptor}", ACL)
            return found
    return b""


def _close_down_to(opened: list[_Open], number: int) -> None:
    while len(opened) > number:
        os.close(opened.pop().descriptor)
