"""What agents use, asked for in turn: of real programs, and of a runtime that fails or hangs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from qms_tui.core import Agent, AgentState, usage
from qms_tui.core.fleet import Fleet
from qms_tui.core.usage import UsageRounds
from qms_tui.errors import EngineError
from qms_tui.runtime import Usage
from qms_tui.runtime.usage import SHORTEST
from tests.here import HereRuntime

PATIENCE = 30.0


class Asked(HereRuntime):
    """Notes who is asked for; then answers as told, or never."""

    def __init__(self, folder: Path, script: str, answer: Callable[[], Usage] | None = None) -> None:
        super().__init__(folder, lambda agent: ("/bin/sh", "-c", script), lambda agent: dict(os.environ))
        self.asked: list[str] = []
        self.hangs = False
        self._answer = answer

    async def usage(self, agent: str) -> Usage | None:
        self.asked.append(agent)
        if self.hangs:
            await asyncio.Event().wait()
        return self._answer() if self._answer else await super().usage(agent)


class House:
    """A fleet on its rounds, and what changed."""

    def __init__(self, runtime: Asked, names: tuple[str, ...]) -> None:
        self.runtime = runtime
        self.changed: list[str] = []
        self.fleet = Fleet(names, runtime, lambda agent, event: None)
        self.rounds = UsageRounds(self.fleet, self._take)

    def _take(self, agent: Agent) -> None:
        self.changed.append(agent.name)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def going_round(runtime: Asked, *names: str, idle: tuple[str, ...] = ()) -> AsyncIterator[House]:
    """Agents that run, others that were never started, and somebody who asks."""
    house = House(runtime, (*names, *idle))
    for name in names:
        house.fleet[name].open()
    await house.until(lambda: all(house.fleet[name].state is AgentState.RUNNING for name in names))
    house.rounds.start()
    try:
        yield house
    finally:
        house.rounds.close()
        await house.fleet.close()


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "PAUSE", 0.05)


async def test_what_a_real_program_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child's time counts too."""
    monkeypatch.setattr(usage, "PAUSE", 2 * SHORTEST)
    runtime = Asked(tmp_path, "(while :; do :; done)")
    async with going_round(runtime, "busy") as house:
        busy = house.fleet["busy"]
        await house.until(lambda: (used := house.rounds.used(busy)) and (used.cpu or 0.0) > 0.2)
        used = house.rounds.used(busy)
        assert used is not None
        assert 2**18 < used.memory < 2**28
        assert used.limit == 0
        busy.stop()
        await house.until(lambda: busy.state is AgentState.ENDED)
        assert house.rounds.used(busy) is None
        assert await runtime.usage("busy") is None


async def test_each_in_turn_and_only_those_that_run(tmp_path: Path) -> None:
    runtime = Asked(tmp_path, "read line", lambda: Usage(0.1, 1000))
    async with going_round(runtime, "claude", "qa", idle=("bu",)) as house:
        await house.until(lambda: len(runtime.asked) >= 6)
        assert runtime.asked[:6] == ["claude", "qa"] * 3
        assert house.changed == ["claude", "qa"]
        house.fleet["qa"].lose_engine("away")
        count = len(runtime.asked)
        await house.until(lambda: len(runtime.asked) > count + 2)
        assert set(runtime.asked[count + 1 :]) == {"claude"}


async def test_one_that_hangs_is_asked_once(tmp_path: Path) -> None:
    runtime = Asked(tmp_path, "read line; echo got $line; read line")
    runtime.hangs = True
    async with going_round(runtime, "claude", "qa") as house:
        await house.until(lambda: runtime.asked)
        claude = house.fleet["claude"]
        shown: list[str] = []

        def word_is_there() -> bool:
            claude.terminal.look(lambda terminal: shown.append("".join(terminal.display)))
            return any("got word" in each for each in shown)

        claude.terminal.put(b"word\r", lambda taken: None)
        await house.until(word_is_there)
        assert runtime.asked == ["claude"]


async def test_one_that_fails_is_asked_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Usage:
        raise EngineError("cannot tell", hint="")

    monkeypatch.setattr(usage, "LATER", 0.3)
    runtime = Asked(tmp_path, "read line", fail)
    async with going_round(runtime, "claude", "qa") as house:
        began = asyncio.get_running_loop().time()
        await house.until(lambda: len(runtime.asked) == 3)
        assert asyncio.get_running_loop().time() - began > 2 * usage.LATER
        assert runtime.asked == ["claude", "qa", "claude"]
        assert house.rounds.used(house.fleet["qa"]) is None


async def test_figures_are_those_of_the_program_that_runs(tmp_path: Path) -> None:
    runtime = Asked(tmp_path, "read line", lambda: Usage(0.1, 1000))
    async with going_round(runtime, "qa") as house:
        qa = house.fleet["qa"]
        await house.until(lambda: house.rounds.used(qa))
        house.rounds.close()
        qa.restart()
        await qa.settled()
        assert qa.state is AgentState.RUNNING
        assert house.rounds.used(qa) is None
