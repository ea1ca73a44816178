"""Ending a keeper that does not answer any more."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from pathlib import Path

from qms_tui.keeper.sockets import LOCK

_LONGEST = 16 * 1024  # bytes of a lock's file
_PATIENCE = 5.0  # seconds in which the kernel clears a killed process away
_POLL = 0.02


def kill_keeper(folder: Path) -> bool:
    """Kill the keeper with its files in `folder`; whether none is there any more. Agents go on."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False  # who it is stands nowhere
    try:
        if not _free(descriptor):  # so whoever wrote it is alive, and it is no other process's number
            os.kill(int(json.loads(os.read(descriptor, _LONGEST))["pid"]), signal.SIGKILL)
        return _free_soon(descriptor)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    finally:
        os.close(descriptor)


def _free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _free_soon(descriptor: int) -> bool:
    until = time.monotonic() + _PATIENCE
    while not _free(descriptor):
        if time.monotonic() > until:
            return False
        time.sleep(_POLL)
    return True
