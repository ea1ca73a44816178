"""States of agents on the screen: how soon a change in a client's registry shows."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.echo import SETTLE
from tests.bench.launch import RAW_ECHO, leaving, start_local
from tests.bench.pty import rest, wait_for
from tests.bench.table import Bar, Bench, Line, percentile, row

BETWEEN = (0.3, 0.6)  # seconds between two changes
STATES = (("busy", "", "busy"), ("waiting", "dialog open", "needs you"), ("idle", "", "idle"))


@row("states")
def states(bench: Bench) -> Iterator[Line]:
    """A registry written as the client writes it: in place, while the interface looks at two agents."""
    times = bench.times(300, 12)
    delays, pause = [], random.Random(1)
    with leaving(start_local(bench, (RAW_ECHO, RAW_ECHO))) as program:
        wait_for(program, b"ready")
        rest((program,), SETTLE)
        write = _Client(max(bench.folder.glob("project-*"), key=lambda path: path.stat().st_mtime))
        for number in range(times):
            status, waiting, word = STATES[number % len(STATES)]
            rest((program,), pause.uniform(*BETWEEN))
            program.forget()
            start = time.perf_counter()
            write(status, waiting)
            delays.append((wait_for(program, word.encode()) - start) * 1000)
    what = f"from before a client's registry is written until the pane's title has the state, over {times}"
    yield Line("state to screen, p50", what, "ms", percentile(delays, 50))
    yield Line("state to screen, p99", what, "ms", percentile(delays, 99), bar=Bar(500))


class _Client:
    """Writes as a client of qa that has just started."""

    def __init__(self, project: Path) -> None:
        folder = project / ".claude/users/qa/container"
        for name in ("sessions", "qms-tui"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.started = time.time()
        told = {"pid": 7, "program": "claude", "started": self.started}
        (folder / "qms-tui/identity.json").write_text(json.dumps(told))
        self.file = folder / "sessions/7.json"

    def __call__(self, status: str, waiting: str) -> None:
        now = time.time() * 1000
        told = {"pid": 7, "status": status, "startedAt": self.started * 1000, "statusUpdatedAt": now}
        self.file.write_text(json.dumps(told | ({"waitingFor": waiting} if waiting else {})))
