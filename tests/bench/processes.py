"""What runs of qms-tui for one project, and what each of its processes takes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.pty import Program, rest

CALM = 0.05  # of a core: a process that takes less does nothing but wait
CALM_FOR = 2.0  # seconds
MOST_WAIT = 600.0  # seconds until all must be calm
_KINDS = {"qms_tui.mcp": "gateway", "walk.py": "disk counter", "large_messages": "large messages"}


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: `pss` counts a page that n processes share as an n-th, `rss` as a whole one."""

    pss: int
    rss: int


@dataclass(frozen=True, slots=True)
class Work:
    """What a process has done since its start: seconds of processor time, and how often it woke up."""

    busy: float
    wakeups: int

    def __sub__(self, other: Work) -> Work:
        return Work(self.busy - other.busy, self.wakeups - other.wakeups)


NO_WORK = Work(0.0, 0)


def processes(screen: Program, home: Path) -> dict[str, psutil.Process]:
    """The screen, whatever holds a lock in this home (the keeper does), and what those have started.

    MCP servers are not ours.
    """
    found = {"screen": psutil.Process(screen.pid)}
    for lock in home.rglob("*.lock"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
            holder = psutil.Process(json.loads(lock.read_text())["pid"])
            found[lock.stem] = holder
            found |= _started_by(holder)
    return found


def _started_by(process: psutil.Process) -> dict[str, psutil.Process]:
    found: dict[str, psutil.Process] = {}
    for child in process.children(recursive=True):
        words = " ".join(child.cmdline())
        found |= {name: child for part, name in _KINDS.items() if part in words}
    return found


def memory(process: psutil.Process) -> Memory:
    """As /proc sums it up now."""
    lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return Memory(kilobytes["Pss"] * 1024, kilobytes["Rss"] * 1024)


def work(process: psutil.Process) -> Work:
    """Of all its threads, and processor time of those that it has started and reaped as well."""
    times = process.cpu_times()
    busy = times.user + times.system + times.children_user + times.children_system
    wakeups = 0
    for status in Path(f"/proc/{process.pid}/task").glob("*/status"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            lines = status.read_text().splitlines()
            wakeups += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
    return Work(busy, wakeups)


def wait_until_calm(screen: Program, running: Mapping[str, psutil.Process]) -> None:
    """Wait until nothing is left to do for any of them. Raises TimeoutError."""
    for _ in range(round(MOST_WAIT / CALM_FOR)):
        before = {name: work(process).busy for name, process in running.items()}
        rest((screen,), CALM_FOR)
        screen.forget()
        used = (work(process).busy - before[name] for name, process in running.items())
        if max(used) < CALM * CALM_FOR:
            return
    raise TimeoutError(f"busy for {MOST_WAIT:g} s: {', '.join(running)}")
