"""Who is at the other end of a Unix socket: a process of ours, an agent that may come, or a stranger.

The mode of a folder keeps other users out. It does not keep out an agent, which runs as its user: whoever
sees a socket through a mount may connect to it, through a read-only one too. So the kernel is asked for the
process (SO_PEERCRED, unix(7)), and where that process lives.

A number of a process may be another's by the time it is looked at. SO_PEERPIDFD (Linux 6.5) holds on to the
process that connected. An older kernel has no such thing: there a process that takes the number of one that
connected, before the connection is accepted, is taken for it; after that its folder in /proc is held.

macOS tells only the user (LOCAL_PEERCRED), and has no namespaces. A system that tells nothing has but the
mode of the folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from qms_tui.files import closing, open_below, open_folder

_UCRED = struct.Struct("=iII")  # pid, uid, gid: struct ucred of Linux's <sys/socket.h>
_SO_PEERPIDFD = 77  # Linux's asm-generic/socket.h; Python has no name for it
if sys.platform == "linux":
    _SO_PEERCRED = socket.SO_PEERCRED
else:
    _SO_PEERCRED = 0
_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1  # macOS's <sys/un.h>
_XUCRED_BYTES = 76  # struct xucred of macOS's <sys/ucred.h>: version, uid, number of groups, 16 groups
_XUCRED = struct.Struct("=II")  # its beginning
_NAMESPACES = ("pid", "mnt")
_WORDS = {"pid": "runs in another PID namespace", "mnt": "runs in another mount namespace"}


class Stranger(Exception):
    """Whoever is at the other end must not be; the text goes on from "it"."""


class Gone(Stranger):
    """Whoever was at the other end has ended; who connects to such a one has found nobody."""


class Connected(Protocol):
    """A socket, or asyncio's view of one."""

    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes:
        """As of a socket."""


def check_own(connection: Connected) -> None:
    """See to it that the other end is our user's and sees the files and processes that we see.

    Raises Stranger.
    """
    if sys.platform != "linux":
        _check_user(_uid(connection), (os.geteuid(),))
        return
    pid, uid = _credentials(connection)
    _check_user(uid, (os.geteuid(),))
    with _process(connection, pid) as process:
        for name in _NAMESPACES:
            if not _is_shared(name, process):
                raise Stranger(_WORDS[name])


def check_agent(connection: Connected, uids: Collection[int], folder: Path, inside: PurePosixPath) -> None:
    """See to it that the other end is in the container that has `folder` at `inside`, or in none.

    Whoever of these users runs outside of containers may do what an agent may. Raises Stranger.
    """
    if sys.platform != "linux":
        _check_user(_uid(connection), uids)
        return
    pid, uid = _credentials(connection)
    _check_user(uid, uids)
    with _process(connection, pid) as process:
        if _is_shared("mnt", process):
            return
        # What stands there is a link: the kernel's own, to the root that the process has.
        with closing(os.open("root", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=process)) as root:
            if not _is_at(folder, root, inside):
                raise Stranger("runs in a container that is not this agent's")


def _check_user(uid: int | None, uids: Collection[int]) -> None:
    if uid is not None and uid not in uids:
        raise Stranger(f"runs as user {uid}")


# -- Linux ---------------------------------------------------------------------------------------------------


def _credentials(connection: Connected) -> tuple[int, int]:
    """PID and uid; 0 is the PID of a process that this PID namespace does not show."""
    try:
        found = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERCRED, _UCRED.size)
        pid, uid, _ = _UCRED.unpack(found)
    except (OSError, struct.error) as error:
        raise Stranger(f"cannot be told: {error}") from None
    return int(pid), int(uid)


@contextmanager
def _process(connection: Connected, pid: int) -> Iterator[int]:
    """A descriptor of its folder in /proc, which is that of the process that connected. Raises Stranger."""
    if pid <= 0:
        raise Stranger("runs outside of this PID namespace")
    with contextlib.ExitStack() as held:
        try:
            if os.readlink("/proc/self") != str(os.getpid()):
                raise Stranger("cannot be told: /proc here is of another PID namespace")
            handle = _handle(connection)
            if handle is not None:
                held.callback(os.close, handle)
            folder = open_folder(f"/proc/{pid}")
            held.callback(os.close, folder)
            yield folder
            if handle is not None and _has_ended(handle):  # so the folder may have been another's
                raise Gone("has ended")
        except (FileNotFoundError, ProcessLookupError):
            raise Gone("has ended") from None
        except OSError as error:
            raise Stranger(f"cannot be looked at: {error.strerror}") from None


def _handle(connection: Connected) -> int | None:
    """A descriptor of the process that connected; None if this kernel gives none."""
    try:
        found = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD, 4)
    except OSError as error:
        if error.errno in (errno.ENOPROTOOPT, errno.EOPNOTSUPP):
            return None
        raise Gone("has ended") from None
    return int.from_bytes(found, sys.byteorder, signed=True)


def _has_ended(handle: int) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(0))


def _is_shared(name: str, process: int) -> bool:
    """Whether the process is in our namespace of that kind. Raises OSError."""
    ours = os.stat(f"/proc/self/ns/{name}")
    return os.path.samestat(ours, os.stat(f"ns/{name}", dir_fd=process))


def _is_at(folder: Path, root: int, path: PurePosixPath) -> bool:
    """Whether our folder is at a path below another root.

    A link there would lead through our own root, so none is followed. Raises OSError.
    """
    ours = folder.lstat()
    try:
        with open_below(root, path.relative_to("/").parts) as there:
            return os.path.samestat(os.fstat(there), ours)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return False
        raise


# -- elsewhere -----------------------------------------------------------------------------------------------


def _uid(connection: Connected) -> int | None:
    """The user, as macOS tells; None where nothing is told."""
    try:
        found = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
        version, uid = _XUCRED.unpack_from(found)
    except OSError as error:
        if error.errno in (errno.ENOPROTOOPT, errno.EOPNOTSUPP):
            return None
        raise Gone("has ended") from None
    except struct.error:
        return None
    return int(uid) if version == 0 else None
