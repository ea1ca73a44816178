"""How long others' calls take beside a hostile agent, over how long they take without one."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from tests.bench.mcp import AGENTS, house_of
from tests.bench.mcp_attacks import ATTACKS, COMPUTING
from tests.bench.table import Bar, Bench, Line, percentile, row
from tests.mcp.house import ROOT, House, runs
from tests.mcp.scripted import Bridge
from tests.mcp.test_hostile import MOST_MORE, Peak

SETTLE = 0.5  # seconds of an attack before the first call beside it
STOP = 60.0  # seconds in which an attacker has to end
_MEGABYTE = 2**20


@row("mcp hostile")
def hostile(bench: Bench) -> Iterator[Line]:
    """One agent does its worst; another one calls before and beside that. The medians of p99 are compared."""
    rounds, calls = bench.times(7, 3), bench.times(300, 150)
    once = 0
    for name in ATTACKS:
        with house_of(bench) as (house, server):
            _calls(house, "warm ", 20)
            alone = [_p99(house, f"alone {number} ", calls) for number in range(rounds)]
            with Peak(house) as peak, _attacked(house, name):
                beside = [_p99(house, f"beside {number} ", calls) for number in range(rounds)]
            once += sum(count == 1 for count in runs(server.log).values()) - 20
        what = f"p99 of {calls} calls beside it over that before; medians of {rounds}"
        bar = Bar(3) if name != COMPUTING else None
        yield Line(f"mcp {name}", what, "x", median(beside) / median(alone), bar=bar)
        ours, peer = median(beside) * 1e3, median(alone) * 1e3
        yield Line(f"mcp {name}, p99", "the same in ms", "ms", ours, peer, peer_name="alone")
        memory = "what the gateway and its reader of large messages took more than before, at most"
        yield Line(f"mcp {name}, memory", memory, "MB", peak.more / _MEGABYTE, bar=Bar(MOST_MORE / _MEGABYTE))
    total = len(ATTACKS) * rounds * calls * 2
    yield Line("mcp hostile, calls", f"of {total} ran once", "", once, bar=Bar(total, at_least=True))


def _p99(house: House, name: str, calls: int) -> float:
    return percentile(_calls(house, name, calls), 99)


@contextmanager
def _attacked(house: House, name: str) -> Iterator[None]:
    """Beside an attacker, a process of its own: a thread of ours would take our time, not the gateway's.

    A session of its own makes it a group of its own to the kernel's scheduler, as a container is.
    """
    command = [sys.executable, "-m", "tests.bench.mcp_attacks", name, str(house.socket(AGENTS[1]))]
    attacker = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(house)
        yield
    finally:
        attacker.communicate(timeout=STOP)


def _wait_for(house: House) -> None:
    """Until the attack goes on."""
    until = time.monotonic() + 30
    while time.monotonic() < until and not _at_work(house):
        time.sleep(0.02)
    time.sleep(SETTLE)


def _at_work(house: House) -> bool:
    return any(each["agent"] == AGENTS[1] and each["connections"] for each in house.status()["agents"])


def _calls(house: House, name: str, count: int) -> list[float]:
    times = []
    with Bridge(house.socket(AGENTS[0]), "http") as bridge:
        bridge.begin()
        for number in range(count):
            begun = time.perf_counter()
            call = {"name": "count", "arguments": {"key": f"{name}{number}"}}
            bridge.ask("tools/call", number + 1, call)
            times.append(time.perf_counter() - begun)
    return times
