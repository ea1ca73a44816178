"""Terminals are fed in slices, in turns, in order, and whole when somebody needs them whole."""

from __future__ import annotations

import asyncio

from qms_tui.keeper.backlog import MOST, PIECE, SLICE, Backlog, Slices


class Clock:
    """Each piece takes a third of a slice."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Fed:
    """An agent's terminal, which takes its time; `order` is shared by all."""

    def __init__(self, slices: Slices, clock: Clock, name: str, order: list[str]) -> None:
        self.data, self.times_fed = b"", 0
        self.backlog = Backlog(slices, self._feed, self._on_fed)
        self._clock, self._name, self._order = clock, name, order

    def _feed(self, data: bytes) -> None:
        self._clock.now += SLICE / 3
        self.data += data
        self._order.append(self._name)

    def _on_fed(self) -> None:
        self.times_fed += 1


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_slice_is_bounded_and_agents_take_turns() -> None:
    clock, order = Clock(), list[str]()
    slices = Slices(clock)
    one, other = Fed(slices, clock, "1", order), Fed(slices, clock, "2", order)
    one.backlog.add(bytes(4 * PIECE))
    other.backlog.add(b"x")
    asyncio.get_running_loop().call_soon(order.append, "key")
    await turns(1)
    assert order == ["1", "2", "1", "key"]
    await turns(5)
    assert order == ["1", "2", "1", "key", "1", "1"]
    assert (one.times_fed, other.times_fed) == (1, 1)


async def test_what_is_flushed_is_fed_once() -> None:
    clock, order = Clock(), list[str]()
    fed = Fed(Slices(clock), clock, "1", order)
    data = bytes(range(256)) * 80
    fed.backlog.add(data)
    assert fed.backlog.waiting == data
    fed.backlog.flush()
    assert (fed.data, fed.backlog.waiting, fed.times_fed) == (data, b"", 0)
    fed.backlog.add(b"more")
    await turns(5)
    assert (fed.data, fed.times_fed) == (data + b"more", 1)


async def test_who_waits_for_it_hears_also_after_a_flush() -> None:
    """Else an agent that was read no more would not be read again."""
    clock = Clock()
    fed = Fed(Slices(clock), clock, "1", [])
    fed.backlog.add(bytes(MOST))
    assert fed.backlog.is_full
    fed.backlog.flush()
    assert not fed.backlog.is_full
    await turns(3)
    assert fed.times_fed == 1


async def test_what_is_forgotten_is_not_fed() -> None:
    clock = Clock()
    fed = Fed(Slices(clock), clock, "1", [])
    fed.backlog.add(bytes(MOST))
    fed.backlog.clear()
    fed.backlog.add(b"of the next terminal")
    await turns(3)
    assert fed.data == b"of the next terminal"
