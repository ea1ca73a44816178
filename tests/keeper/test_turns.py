"""What holds the keeper's loop for long has a turn of its own, counted here: other work comes in between."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from qms_tui.errors import JournalError
from qms_tui.keeper.backlog import Slices
from qms_tui.keeper.held import HeldAgent
from qms_tui.keeper.journal.writer import JournalWriter
from qms_tui.keeper.replies import Palette
from qms_tui.keeper.turns import Turns

from .test_held import PATIENCE, SIZE, Container

MANY = 5


class Clock:
    """Counts the turns of the loop in which anything else might be done."""

    def __init__(self) -> None:
        self.turn = 0
        self._tick()

    def _tick(self) -> None:
        self.turn += 1
        self._handle = asyncio.get_running_loop().call_soon(self._tick)

    def stop(self) -> None:
        self._handle.cancel()


class World:
    """Agents that share a loop's time, and in which turns their journals began a file, or tried to."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        slices, turns, palette = Slices(lambda: 0.0), Turns(), Palette()  # no slice is ever over by time
        self.containers = [Container() for _ in range(MANY)]
        self.agents = [
            HeldAgent(f"a{at}", container, folder / f"a{at}", 100, slices, turns, palette)
            for at, container in enumerate(self.containers)
        ]
        self.clock = Clock()
        self.began: list[int] = []
        begin = JournalWriter._begin

        def noted(journal: JournalWriter, snapshot: bytes) -> None:
            self.began.append(self.clock.turn)
            begin(journal, snapshot)

        patch.setattr(JournalWriter, "_begin", noted)

    async def hold(self) -> None:
        for agent in self.agents:
            await agent.hold("c1", SIZE)
        self.began.clear()

    def print(self, data: bytes) -> None:
        for container in self.containers:
            container.print(data)

    async def until_begun(self, count: int = MANY) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.began) < count:  # noqa: ASYNC110 - the agents are in this loop
                await asyncio.sleep(0)

    async def close(self) -> None:
        self.clock.stop()
        for agent, container in zip(self.agents, self.containers, strict=True):
            agent.close()
            container.end(0)
        await asyncio.sleep(0)


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    made = World(tmp_path, monkeypatch)
    await made.hold()
    yield made
    await made.close()


def each_in_its_own(turns: list[int]) -> bool:
    return len(turns) == len(set(turns))


async def test_journals_that_are_full_at_once(world: World) -> None:
    for agent in world.agents:
        agent._kept._journal._full_at = 0
    world.print(b"the one that is too much")
    await world.until_begun()
    assert each_in_its_own(world.began)
    assert all("too much" in agent.terminal.display[0] for agent in world.agents)


async def test_a_disk_that_is_full_for_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tries again, and then once more."""

    def full(journal: JournalWriter, snapshot: bytes) -> None:
        world.began.append(world.clock.turn)
        raise JournalError("no room", hint="")

    monkeypatch.setattr("qms_tui.keeper.kept_terminal.JOURNAL_RETRY", 0.0)
    monkeypatch.setattr(JournalWriter, "_begin", full)
    for agent in world.agents:
        agent._kept._journal._degrade(JournalError("no room", hint=""))
    world.print(b"x")
    await world.until_begun(2 * MANY)
    assert each_in_its_own(world.began)


async def test_journals_that_somebody_has_removed(world: World) -> None:
    for agent in world.agents:
        shutil.rmtree(world.folder / agent.name)
    for _ in range(2):  # the keeper looks every second
        for agent in world.agents:
            agent.keep_journal()
    await world.until_begun()
    assert each_in_its_own(world.began)
    assert len(world.began) == MANY
    assert all((world.folder / agent.name / "container").exists() for agent in world.agents)


async def test_agents_that_a_new_keeper_takes_up(world: World) -> None:
    for agent, container in zip(world.agents, world.containers, strict=True):
        agent._program.let_go()
        container.end(None)
    await asyncio.gather(*(agent.take_up("c1") for agent in world.agents))
    assert len(world.began) == MANY
    assert each_in_its_own(world.began)


async def test_work_that_fails_keeps_none_from_its_turn() -> None:
    turns, done = Turns(), list[int]()

    def note(number: int) -> Callable[[], None]:
        return lambda: done.append(number)

    def fail() -> None:
        raise ZeroDivisionError

    complaints: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: complaints.append(context["exception"]))
    for work in (note(1), fail, note(2)):
        turns.do(work)
    given_up = loop.create_task(turns.own())
    await asyncio.sleep(0)
    given_up.cancel()
    await turns.own()
    assert done == [1, 2]
    assert [type(each) for each in complaints] == [ZeroDivisionError]
