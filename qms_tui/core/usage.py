"""What each running agent uses, asked for one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from qms_tui.core.agent import Agent
from qms_tui.core.fleet import Fleet
from qms_tui.core.state import REACHABLE_SOON, AgentState
from qms_tui.errors import QmsTuiError
from qms_tui.runtime import Usage

_log = logging.getLogger(__name__)

PAUSE = 2.0  # seconds between an answer and the next question: seven agents are round in 20 s with Docker
LATER = 15.0  # seconds after a question that failed: who fails to answer is not asked more often for it


class UsageRounds:
    """Asks, one question at any time, whatever the runtime does with it; none if no agent runs.

    `on_fact(agent)` is called in the event loop when what it uses is another than was known.
    """

    def __init__(self, fleet: Fleet, on_fact: Callable[[Agent], None]) -> None:
        self._fleet, self._on_fact = fleet, on_fact
        self._asked: dict[str, float] = {}  # when, of the loop's clock
        self._used: dict[str, tuple[float, Usage | None]] = {}  # by the program that began then
        self._task: asyncio.Task[None] | None = None

    def used(self, agent: Agent) -> Usage | None:
        """What its program uses; None if it does not run, or nobody knows yet."""
        began, usage = self._used.get(agent.name, (0.0, None))
        return usage if agent.state in REACHABLE_SOON and began == agent.began else None

    def start(self) -> None:
        """Begin, within the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._go(), name="usage")

    def close(self) -> None:
        """Ask no more; idempotent."""
        if self._task is not None:
            self._task.cancel()

    async def _go(self) -> None:
        pause = PAUSE
        while True:
            await asyncio.sleep(pause)
            pause = PAUSE
            agent = self._next()
            if agent is not None and not await self._ask(agent):
                pause = LATER

    def _next(self) -> Agent | None:
        """Who was asked longest ago. While the engine is away no agent counts as running."""
        running = [agent for agent in self._fleet if agent.state is AgentState.RUNNING]
        return min(running, key=lambda agent: self._asked.get(agent.name, 0.0), default=None)

    async def _ask(self, agent: Agent) -> bool:
        """Whether there was an answer."""
        self._asked[agent.name] = asyncio.get_running_loop().time()
        began = agent.began
        try:
            usage = await self._fleet.runtime.usage(agent.name)
        except QmsTuiError as error:
            _log.info("%s: %s", agent.name, error)
            return False
        if agent.began == began and agent.state is AgentState.RUNNING:  # else it is another program's
            self._take(agent, usage)
        return True

    def _take(self, agent: Agent, usage: Usage | None) -> None:
        known = self.used(agent)
        if usage == known or (usage and known and usage.resembles(known)):
            return
        self._used[agent.name] = agent.began, usage
        self._on_fact(agent)
