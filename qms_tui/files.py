"""Files and folders whose names others may exchange at any time: opened, made, replaced and locked.

This holds for every function here:

- A link is not followed where the last name of a path stands. What leads there is followed, but for
  `open_below` and `open_file_below`, which follow nothing below their base.
- Nothing is waited for: neither a pipe's writer nor a terminal.
- What is checked is what is used: the open file, whatever its name stands for by now.
- A descriptor is the caller's to close, and no program that is started inherits it.
- `below` is the descriptor of the folder that a relative path begins in.
- OSError is raised, and nothing else.

Standard library only, and no word about what the files are for.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

_SAFE = os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = _SAFE | os.O_DIRECTORY | os.O_NONBLOCK
_BASES = ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")  # the XDG Base Directory Specification
# Enough to look things up in a folder; macOS has another name for it.
_SEARCH = getattr(os, "O_PATH", getattr(os, "O_SEARCH", os.O_RDONLY))


@contextmanager
def closing(descriptor: int) -> Iterator[int]:
    """Close a descriptor at the end, as `contextlib.closing` does with objects."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


# -- folders -----------------------------------------------------------------------------------------------


def open_folder(path: Path | str, below: int | None = None, *, search: bool = False) -> int:
    """Open a folder.

    `search`: only to look things up in it, which takes no right to read it where the system has O_PATH.
    """
    return os.open(path, (_SEARCH if search else os.O_RDONLY) | _FOLDER, dir_fd=below)


@contextmanager
def open_below(base: Path | str | int, parts: Sequence[str], *, search: bool = False) -> Iterator[int]:
    """Reach a folder below `base` component by component; none of them, nor `base`, may be a link.

    `base` may be a descriptor, which stays the caller's. `search`: as in `open_folder`, for all of them.
    """
    descriptor = os.dup(base) if isinstance(base, int) else open_folder(base, search=search)
    try:
        for part in parts:
            below = open_folder(part, descriptor, search=search)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def open_private(folder: Path) -> int:
    """Open a folder of our own, which is 0700 from now on. EPERM if it is another user's."""
    descriptor = open_folder(folder)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "belongs to another user", str(folder))
        if stat.S_IMODE(status.st_mode) != 0o700:
            os.fchmod(descriptor, 0o700)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def make_own_folder(folder: Path) -> None:
    """Make a folder of our own that only we may enter, and what is missing above it; it may be there.

    EPERM as in `check_own_place`.
    """
    check_own_place(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def check_own_place(folder: Path) -> None:
    """EPERM where root would keep files of its own among another user's, as after `sudo -E`.

    That user could neither read nor replace them, and nothing would work there any more. What a variable of
    root's names and is missing (XDG_STATE_HOME) may lie anywhere: it is root's alone.
    """
    if os.geteuid() != 0:
        return
    named = {value for name, value in os.environ.items() if name in _BASES}
    for place in (folder, *folder.parents):
        if os.path.lexists(place):
            owner = place.stat().st_uid
            if owner != 0:
                raise PermissionError(errno.EPERM, f"belongs to user {owner}", str(place))
            return
        if os.fspath(place) in named:
            return


def make_private(folder: Path) -> None:
    """Make a folder that only we may enter, unless it is there; then as `open_private`."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    os.close(open_private(folder))


# -- files -------------------------------------------------------------------------------------------------


def open_regular_file(path: Path | str, below: int | None = None) -> int:
    """Open a regular file to read it. EINVAL for everything else: a folder, a pipe, a device."""
    return _regular(os.open(path, os.O_RDONLY | os.O_NONBLOCK | _SAFE, dir_fd=below), path)


def open_file_or_pipe(path: Path | str, below: int | None = None) -> int:
    """Open whatever is there to read it; unlike the rest, this waits for a pipe's writer."""
    return os.open(path, os.O_RDONLY | _SAFE, dir_fd=below)


@contextmanager
def open_file_below(base: Path, path: PurePosixPath) -> Iterator[BinaryIO]:
    """Open a regular file below `base` to read it; no component of its path may be a link."""
    with open_below(base, path.parts[:-1]) as folder:
        descriptor = open_regular_file(path.name, folder)
    with open(descriptor, "rb") as stream:
        yield stream


def read_regular_file(path: Path | str, most: int, below: int | None = None) -> bytes:
    """Read a regular file, `most` bytes of it at most. EINVAL for everything else."""
    with open(open_regular_file(path, below), "rb") as stream:
        return stream.read(most)


def make_file(path: Path | str, below: int | None = None, *, mode: int = 0o600) -> int:
    """Make a file that is not there yet, to write at its end. FileExistsError if the name is taken."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | _SAFE, mode, dir_fd=below)


def open_or_make_file(path: Path | str) -> int:
    """Open a regular file to read it and to write at its end; it is made 0600 if it is missing."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | _SAFE
    return _regular(os.open(path, flags, 0o600), path)


def replace_file(path: Path, content: bytes, *, durable: bool = False, uid: int = -1, gid: int = -1) -> None:
    """Write a file whole or not at all, mode 0600, in a folder that is there.

    Whoever has the old one open keeps that; a link in its place is replaced itself.

    Args:
        path: the file.
        content: all of it.
        durable: it also survives that the machine loses its power now, which takes the disk's time.
        uid: whose it becomes if root writes it; -1 leaves it root's.
        gid: the group, likewise.
    """
    beside = path.with_name(f".{path.name}-{os.urandom(8).hex()}")
    descriptor = make_file(beside)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
            if uid != -1 and os.geteuid() == 0:
                os.fchown(descriptor, uid, gid)
            if durable:
                stream.flush()
                os.fsync(descriptor)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _regular(descriptor: int, path: Path | str) -> int:
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def own_umask() -> int:
    """This process's; there is no way to ask for it without setting one for a moment."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


# -- locks -------------------------------------------------------------------------------------------------


@contextmanager
def locked(descriptor: int) -> Iterator[int]:
    """Wait for the lock (flock) of an open file or folder, hold it, and close the descriptor at the end."""
    with closing(descriptor):
        wait_for_lock(descriptor)
        yield descriptor


def wait_for_lock(descriptor: int) -> None:
    """Wait for the lock of an open file, and have it until that is closed."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock of an open file until it is closed; False if somebody has it."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
