"""Notes how long each turn of an event loop holds it. Python loads this first where it is on PYTHONPATH.

A turn lasts from the return of the loop's `select` to its next call. Those of the main thread that are long
enough to delay a key stand in the file that is called like the process, in the folder QMS_TUI_BENCH_TURNS.
Nothing of the product knows of this.
"""

from __future__ import annotations

import os
import selectors
import threading
import time
from pathlib import Path

NOTED = 0.001  # seconds; shorter turns are not written down
_folder = os.environ.get("QMS_TUI_BENCH_TURNS")
_Events = list[tuple[selectors.SelectorKey, int]]


class _Timed(selectors.DefaultSelector):
    _began = _busy = 0.0

    def select(self, timeout: float | None = None) -> _Events:
        if threading.current_thread() is not threading.main_thread():
            return super().select(timeout)
        now = time.perf_counter()
        if self._began and now - self._began > NOTED:
            _note(self._began, now, time.thread_time() - self._busy)
        events = super().select(timeout)
        self._busy, self._began = time.thread_time(), time.perf_counter()
        return events


def _note(began: float, ended: float, busy: float) -> None:
    with Path(_folder or "", str(os.getpid())).open("a") as file:
        file.write(f"{began} {ended} {busy}\n")


if _folder:
    selectors.DefaultSelector = _Timed  # type: ignore[misc]
