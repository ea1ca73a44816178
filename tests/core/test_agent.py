"""An agent without a screen: its states, its bytes, on real programs in real PTYs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from qms_tui.core import Agent, AgentState
from qms_tui.core.activities import Activities
from qms_tui.core.events import AgentEvent, Notice, Shown
from qms_tui.core.fleet import Fleet
from qms_tui.daemon import mapping
from qms_tui.ipc.stream import QUEUE_LIMIT
from qms_tui.programs.values import Told
from qms_tui.project import Project
from qms_tui.runtime import Condition, Ending, Found, HeldTerminal, Led, Rang, Size
from qms_tui.terminal import Bell
from qms_tui.ui.terminals.events import Asked, LinkEvent, Warned
from qms_tui.ui.terminals.terminals import Terminals
from qms_tui.ui.whereabouts import whereabouts
from tests.here import HereRuntime

PATIENCE = 30.0
SIZE = Size(60, 12)


class Held:
    """An agent, what it told, and a way to wait."""

    def __init__(self, runtime: HereRuntime) -> None:
        self.told: list[AgentEvent | LinkEvent] = []
        self._changed = asyncio.Event()
        self.terminals = Terminals(self._on_link, size=SIZE)
        self.link = self.terminals.link("qa")
        self.agent = Agent("qa", runtime, self._on_event, size=SIZE)

    def _on_event(self, agent: Agent, event: AgentEvent) -> None:
        self.told.append(event)
        self.link.follow(whereabouts(mapping.agent(agent.view)))
        self._changed.set()

    def _on_link(self, event: LinkEvent) -> None:
        self.told.append(event)
        self._changed.set()

    @property
    def text(self) -> str:
        return "\n".join(self.link.terminal.display)

    @property
    def warnings(self) -> list[Warned]:
        return [event for event in self.told if isinstance(event, Warned)]

    async def close(self) -> None:
        self.terminals.close()
        await self.agent.close()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


def found(began: float) -> Found:
    """A program that began then, in seconds since 1970."""
    return Found(Condition.RUNNING, started_at=datetime.fromtimestamp(began, UTC).isoformat())


@asynccontextmanager
async def running(folder: Path, script: str) -> AsyncIterator[Held]:
    """An agent that runs a shell script."""
    runtime = HereRuntime(folder, lambda agent: ("/bin/sh", "-c", script), lambda agent: dict(os.environ))
    held = Held(runtime)
    held.agent.open()
    try:
        yield held
    finally:
        await held.close()
        await runtime.close()


async def test_life(tmp_path: Path) -> None:
    async with running(tmp_path, "echo here; read line; echo got $line; exit 4") as held:
        await held.until(lambda: "here" in held.text)
        assert held.agent.state is AgentState.RUNNING
        held.link.send(b"word\r")
        await held.until(lambda: held.agent.state is AgentState.ENDED)
        assert "got word" in held.text
        assert held.agent.view.ending is not None
        assert held.agent.view.ending.exit_code == 4
        held.agent.restart()
        await held.until(lambda: held.agent.state is AgentState.RUNNING and "here" in held.text)
        assert "got word" not in held.text


async def test_a_program_is_started_when_everything_is_ready_for_it(tmp_path: Path) -> None:
    ready = asyncio.Event()

    async def wait() -> None:
        await ready.wait()

    runtime = HereRuntime(tmp_path, lambda agent: ("sleep", "60"), lambda agent: dict(os.environ))
    states: list[AgentState] = []
    changed = asyncio.Event()

    def hear(agent: Agent, event: AgentEvent) -> None:
        states.append(agent.state)
        changed.set()

    agent = Agent("qa", runtime, hear, ready=wait)
    agent.open()
    try:
        async with asyncio.timeout(PATIENCE):
            while AgentState.STARTING not in states:
                changed.clear()
                await changed.wait()
            assert (await runtime.find("qa")).condition is Condition.ABSENT
            ready.set()
            while AgentState.RUNNING not in states:
                changed.clear()
                await changed.wait()
    finally:
        await agent.close()
        await runtime.close()


async def test_another_users_program_is_neither_restarted_nor_rebuilt(tmp_path: Path) -> None:
    async with running(tmp_path, "echo here; read line; echo got $line; read line") as held:
        await held.until(lambda: "here" in held.text)
        held.agent.recognize(Found(Condition.RUNNING, foreign=True))
        held.agent.restart()
        held.agent.rebuild()
        kept = Notice("qa goes on: only the user who has started it restarts it", "warning", "qa")
        assert held.told.count(kept) == 2
        held.link.send(b"word\r")
        await held.until(lambda: "got word" in held.text)
        held.agent.stop()
        await held.until(lambda: held.agent.state is AgentState.ENDED)
        held.agent.restart()  # the runtime knows whose the agents are by now
        await held.until(lambda: held.agent.state is AgentState.RUNNING and "here" in held.text)
        assert not held.agent.foreign


async def test_an_end_that_the_engine_tells_is_believed_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, "echo here; read line; echo got $line") as held:
        await held.until(lambda: "here" in held.text)
        agent, now = held.agent, time.time()
        agent.recognize(found(now))
        agent.died(137, now - 1)  # of a container before
        assert agent.state is AgentState.RUNNING
        agent.died(137, now + 1)
        assert (agent.state, agent.view.ending) == (AgentState.ENDED, Ending(137, "killed"))
        assert agent.view.clearing
        held.link.send(b"word\r")
        await held.until(lambda: "got word" in held.text)  # what was under way is shown


async def test_what_has_ended_did_so_when_it_ended(tmp_path: Path) -> None:
    """And not when it began; its figures go with it (test_usage.py, test_core.py)."""
    async with running(tmp_path, "echo here; read line") as held:
        await held.until(lambda: "here" in held.text)
        agent, now = held.agent, round(time.time())
        agent.recognize(found(now - 120))
        assert agent.view.since == now - 120
        agent.died(137, now - 6)
        assert (agent.state.value, agent.view.since) == ("exited", now - 6)
        activities = Activities(Fleet([], agent._runtime, print), Project(tmp_path), print)
        assert activities.explain(agent)[0] == Told("engine", "exited", now - 6)
        agent.stop()
        await agent.settled()
        agent.restart()
        await held.until(lambda: agent.state.value == "running")


async def test_replies_reach_the_program(tmp_path: Path) -> None:
    script = r"stty raw -echo; printf '\033[3;5H\033[6n'; printf '[%s]' $(head -c 6 | od -An -tx1)"
    async with running(tmp_path, script) as held:
        await held.until(lambda: "[1b][5b][33][3b][35][52]" in held.text)


async def test_what_is_put_is_not_the_humans(tmp_path: Path) -> None:
    async with running(tmp_path, "read line; echo got $line; read line") as held:
        terminal, taken = held.agent.terminal, list[bool]()
        terminal.put(b"too early\r", taken.append)
        assert taken == [False]
        await held.until(lambda: held.agent.state is AgentState.RUNNING and held.link.attached)
        terminal.put(b"word\r", taken.append)
        await held.until(lambda: "got word" in held.text and len(taken) == 2)
        assert terminal.touched_at < 0
        held.link.paste(b"x")
        await held.until(lambda: "x" in held.text)
        terminal.put(b"behind what is not known yet\r", taken.append)
        await held.until(lambda: terminal.touched_at > 0 and len(taken) == 3)
        terminal.put(b"y", taken.append)
        await held.until(lambda: "xy" in held.text)
        terminal.take(Led(False, "another"))
        terminal.put(b"z", taken.append)
        assert taken == [False, True, False, True, False]
        assert "behind" not in held.text


async def test_bell_comes_up_as_a_fact(tmp_path: Path) -> None:
    async with running(tmp_path, r"printf '\007'; read line") as held:
        await held.until(lambda: Asked("qa", Bell()) in held.told)
        await held.until(lambda: any(isinstance(e, Shown) and isinstance(e.news, Rang) for e in held.told))


async def test_title_is_stripped_and_bounded(tmp_path: Path) -> None:
    script = r"printf '\033]2;%s\tx\033\\' $(head -c 300 /dev/zero | tr '\0' y); read line"
    async with running(tmp_path, script) as held:
        await held.until(lambda: held.agent.view.title)
        assert set(held.agent.view.title) <= {"x", "y"}
        assert len(held.agent.view.title) == 80


async def test_paste_for_a_program_that_does_not_read_is_refused_and_said(tmp_path: Path) -> None:
    async with running(tmp_path, "stty raw -echo; echo ready; exec sleep 1000") as held:
        await held.until(lambda: "ready" in held.text)
        held.link.paste(b"x" * (QUEUE_LIMIT - 1000))
        assert not held.warnings
        held.link.paste(b"y" * 200_000)
        assert "the paste was refused" in held.warnings[0].text
        held.link.send(b"k")  # there is room for keys still
        assert len(held.warnings) == 1


async def test_large_paste_arrives_whole_with_keys_typed_meanwhile_after_it(tmp_path: Path) -> None:
    size = 5_000_000
    script = f"stty raw -echo; echo ready; head -c {size + 3} | sha256sum; sleep 1000"
    data = os.urandom(size // 2).hex().encode()
    async with running(tmp_path, script) as held:
        await held.until(lambda: "ready" in held.text)
        held.link.paste(data)
        for key in b"abc":
            held.link.send(bytes([key]))
        await held.until(lambda: "-" in held.text)
        assert sha256(data + b"abc").hexdigest() in held.text.replace("\n", "")


@pytest.mark.parametrize("quick", [True, False])
async def test_stop_is_final(tmp_path: Path, quick: bool) -> None:
    async with running(tmp_path, "trap '' HUP; echo ready; while :; do sleep 1; done") as held:
        if not quick:
            await held.until(lambda: "ready" in held.text)
        held.agent.stop()
        await held.until(lambda: held.agent.state is AgentState.ENDED)


async def test_command_that_is_missing(tmp_path: Path) -> None:
    runtime = HereRuntime(tmp_path, lambda agent: ("no-such-thing",), lambda agent: dict(os.environ))
    held = Held(runtime)
    held.agent.open()
    await held.until(lambda: held.agent.state is AgentState.FAILED)
    assert held.agent.view.trouble is not None
    assert "no-such-thing" in held.agent.view.trouble.message
    await held.close()
    await runtime.close()


class Clearing(HereRuntime):
    """An engine, on which somebody clears away what has ended."""

    starts = 0

    def isolates(self, agent: str) -> bool:
        return True

    async def find(self, agent: str) -> Found:
        found = await super().find(agent)
        return found if found.alive else Found(Condition.ABSENT)

    async def start(self, agent: str, size: Size, *, fresh: bool = False) -> HeldTerminal:
        self.starts += 1
        return await super().start(agent, size, fresh=fresh)


async def test_what_was_cleared_away_unheard_is_not_started_again(tmp_path: Path) -> None:
    """Whoever was to start it again has slept while somebody else stopped it; a human still starts it."""
    runtime = Clearing(tmp_path, lambda agent: ("/bin/sh", "-c", "exit 3"), lambda agent: dict(os.environ))
    held = Held(runtime)
    held.agent.restart()
    await held.until(lambda: held.agent.state is AgentState.ENDED)
    await held.agent.settled()
    held.agent.start_again()
    await held.agent.settled()
    ending = held.agent.view.ending
    assert (held.agent.state, ending and ending.asked, runtime.starts) == (AgentState.ENDED, True, 1)
    held.agent.restart()
    await held.until(lambda: runtime.starts == 2)
    await held.agent.settled()
    await held.close()
    await runtime.close()
