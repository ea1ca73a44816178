"""The loop's time between agents: who is fed when, in which order, and who has to wait."""

from __future__ import annotations

import asyncio

from qms_tui.runtime import Closed, Fact, Received, Resized, Size
from qms_tui.ui.terminals.feeder import SLICE, WAITING_MOST, Feeder, Line


class Clock:
    """Each look at it takes a while."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += SLICE / 4
        return self.now


class Eater:
    """Writes down what it was fed, and with whom."""

    def __init__(self, name: str, eaten: list[tuple[str, Fact]]) -> None:
        self.name, self.eaten, self.paused = name, eaten, False

    def take(self, fact: Fact) -> None:
        self.eaten.append((self.name, fact))

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


def table(*names: str) -> tuple[Feeder, list[Line], list[tuple[str, Fact]]]:
    feeder = Feeder(Clock())
    eaten: list[tuple[str, Fact]] = []
    return feeder, [Line(feeder, Eater(name, eaten)) for name in names], eaten


async def test_the_focused_agent_is_fed_at_once() -> None:
    feeder, (one, two), eaten = table("one", "two")
    feeder.focused = two.fed
    one.give(Received(b"1"))
    two.give(Received(b"2"))
    assert eaten == [("two", Received(b"2"))]
    await asyncio.sleep(0)
    assert eaten == [("two", Received(b"2")), ("one", Received(b"1"))]


async def test_facts_keep_their_order() -> None:
    facts: list[Fact] = [Received(b"a"), Resized(Size(80, 24)), Received(b"b"), Closed()]
    feeder, (one,), eaten = table("one")
    for fact in facts:
        one.give(fact)
        feeder.focused = one.fed  # what comes in focus while something waits does not overtake it
    for _ in range(4):
        await asyncio.sleep(0)
    assert [fact for _, fact in eaten] == facts


async def test_the_others_take_turns_in_slices() -> None:
    _, (one, two), eaten = table("one", "two")
    for number in range(20):
        one.give(Received(b"%d" % number))
        two.give(Received(b"%d" % number))
    await asyncio.sleep(0)
    first = len(eaten)
    assert 0 < first < 8, "a slice is a slice: keys are looked for after it"
    assert {name for name, _ in eaten} == {"one", "two"}
    while len(eaten) < 40:
        before = len(eaten)
        await asyncio.sleep(0)
        assert len(eaten) > before


async def test_who_comes_into_focus_is_fed_first() -> None:
    feeder, (one, two), eaten = table("one", "two")
    for number in range(20):
        one.give(Received(b"%d" % number))
    two.give(Received(b"late"))
    feeder.focused = two.fed
    await asyncio.sleep(0)
    assert eaten[0] == ("two", Received(b"late"))


async def test_too_much_waiting_pauses_until_it_is_eaten() -> None:
    _, (one,), eaten = table("one")
    piece = bytes(WAITING_MOST // 4)
    for _ in range(5):
        one.give(Received(piece))
    assert one.fed.paused  # type: ignore[attr-defined]
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(eaten) == 5
    assert not one.fed.paused  # type: ignore[attr-defined]


async def test_what_was_let_go_of_is_not_fed() -> None:
    _, (one,), eaten = table("one")
    one.give(Received(b"old"))
    one.clear()
    one.give(Received(b"new"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert eaten == [("one", Received(b"new"))]
