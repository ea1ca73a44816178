"""States of agents on the screen: how soon they show what a program reports, its registry says, or a hook."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.bench.echo import SETTLE
from tests.bench.launch import RAW_ECHO, leaving, start_local
from tests.bench.pty import Program, rest, wait_for
from tests.bench.table import Bar, Bench, Line, percentile, row

BETWEEN = (0.3, 0.6)  # seconds between two changes
MEDIAN, MOST = Bar(100), Bar(200)  # milliseconds

Change = tuple[Callable[[], object], str]
"""What makes it, and the word that it makes appear."""


@row("states")
def states(bench: Bench) -> Iterator[Line]:
    """What the client writes is written as it does: in place, while the interface looks at two agents."""
    times, folder = bench.times(100, 12), bench.fresh("reports")
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    reports = os.open(pipe, os.O_RDWR)
    try:
        with leaving(start_local(bench, (RAW_ECHO, _reporter(folder, pipe)))) as program:
            wait_for(program, b"ready")
            rest((program,), SETTLE)
            changes = [(lambda state=state: _report(reports, state), word) for state, word in REPORTED]
            yield from _measured(program, "report", changes, times, MEDIAN, MOST)
            os.write(reports, b"state=clear\n")
            own = bench.folder.glob("home-*/XDG_STATE_HOME/qms-tui/local/*/qa")
            client = _Client(max(own, key=lambda path: path.stat().st_mtime))
            yield from _measured(program, "registry", client.registry(), times, None, Bar(500))
            yield from _measured(program, "hook", client.hooks(), times, None, Bar(500))
    finally:
        os.close(reports)


REPORTED = (("working", "busy"), ("blocked:kind=question", "needs you"), ("idle", "idle"))


def _report(pipe: int, state: str) -> None:
    os.write(pipe, f"state={state}\n".encode())


def _reporter(folder: Path, pipe: Path) -> Sequence[str]:
    """A program that reports what is written into a pipe; only a `claude` has a folder here that is read."""
    program = folder / "claude"
    loop = f"while read -r r; do printf '\\033]7501;%s\\033\\\\' \"$r\"; done <{pipe}"
    program.write_text(f"#!/bin/sh\nprintf 'ready\\r\\n'\n{loop}\n")
    program.chmod(0o755)
    return (str(program),)


def _measured(
    program: Program, source: str, changes: Sequence[Change], times: int, median: Bar | None, most: Bar
) -> Iterator[Line]:
    delays, pause = [], random.Random(1)
    for number in range(times):
        change, word = changes[number % len(changes)]
        rest((program,), pause.uniform(*BETWEEN))
        program.forget()
        start = time.perf_counter()
        change()
        delays.append((wait_for(program, word.encode()) - start) * 1000)
    what = f"from before a {source} is written until the pane's title has the state, over {times}"
    yield Line(f"state to screen by {source}, p50", what, "ms", percentile(delays, 50), bar=median)
    yield Line(f"state to screen by {source}, p99", what, "ms", percentile(delays, 99), bar=most)


class _Client:
    """Writes as a client of qa that has just started."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the agent's own."""
        for name in ("sessions", "qms-tui"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.started = time.time()
        told = {"pid": 7, "program": "claude", "started": self.started}
        (folder / "qms-tui/identity.json").write_text(json.dumps(told))
        self._registry, self._hooks = folder / "sessions/7.json", folder / "qms-tui/hooks.jsonl"

    def registry(self) -> Sequence[Change]:
        """Changes of the registry."""
        return (
            (lambda: self._write("busy"), "busy"),
            (lambda: self._write("waiting", "dialog open"), "needs you"),
            (lambda: self._write("idle"), "idle"),
        )

    def hooks(self) -> Sequence[Change]:
        """Changes that only hooks tell of, of a client that is idle."""
        self._write("idle")
        return (
            (lambda: self._append("StopFailure", error="rate_limit"), "rate limit"),
            (lambda: self._append("SessionStart"), "idle"),
        )

    def _write(self, status: str, waiting: str = "") -> None:
        now = time.time() * 1000
        told = {"pid": 7, "status": status, "startedAt": self.started * 1000, "statusUpdatedAt": now}
        self._registry.write_text(json.dumps(told | ({"waitingFor": waiting} if waiting else {})))

    def _append(self, event: str, **facts: str) -> None:
        with self._hooks.open("a") as stream:
            stream.write(json.dumps({"at": time.time(), "event": event, **facts}) + "\n")
