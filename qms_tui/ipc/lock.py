"""The lock of a process of which a project has one: taken for its life, with a word on who has it."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from qms_tui import __version__
from qms_tui.files import closing, open_or_make_file, open_regular_file, try_lock

_LONGEST = 16 * 1024  # bytes of a lock's file
_PATIENCE = 5.0  # seconds in which the kernel clears a killed process away
_POLL = 0.02


def take_lock(path: Path, project: str, engine: str) -> int | None:
    """Take it until its descriptor is closed; None if another process has it. Raises OSError."""
    descriptor = open_or_make_file(path)
    if not try_lock(descriptor):
        os.close(descriptor)
        return None
    owner = {"pid": os.getpid(), "project": project, "engine": engine, "version": __version__}
    os.ftruncate(descriptor, 0)
    os.write(descriptor, json.dumps({**owner, "since": int(time.time())}).encode())
    return descriptor


def is_at(descriptor: int | None, path: Path) -> bool:
    """Whether the lock that we have is still at its path: else another process serves there, or nobody."""
    try:
        return descriptor is not None and os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


def owner_of(path: Path) -> int | None:
    """The number of the process that has the lock, if one has, as far as it stands there."""
    try:
        with closing(open_regular_file(path)) as descriptor:
            return None if try_lock(descriptor, shared=True) else _owner(descriptor)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def end_owner(path: Path, grace: float = 0.0, pid: int | None = None, *, wake: bool = False) -> bool:
    """End whoever has the lock, by force after `grace` seconds; whether that one has it no more.

    With a `pid`, only that one is ended. `wake` lets one that was stopped go on, to end properly.
    """
    try:
        descriptor = open_regular_file(path)
    except OSError:
        return False  # who it is stands nowhere
    try:
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, _PATIENCE)):
            # Who holds the lock has written the number and is alive: it is no other process's by now.
            if patience > 0 and not try_lock(descriptor, shared=True):
                owner = _owner(descriptor)
                if pid is not None and owner != pid:
                    return True
                os.kill(owner, number)
                if wake and number == signal.SIGTERM:
                    os.kill(owner, signal.SIGCONT)
            if _is_free_soon(descriptor, patience):
                return True
        return False
    except (OSError, ValueError, KeyError, TypeError):
        return False
    finally:
        os.close(descriptor)


def is_taken(path: Path) -> bool:
    """Whether a process has the lock."""
    try:
        with closing(open_regular_file(path)) as descriptor:
            return not try_lock(descriptor, shared=True)
    except OSError:
        return False


def _owner(descriptor: int) -> int:
    """Who has written its number last. Raises OSError, ValueError, KeyError, TypeError."""
    return int(json.loads(os.pread(descriptor, _LONGEST, 0))["pid"])


def _is_free_soon(descriptor: int, patience: float) -> bool:
    until = time.monotonic() + patience
    while not try_lock(descriptor, shared=True):
        if time.monotonic() > until:
            return False
        time.sleep(_POLL)
    return True
