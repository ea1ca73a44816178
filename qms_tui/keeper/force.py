"""Ending a keeper or a spawner that does not answer any more."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from qms_tui.files import open_regular_file, try_lock
from qms_tui.keeper.paths import LOCK

_LONGEST = 16 * 1024  # bytes of a lock's file
_PATIENCE = 5.0  # seconds in which the kernel clears a killed process away
_POLL = 0.02


def kill_keeper(folder: Path, lock: str = LOCK) -> bool:
    """Kill the keeper with its files in `folder`; whether none is there any more. Agents go on.

    `lock` is the name of another process's lock, to kill that instead: a spawner's programs end with it.
    """
    try:
        descriptor = open_regular_file(folder / lock)
    except OSError:
        return False  # who it is stands nowhere
    try:
        # Who holds the lock has written the number and is alive: it is no other process's by now.
        if not try_lock(descriptor, shared=True):
            os.kill(int(json.loads(os.read(descriptor, _LONGEST))["pid"]), signal.SIGKILL)
        return _free_soon(descriptor)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    finally:
        os.close(descriptor)


def _free_soon(descriptor: int) -> bool:
    until = time.monotonic() + _PATIENCE
    while not try_lock(descriptor, shared=True):
        if time.monotonic() > until:
            return False
        time.sleep(_POLL)
    return True
