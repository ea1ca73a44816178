"""What a burst of inbox items costs the screen: time to the badge, processor time, the longest stall."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.bench.echo import SETTLE
from tests.bench.inbox import BURST, FLOOD
from tests.bench.launch import RAW_ECHO, REPOSITORY, leaving, newest_project, start_local
from tests.bench.processes import work
from tests.bench.pty import Program, rest, wait_for
from tests.bench.table import Bar, Bench, Line, row
from tests.bench.turns import longest_turn, probed

_LIMIT = 300.0  # seconds
CALM = 5.0  # seconds before it, for comparison


@row("burst")
def burst(bench: Bench) -> Iterator[Line]:
    """Many files at once while nobody types."""
    files, noted = bench.times(BURST, 1000), bench.fresh("turns")
    with leaving(start_local(bench, (RAW_ECHO, RAW_ECHO), variables=probed(noted))) as program:
        wait_for(program, b"ready")
        rest((program,), SETTLE)
        calm = time.perf_counter()
        rest((program,), CALM)
        screen, began = psutil.Process(program.pid), time.perf_counter()
        before = work(screen).busy
        written = _write(program, newest_project(bench) / ".claude/users/qa/inbox", files)
        shown = wait_for(program, f"{files:,} items wait".encode(), patience=_LIMIT)
        used = work(screen).busy - before
        stall, usual = (longest_turn(noted, program.pid, *span) for span in ((began, shown), (calm, began)))
    what = f"from the last of {files} files, which took {written - began:.1f} s, until the screen counts all"
    yield Line("burst, last file to badge", what, "s", max(0.0, shown - written))
    what = f"processor time of the screen for {files} files, of {shown - began:.1f} s"
    yield Line("burst, cpu of the screen", what, "s", used)
    what = (
        f"the screen's longest turn of its loop meanwhile ({stall.busy * 1e3:.0f} ms of processor time); "
        f"peer: in {CALM:g} s before"
    )
    yield Line("burst, longest stall", what, "ms", stall.length * 1e3, usual.length * 1e3, "calm", Bar(33))


def _write(program: Program, inbox: Path, files: int) -> float:
    """The clock when the last file was written; the screen is read meanwhile."""
    argv = [sys.executable, "-c", FLOOD, str(inbox), str(files)]
    with subprocess.Popen(argv, cwd=REPOSITORY) as writer:
        program.forget()
        while writer.poll() is None:
            rest((program,), 0.005)
        return time.perf_counter()
