"""How soon and how right an agent is shown to an interface that comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest

from qms_tui.core import AgentState
from tests.bench.launch import engine_and_image
from tests.bench.table import Bar, Bench, Line, Unavailable, percentile, row
from tests.e2e import kept, programs
from tests.e2e.kept import Client, House
from tests.e2e.shown import Frozen
from tests.e2e.test_coming_back import CASES, Seen, begin

_HISTORY_NAMES = tuple(f"agent{number}" for number in range(7))


@dataclass
class Wrong:
    """How many were not as they would have been had nobody left."""

    cells: int = 0
    lines: int = 0
    modes: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def count(self, shown: Frozen, expected: Frozen) -> None:
        """Compare one return."""
        rows = zip_longest(shown.display, expected.display, fillvalue="")
        self.cells += sum(a != b for pair in rows for a, b in zip_longest(*pair))
        self.cells += sum(a != b for a, b in zip_longest(shown.styled, expected.styled))
        self.lines += sum(a != b for a, b in zip_longest(shown.history, expected.history))
        self.modes += shown.modes != expected.modes
        self.modes += (shown.cursor, shown.drawn) != (expected.cursor, expected.drawn)


@row("coming-back")
def coming_back(bench: Bench) -> Iterator[Line]:
    """Each class of programs, left and come back to again and again."""
    times = bench.times(50, 3)
    found = Wrong()
    with _house(bench) as home:
        asyncio.run(_come_back_often(home, times, found))
    for name, seconds in found.seconds.items():
        half = f"p50 {percentile(seconds, 50) * 1000:.0f} ms"
        what = f"p99 of {times} returns to {name}, from asking for the agent to its right screen; {half}"
        yield Line(f"back: {name}", what, "ms", percentile(seconds, 99) * 1000, bar=Bar(1000))
    total = f"in {times * len(found.seconds)} returns, against a witness on the engine that never left"
    yield Line("back: cells wrong", f"cells and styled rows that differ {total}", "", found.cells, bar=Bar(0))
    yield Line("back: lines wrong", f"rows of the history that differ {total}", "", found.lines, bar=Bar(0))
    what = (
        f"returns {total}, in which the modes or the cursor and all else that decides how it goes on differ"
    )
    yield Line("back: modes wrong", what, "", found.modes, bar=Bar(0))


@row("coming-back-seven")
def coming_back_to_seven(bench: Bench) -> Iterator[Line]:
    """Seven agents that printed much while nobody was attached."""
    megabytes = bench.times(100, 2)
    with _house(bench) as home:
        clients, lost = asyncio.run(_come_back_to_all(home, megabytes))
    what = f"7 agents printed {megabytes} MB each while nobody was attached: until the focused one is shown"
    yield Line("back to 7: focused", what, "s", clients[0].seconds, bar=Bar(1))
    slowest = max(client.seconds for client in clients)
    yield Line("back to 7: all", "the same, until all are shown", "s", slowest, bar=Bar(3))
    yield Line("back to 7: keys lost", "of one key to each, typed meanwhile", "", lost, bar=Bar(0))


@contextmanager
def _house(bench: Bench) -> Iterator[House]:
    with engine_and_image() as (engine, _):
        try:
            image = programs.ensure(engine)
        except programs.NoPrograms as reason:
            raise Unavailable(str(reason)) from reason
        with kept.house(engine, image, bench.fresh("house")) as home:
            yield home


async def _come_back_often(home: House, times: int, found: Wrong) -> None:
    try:
        for name in CASES:
            seen = await begin(home, name)
            await seen.client.close()
            found.seconds[name] = [await _come_back(home, seen, found) for _ in range(times)]
            await home.leave()
    finally:
        await home.leave()


async def _come_back(home: House, seen: Seen, found: Wrong) -> float:
    again = home.client(seen.name)
    found.count(await again.come_back(), seen.frozen)
    await again.close()
    return again.seconds


async def _come_back_to_all(home: House, megabytes: int) -> tuple[list[Client], int]:
    try:
        for name in _HISTORY_NAMES:
            await home.flooded(name, megabytes)
        clients = home.clients(*_HISTORY_NAMES)
        await asyncio.gather(*(_typing(client) for client in clients))
        return clients, sum("got k" not in "\n".join(client.screen().display) for client in clients)
    finally:
        await home.leave()


async def _typing(client: Client) -> None:
    client.open()
    await client.wait(lambda: client.agent.state is AgentState.ATTACHING, "the beginning")
    client.type(b"k")
    await client.comes_again(1)
    await client.settle()
