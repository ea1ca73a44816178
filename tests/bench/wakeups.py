"""What each process does while nothing happens: how often it wakes up, and what that costs."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.bench.idle import SETTLE
from tests.bench.launch import AGENTS, COLUMNS, LINES, RAW_ECHO
from tests.bench.processes import NO_WORK, Work, wait_until_calm, work
from tests.bench.pty import rest, wait
from tests.bench.stage import in_containers
from tests.bench.table import Bar, Bench, Line, row

MINUTE = 60.0  # seconds


@row("wakeups")
def wakeups(bench: Bench) -> Iterator[Line]:
    """Seven silent agents in containers, with their inboxes watched and an MCP server."""
    done, seconds = _idle(bench, bench.seconds(MINUTE, 5))
    what = f"with {len(AGENTS)} silent agents in containers and one MCP server, over {seconds:.0f} s"
    for name, each in done.items():
        per_minute = each.wakeups / seconds * MINUTE
        yield Line(
            f"wakeups, {name}", f"voluntary context switches of all threads, {what}", "/min", per_minute
        )
        used = f"processor time of one core, {what}"
        yield Line(f"idle cpu, {name}", used, "%", 100 * each.busy / seconds)
    total = 100 * sum(each.busy for each in done.values()) / seconds
    yield Line("idle cpu, all processes", "the sum of these", "%", total, bar=Bar(1.3))


def _idle(bench: Bench, seconds: float) -> tuple[dict[str, Work], float]:
    """What each did, and in how many seconds."""
    with in_containers(bench, AGENTS, RAW_ECHO, gateway=True, size=(COLUMNS, LINES)) as stage:
        wait((stage.screen,), lambda: stage.screen.output.count(b"ready") >= len(AGENTS))
        wait_until_calm(stage.screen, stage.processes())
        rest((stage.screen,), SETTLE)
        before = {name: work(process) for name, process in stage.processes().items()}
        since = time.perf_counter()
        rest((stage.screen,), seconds)
        done = {
            name: work(process) - before.get(name, NO_WORK) for name, process in stage.processes().items()
        }
        return done, time.perf_counter() - since
