"""What the way to MCP servers costs, how often it connects, and what becomes of calls under restarts."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil

from qms_tui.config import McpServer
from qms_tui.mcp.http_session import HttpSession
from qms_tui.mcp.jsonrpc import MAYBE_RUN, UNREACHABLE, request
from qms_tui.mcp.stdio import CLIENT
from tests.bench.table import Bar, Bench, Line, percentile, row
from tests.mcp.house import House, TestServer, free_port, runs, wait_until
from tests.mcp.scripted import Bridge

AGENTS = tuple(f"agent{number}" for number in range(7))
AT_ONCE = 7  # bridges that connect at the same time
RESTART = 2.0  # seconds between the server's restarts
_MEGABYTE = 2**20


@row("mcp")
def connections(bench: Bench) -> Iterator[Line]:
    """Bridges that start, connect, list and call, 7 at a time; latency; memory."""
    count = bench.times(1000, 21)
    with house_of(bench) as (house, server):
        yield from _connect(house, count, "up")
        yield from _latency(house, server, bench.times(2000, 100))
        yield from _memory(house)


@row("mcp down")
def down(bench: Bench) -> Iterator[Line]:
    """The same while the server is down, and comes 5 s after the first began."""
    count = bench.times(200, 7)
    with house_of(bench, up=False) as (house, server):
        timer = threading.Timer(5.0, server.start)
        timer.start()
        yield from _connect(house, count, "down at first")
        timer.join()


@row("mcp restarts")
def restarts(bench: Bench) -> Iterator[Line]:
    """7 agents call as fast as they can while the server is killed and started again every 2 s."""
    seconds = bench.times(60, 8)
    with house_of(bench) as (house, server):
        outcomes = _under_restarts(house, server, seconds)
        counted = runs(server.log)
    kinds = Counter(outcomes.values())
    once = sum(code == 0 and counted.get(key, 0) == 1 for key, code in outcomes.items())
    wrong = sum(
        counted.get(key, 0) > 1 or (code == 0 and counted.get(key, 0) != 1) for key, code in outcomes.items()
    )
    unclear = len(outcomes) - kinds[0] - kinds[MAYBE_RUN] - kinds[UNREACHABLE]
    what = f"of {len(outcomes)} calls of 7 agents in {seconds} s, the server killed and started every 2 s"
    yield Line("mcp calls, once", f"{what}: ran once and were answered", "", once)
    yield Line("mcp calls, clear error", f"{what}: it says that they may have run", "", kinds[MAYBE_RUN])
    yield Line("mcp calls, wrong", f"{what}: ran twice, or not and said so", "", wrong, bar=Bar(0))
    yield Line("mcp calls, unclear", f"{what}: any other outcome", "", unclear, bar=Bar(0))


@contextmanager
def house_of(bench: Bench, *, up: bool = True) -> Iterator[tuple[House, TestServer]]:
    """A gateway with servers over HTTP and stdio, and one of a kind that answers at once."""
    folder = bench.fresh("mcp")
    server = TestServer(folder / "log", free_port())
    stdio = McpServer("stdio", command=(sys.executable, "-m", "tests.mcp.server", str(folder / "stdio-log")))
    odd = McpServer("odd", command=(sys.executable, "-m", "tests.mcp.odd_server", str(folder / "odd-log")))
    house = House(folder, (McpServer("http", url=server.url), stdio, odd), AGENTS)
    try:
        if up:
            server.start()
        house.start()
        house.up("stdio", "odd", *(["http"] if up else []))
        wait_until(house.socket(AGENTS[-1]).exists, "doors")
        yield house, server
    finally:
        house.close()
        server.kill()


def _connect(house: House, count: int, how: str) -> Iterator[Line]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda number: _one(house, number), range(count)))
    good = sum(ok for ok, _ in found)
    what = f"of {count} bridges, {AT_ONCE} at a time, server {how}"
    bar = Bar(count, at_least=True)
    yield Line(f"mcp connected, {how}", f"{what}: initialized, and called a tool", "", good, bar=bar)
    times = [seconds for _, seconds in found]
    for percent in (50, 99):
        name, meaning = f"mcp initialize p{percent}, {how}", f"{what}: start of Python to the answer"
        yield Line(name, meaning, "ms", percentile(times, percent) * 1e3)


def _one(house: House, number: int) -> tuple[bool, float]:
    agent = AGENTS[number % len(AGENTS)]
    begun = time.perf_counter()
    with Bridge(house.socket(agent), "http") as bridge:
        bridge.begin()
        seconds = time.perf_counter() - begun
        answer = bridge.ask("tools/call", 1, {"name": "whoami", "arguments": {}})
    content = answer.get("result", {}).get("content", [{}, {}])
    return content[1].get("text") == agent, seconds


def _latency(house: House, server: TestServer, count: int) -> Iterator[Line]:
    direct = asyncio.run(_direct(server.url, count))
    for name in ("http", "stdio"):
        with Bridge(house.socket(AGENTS[0]), name) as bridge:
            bridge.begin()
            times = []
            for number in range(1, count + 1):
                begun = time.perf_counter()
                bridge.ask("tools/call", number, {"name": "whoami", "arguments": {}})
                times.append(time.perf_counter() - begun)
        for percent in (50, 99):
            what = f"a call through bridge and gateway over {name}, {percent} of 100 within; {count} calls"
            ours, theirs = percentile(times, percent) * 1e3, percentile(direct, percent) * 1e3
            yield Line(f"mcp call p{percent}, {name}", what, "ms", ours, theirs, peer_name="direct HTTP")


async def _direct(url: str, count: int) -> list[float]:
    """The same over HTTP without bridge and gateway."""
    times = []
    async with httpx2.AsyncClient(timeout=60.0) as http:
        session = HttpSession(http, url, {"X-QMS-Agent": "x"}, CLIENT, lambda _message: None)
        for number in range(1, count + 1):
            begun = time.perf_counter()
            await session.request(request(number, "tools/call", {"name": "whoami", "arguments": {}}))
            times.append(time.perf_counter() - begun)
        await session.close()
    return times


def _memory(house: House) -> Iterator[Line]:
    assert house.process is not None
    gateway = psutil.Process(house.process.pid).memory_full_info()
    yield Line("mcp gateway", "memory (USS) of the gateway after all that", "MB", gateway.uss / _MEGABYTE)
    with Bridge(house.socket(AGENTS[0]), "http") as bridge:
        bridge.begin()
        bridge.ask("tools/list", 1)
        resident = psutil.Process(bridge.process.pid).memory_info().rss
        yield Line("mcp bridge", "resident memory of a bridge", "MB", resident / _MEGABYTE, bar=Bar(30))


def _under_restarts(house: House, server: TestServer, seconds: float) -> dict[str, int]:
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(len(AGENTS)) as pool:
        working = [pool.submit(_work, house.socket(agent), agent, until) for agent in AGENTS]
        while time.monotonic() < until:
            time.sleep(RESTART)
            server.kill()
            server.start()
        return {key: code for each in working for key, code in each.result().items()}


def _work(path: Path, agent: str, until: float) -> dict[str, int]:
    """Call until then; the outcome of each call by its key: 0, or an error's code."""
    outcomes: dict[str, int] = {}
    with Bridge(path, "http") as bridge:
        bridge.begin()
        while time.monotonic() < until:
            key = f"{agent}-{len(outcomes)}"
            call = {"name": "count", "arguments": {"key": key}}
            answer = bridge.ask("tools/call", len(outcomes) + 1, call)
            outcomes[key] = answer["error"]["code"] if "error" in answer else 0
    return outcomes
