"""How soon an inbox's file is an event, what a burst costs, and what watching costs while nothing happens."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from qms_tui.inbox import InboxEvent, ItemArrived
from qms_tui.inbox.watcher import InboxWatcher
from tests.bench.table import Bar, Bench, Line, percentile, row
from tests.inbox.samples import task

BURST = 10_000
INBOXES = 100
_LIMIT = 60.0  # seconds; a watcher that needs longer is broken
FLOOD = """
import sys
from pathlib import Path
from tests.inbox.samples import task
for n in range(int(sys.argv[2])):
    (Path(sys.argv[1]) / f"task-CR-{n}-review-v0-1.md").write_bytes(task(f"CR-{n}"))
"""


class _Arrivals:
    """Counts arrivals and keeps when the last one was told."""

    def __init__(self) -> None:
        self.count = 0
        self.at = 0.0
        self.ready = False  # files are arrivals from now on
        self._changed = threading.Condition()

    def __call__(self, event: InboxEvent) -> None:
        with self._changed:
            self.ready = True
            self.count += isinstance(event, ItemArrived)
            self.at = time.perf_counter()
            self._changed.notify()

    def wait(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.ready and self.count >= count, _LIMIT), self.count


@row("inbox")
def inbox(bench: Bench) -> Iterator[Line]:
    """Written as the QMS does, and renamed into place; then many at once; then nothing."""
    times = bench.times(300, 30)
    for renamed, name in ((False, "written"), (True, "renamed")):
        delays = _delays(bench.fresh("inbox"), times, renamed=renamed)
        what = f"from before the file is {name} to its event, over {times}"
        yield Line(f"inbox, {name}, p50", what, "ms", percentile(delays, 50) * 1e3, bar=Bar(100))
        yield Line(f"inbox, {name}, p99", what, "ms", percentile(delays, 99) * 1e3, bar=Bar(300))
    yield from _burst(bench.fresh("inbox"), bench.times(BURST, 1000))
    yield from _idle(bench.fresh("inboxes"), bench.times(20, 3))


def _delays(folder: Path, times: int, *, renamed: bool) -> list[float]:
    arrivals, delays = _Arrivals(), []
    watcher = InboxWatcher({"qa": folder}, arrivals)
    watcher.start()
    try:
        arrivals.wait(0)
        for number in range(times):
            path = folder / f"task-CR-{number}-review-v0-1.md"
            start = time.perf_counter()
            written = path.with_suffix(".tmp") if renamed else path
            written.write_bytes(task(f"CR-{number}"))
            if renamed:
                written.rename(path)
            arrivals.wait(number + 1)
            delays.append(arrivals.at - start)
    finally:
        watcher.close()
    return delays


def _burst(folder: Path, files: int) -> Iterator[Line]:
    arrivals, process = _Arrivals(), psutil.Process()
    watcher = InboxWatcher({"qa": folder}, arrivals)
    watcher.start()
    try:
        arrivals.wait(0)
        before, start = process.memory_full_info().uss, time.perf_counter()
        subprocess.run([sys.executable, "-c", FLOOD, str(folder), str(files)], check=True)
        written = time.perf_counter() - start
        arrivals.wait(files)
        told = arrivals.at - start
        memory = process.memory_full_info().uss - before
    finally:
        watcher.close()
    what = f"until {files} files are told, written by another process; peer: until they are written"
    yield Line("inbox, burst", what, "s", told, written, "writing")
    yield Line("inbox, burst, memory", f"for {files} pending items", "MB", memory / 1e6)


def _idle(folder: Path, seconds: int) -> Iterator[Line]:
    inboxes = {f"a{number}": folder / f"a{number}" / "inbox" for number in range(INBOXES)}
    for path in inboxes.values():
        path.mkdir(parents=True)
        for number in range(5):
            (path / f"task-CR-{number}-review-v0-1.md").write_bytes(task(f"CR-{number}"))
    ready, process = threading.Event(), psutil.Process()
    watcher = InboxWatcher(inboxes, lambda event: ready.set())
    watcher.start()
    try:
        assert ready.wait(_LIMIT)
        before = process.cpu_times()
        time.sleep(seconds)
        after = process.cpu_times()
    finally:
        watcher.close()
    used = after.user + after.system - before.user - before.system
    what = f"processor time for {INBOXES} inboxes with five items each, of one core over {seconds} s"
    yield Line("inbox, idle", what, "%", used / seconds * 100, bar=Bar(1))
