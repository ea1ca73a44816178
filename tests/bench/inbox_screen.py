"""Inboxes on the screen: how soon a file shows, and what a burst does to a person who types."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.bench.echo import LETTERS, SETTLE, Typist
from tests.bench.inbox import BURST, FLOOD
from tests.bench.launch import RAW_ECHO, REPOSITORY, leaving, newest_project, start_local
from tests.bench.pty import Program, rest, wait_for
from tests.bench.table import Bar, Bench, Line, percentile, row
from tests.inbox.samples import task

BETWEEN = (0.15, 0.4)  # seconds between two files
CALM_KEYS = 40  # typed before the burst, for comparison
MOST_KEYS = len(LETTERS) - 2 * CALM_KEYS
_BURST_LIMIT = 90.0  # seconds


@row("inbox-badge")
def badge(bench: Bench) -> Iterator[Line]:
    """Files written as the QMS does, one by one."""
    times = bench.times(200, 10)
    delays = []
    pause = random.Random(1)
    with leaving(start_local(bench, (RAW_ECHO, RAW_ECHO))) as program:
        inbox = _inbox(bench, program)
        for number in range(1, times + 1):
            rest((program,), pause.uniform(*BETWEEN))
            program.forget()
            start = time.perf_counter()
            (inbox / f"task-CR-{number}-review-v0-1.md").write_bytes(task(f"CR-{number}"))
            shown = wait_for(program, f"{number} item{'s wait' if number > 1 else ' waits'}".encode())
            delays.append((shown - start) * 1000)
    what = f"from before a file is written until the status line counts it, as the badges do, over {times}"
    yield Line("file to screen, p50", what, "ms", percentile(delays, 50), bar=Bar(100))
    yield Line("file to screen, p99", what, "ms", percentile(delays, 99), bar=Bar(300))


@row("inbox-burst")
def burst(bench: Bench) -> Iterator[Line]:
    """Many files at once while a person types in a pane."""
    files = bench.times(BURST, 1000)
    with leaving(start_local(bench, (RAW_ECHO, RAW_ECHO))) as program:
        inbox = _inbox(bench, program)
        typist, process = Typist(program), psutil.Process(program.pid)
        for _ in range(CALM_KEYS):
            typist.type_one()
        calm, typist.took = typist.took, []
        empty = process.memory_full_info().uss
        seconds = type_through(typist, inbox, files)
        memory = process.memory_full_info().uss - empty
    yield Line("burst, counted", f"until the screen counts {files} files, from before writing", "s", seconds)
    what = f"echo of {len(typist.took)} keys meanwhile; peer: of {CALM_KEYS} keys before, the same interface"
    for percent, name in ((50, "p50"), (99, "p99"), (100, "worst")):
        ours, before = percentile(typist.took, percent), percentile(calm, percent)
        bar = Bar(33) if percent == 99 else None
        yield Line(f"burst, key {name}", what, "ms", ours, before, "calm", bar)
    yield Line("burst, memory", f"of the interface for {files} pending items (USS)", "MB", memory / 1e6)


def _inbox(bench: Bench, program: Program) -> Path:
    wait_for(program, b"ready")
    rest((program,), SETTLE)
    return newest_project(bench) / ".claude/users/qa/inbox"


def type_through(typist: Typist, inbox: Path, files: int) -> float:
    """Type until all files are counted on the screen; how long that took."""
    program, start = typist.program, time.perf_counter()
    argv = [sys.executable, "-c", FLOOD, str(inbox), str(files)]
    with subprocess.Popen(argv, cwd=REPOSITORY) as writer:
        while time.perf_counter() - start < _BURST_LIMIT:
            if len(typist.took) < MOST_KEYS:
                typist.type_one()
            else:
                program.forget()
                rest((program,), 0.05)
            if f"{files:,} items wait".encode() in program.output:
                break
        writer.wait()
    return time.perf_counter() - start
