"""What our programs in a container keep in qms-tui/, in the client's configuration, for the host to read.

Standard library of Python 3.9 or newer, as little of it as can be: a hook pays for every import. The folder
is the agent's own; a file there is replaced whole, and a link is never followed.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

LARGEST = 60 * 1024  # bytes of a file of ours; the host reads 64 kB
LOCK_SECONDS = 2.0  # a hook holds the client up: better no line than a wait for who holds a lock for ever
LOCK_PAUSE = 0.01
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def folder() -> str:
    """Where our files are. Raises KeyError outside of a container of ours."""
    return os.path.join(os.environ["CLAUDE_CONFIG_DIR"], "qms-tui")


def read_object(path: str, largest: int = LARGEST) -> dict[str, object]:
    """The JSON object in a file; empty where there is none that is one of ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            found = json.loads(stream.read(largest + 1) if regular else b"null")
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def replace(path: str, content: bytes) -> None:
    """Write a file whole: whoever reads it sees the old one or the new one. Raises OSError."""
    beside = f"{path}.{os.getpid()}"
    with open(os.open(beside, _WRITE | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
    os.rename(beside, path)


def write_object(path: str, value: Mapping[str, object]) -> None:
    """Replace a file by a JSON object in ASCII. Raises OSError."""
    replace(path, json.dumps(value).encode())


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold a lock file. Raises TimeoutError if somebody else does for too long."""
    descriptor = os.open(path, _WRITE, 0o600)
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while not lock(descriptor):
            if time.monotonic() > deadline:
                raise TimeoutError(path)
            time.sleep(LOCK_PAUSE)
        yield
    finally:
        os.close(descriptor)


def lock(descriptor: int) -> bool:
    """Take the lock if it is free."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock_byte(descriptor: int, at: int) -> bool:
    """Take the lock on one byte of a file if it is free."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
    except (BlockingIOError, PermissionError):  # as the file system has it
        return False
    return True


def unlock_byte(descriptor: int, at: int) -> None:
    """Let go of it."""
    fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, at)
