"""The lock of a process of which a project has one: taken for its life, with a word on who has it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from qms_tui import __version__
from qms_tui.files import closing, open_or_make_file, open_regular_file, try_lock, wait_for_lock

_LONGEST = 16 * 1024  # bytes of a lock's file
_PATIENCE = 5.0  # seconds in which the kernel clears a killed process away
_POLL = 0.02
_LOOK = 0.05  # seconds between looks at who has a lock that is to be taken over


def take_lock(path: Path, project: str, engine: str, protocol: int = 0) -> int | None:
    """Take it until its descriptor is closed; None if another process has it. Raises OSError.

    `protocol` is the number of what the process speaks, greater in newer ones.
    """
    descriptor = open_or_make_file(path)
    if not try_lock(descriptor):
        os.close(descriptor)
        return None
    _sign(descriptor, project, engine, protocol)
    return descriptor


def take_over_lock(path: Path, project: str, engine: str, protocol: int, grace: float) -> int | None:
    """Take it also from an older process, which is asked to end, and ended after `grace` seconds.

    Waits for it in the kernel: whoever only tries to take it when that process has ended comes too late.
    None if a process has it that is not older. Raises OSError. In the main thread alone.
    """
    descriptor = open_or_make_file(path)
    before = signal.signal(signal.SIGALRM, _Ending(descriptor, protocol, grace))
    signal.setitimer(signal.ITIMER_REAL, _LOOK, _LOOK)
    try:
        wait_for_lock(descriptor)
    except _TakenByPeer:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    _sign(descriptor, project, engine, protocol)
    return descriptor


def is_older(words: Mapping[str, Any], protocol: int) -> bool:
    """Whether the process that says this of itself speaks an older protocol, or is of an older version."""
    try:
        spoken = int(words.get("protocol", 0))
        return spoken < protocol or (
            spoken == protocol and _numbers(str(words["version"])) < _numbers(__version__)
        )
    except (KeyError, TypeError, ValueError):
        return False


class _TakenByPeer(Exception):
    """A process that is not older has the lock."""


class _Ending:
    """Ends older processes while their lock is waited for, also those that are started meanwhile."""

    def __init__(self, descriptor: int, protocol: int, grace: float) -> None:
        self._descriptor, self._protocol, self._grace = descriptor, protocol, grace
        self._asked, self._since = 0, 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        try:
            words = _words(self._descriptor)
            pid = int(words["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # it is being written
        if not is_older(words, self._protocol):
            raise _TakenByPeer
        with suppress(ProcessLookupError):
            self._end(pid)

    def _end(self, pid: int) -> None:
        if pid != self._asked:
            self._asked, self._since = pid, time.monotonic()
            os.kill(pid, signal.SIGTERM)
        elif time.monotonic() - self._since > self._grace:
            os.kill(pid, signal.SIGKILL)


def is_at(descriptor: int | None, path: Path) -> bool:
    """Whether the lock that we have is still at its path: else another process serves there, or nobody."""
    try:
        return descriptor is not None and os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


def owner_of(path: Path) -> int | None:
    """The number of the process that has the lock, if one has, as far as it stands there."""
    try:
        return int((words_of_owner(path) or {})["pid"])
    except (ValueError, KeyError, TypeError):
        return None


def words_of_owner(path: Path) -> Mapping[str, Any] | None:
    """What the process that has the lock says of itself, if one has, as far as it stands there."""
    try:
        with closing(open_regular_file(path)) as descriptor:
            return None if try_lock(descriptor, shared=True) else _words(descriptor)
    except (OSError, ValueError):
        return None


def end_owner(path: Path, grace: float = 0.0, pid: int | None = None, *, wake: bool = False) -> bool:
    """End whoever has the lock, by force after `grace` seconds; whether that one has it no more.

    With a `pid`, only that one is ended. `wake` lets one that was stopped go on, to end properly. Another
    user's file is not believed: root would end what it names.
    """
    try:
        descriptor = open_regular_file(path)
    except OSError:
        return False  # who it is stands nowhere
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            return False
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


def has_let_go(path: Path, pid: int, patience: float) -> bool:
    """Whether the process has the lock no more, within so many seconds. Blocking."""
    until = time.monotonic() + patience
    while owner_of(path) == pid:
        if time.monotonic() > until:
            return False
        time.sleep(_POLL)
    return True


def is_taken(path: Path) -> bool:
    """Whether a process has the lock."""
    try:
        with closing(open_regular_file(path)) as descriptor:
            return not try_lock(descriptor, shared=True)
    except OSError:
        return False


def _sign(descriptor: int, project: str, engine: str, protocol: int) -> None:
    owner = {"pid": os.getpid(), "project": project, "engine": engine, "version": __version__}
    os.ftruncate(descriptor, 0)
    said = {**owner, "protocol": protocol, "since": int(time.time())}
    os.write(descriptor, json.dumps(said).encode())


def _words(descriptor: int) -> Mapping[str, Any]:
    """What whoever took the lock last has written. Raises OSError, ValueError."""
    said = json.loads(os.pread(descriptor, _LONGEST, 0))
    if not isinstance(said, dict):
        raise ValueError("not an object")
    return said


def _owner(descriptor: int) -> int:
    """Who has written its number last. Raises OSError, ValueError, KeyError, TypeError."""
    return int(_words(descriptor)["pid"])


def _numbers(version: str) -> tuple[int, ...]:
    """Of `1.2.3`. Raises ValueError."""
    return tuple(int(part) for part in version.split("."))


def _is_free_soon(descriptor: int, patience: float) -> bool:
    until = time.monotonic() + patience
    while not try_lock(descriptor, shared=True):
        if time.monotonic() > until:
            return False
        time.sleep(_POLL)
    return True
