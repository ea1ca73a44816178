"""The agents of one project as the interface holds them, and a way to wait for what they say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from qms_tui.core import Agent, AgentState
from qms_tui.core.events import AgentEvent, Notice, StateChanged
from qms_tui.core.fleet import Fleet
from qms_tui.runtime import RuntimeEvent, Size

from .direct import DirectRuntime
from .engine import ANSWER_SECONDS
from .straight import Straight

TRUTH = 2.0  # seconds within which a pane must tell what happened from outside


class Watched:
    """A fleet, all that it told, and when an agent came into a state."""

    def __init__(self, direct: DirectRuntime, names: Sequence[str]) -> None:
        self._runtime = runtime = Straight(direct)
        self.engine: list[RuntimeEvent] = []
        self.notices: list[str] = []
        self.states: list[tuple[str, AgentState]] = []
        self._changed = asyncio.Event()
        self.fleet = Fleet(names, runtime, self._on_event, on_engine=self._on_engine)

    def __getitem__(self, name: str) -> Agent:
        return self.fleet[name]

    def _on_event(self, agent: Agent, event: AgentEvent) -> None:
        if isinstance(event, StateChanged):
            self.states.append((agent.name, agent.state))
        elif isinstance(event, Notice):
            self.notices.append(event.text)
        self._changed.set()

    def _on_engine(self, event: RuntimeEvent) -> None:
        self.engine.append(event)
        self._changed.set()

    async def until(self, condition: Callable[[], object], within: float = ANSWER_SECONDS) -> float:
        """Wait for it; the seconds that took."""
        begin = time.monotonic()
        try:
            async with asyncio.timeout(within):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            now = {agent.name: (agent.state, agent.view.ending, agent.view.trouble) for agent in self.fleet}
            raise AssertionError(f"not within {within} s: {now}, {self.states}, {self.engine}") from None
        return time.monotonic() - begin

    async def says(self, name: str, *states: AgentState) -> float:
        """Wait for an agent to be in one of these states."""
        return await self.until(lambda: self[name].state in states, TRUTH)

    async def shows(self, name: str, text: str, within: float = ANSWER_SECONDS) -> float:
        """Wait for a text on an agent's screen."""
        return await self.until(lambda: text in self._runtime.text(name), within)

    def type(self, name: str, data: bytes) -> None:
        """Give the agent's program keys."""
        self[name].terminal.put(data, lambda taken: None)

    async def answers(self, name: str, word: str) -> None:
        """The agent's program reads what is typed, and we read what it says."""
        self.type(name, word.encode() + b"\r")
        await self.shows(name, f"echo:{word}")


@asynccontextmanager
async def watched(runtime: DirectRuntime, *names: str) -> AsyncIterator[Watched]:
    """Open these agents and wait until their programs answer."""
    held = Watched(runtime, names)
    held.fleet.watch()
    try:
        for agent in held.fleet:
            agent.resize(Size(70, 20))
            agent.open()
        for agent in held.fleet:
            await held.until(lambda agent=agent: agent.state is AgentState.RUNNING)  # type: ignore[misc]
            await held.answers(agent.name, "hello")
        yield held
    finally:
        await held.fleet.close()
