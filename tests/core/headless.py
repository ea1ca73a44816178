"""The core without any screen: real programs on real PTYs, and a listener that writes down what it hears.

    async with headless(project, "qa", command=SHELL) as house:
        await house.until(lambda: house.state("qa") is AgentState.RUNNING)

Never sleep: `until` waits for a condition and says what had happened when it did not come true.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from qms_tui.config import Config
from qms_tui.core import AgentState, Core
from qms_tui.core.events import (
    AgentChanged,
    CoreEvent,
    InboxChanged,
    ItemsArrived,
    Notice,
    PaneNeeded,
)
from qms_tui.core.servers import Look
from qms_tui.daemon import mapping
from qms_tui.inbox import Past
from qms_tui.project import Project
from qms_tui.runtime import Runtime
from qms_tui.runtime.environment import inherited
from qms_tui.ui.terminals.link import Link
from qms_tui.ui.terminals.terminals import Terminals
from qms_tui.ui.whereabouts import whereabouts
from tests.here import HereRuntime

PATIENCE = 30.0  # seconds; what is waited for takes milliseconds unless the machine is busy
LOOK = 0.02  # seconds between two looks at what nobody tells of
SHELL = ("env", "PS1=free> ", "bash", "--norc", "--noprofile")
E = TypeVar("E", bound=CoreEvent)


class Headless:
    """A core, all that it told, and the terminals of its agents."""

    def __init__(
        self,
        project: Project,
        agents: Sequence[str],
        command: Sequence[str],
        config: Config,
        past: Past | None,
        servers: Look | None,
        runtime: Runtime | None = None,
    ) -> None:
        def environment(agent: str) -> dict[str, str]:
            return inherited(os.environ) | {"QMS_USER": agent, "PS1": "free> "}

        self.events: list[CoreEvent] = []
        self.inboxes: dict[str, int] = {}
        """How many items waited for each agent when that was told last."""
        self.looks_on = True
        """Whether the terminals of agents are shown, at 80x24."""
        self._news = asyncio.Event()
        runs = runtime or HereRuntime(project.root, lambda agent: command, environment)
        self.core = Core(project, config, agents, (), runs, self._hear, past=past, servers=servers)
        self.terminals = Terminals(lambda event: self._news.set())
        """Those of somebody who looks on and types."""

    def link(self, agent: str) -> Link:
        """The way to an agent's terminal."""
        return self.terminals.link(agent)

    def _hear(self, event: CoreEvent) -> None:
        self.events.append(event)
        if isinstance(event, AgentChanged) and self.looks_on:
            self.link(event.view.name).follow(whereabouts(mapping.agent(event.view)))
        if isinstance(event, InboxChanged):
            self.inboxes = {agent.name: self.core.ledger.waiting(agent.name) for agent in self.core.agents}
        if isinstance(event, PaneNeeded):
            self.core.add(event.agent)
            self.core.open(event.agent)
        self._news.set()

    def told(self, kind: type[E]) -> list[E]:
        """What was told of that kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def notices(self) -> list[str]:
        """The texts of all notices."""
        return [notice.text for notice in self.told(Notice)]

    @property
    def arrived(self) -> list[str]:
        """Whose items toasts told of."""
        return [toast.agent for event in self.told(ItemsArrived) for toast in event.toasts]

    def state(self, agent: str) -> AgentState:
        """What was told of the agent last."""
        views = [event.view for event in self.told(AgentChanged) if event.view.name == agent]
        return views[-1].state if views else AgentState.ABSENT

    def text(self, agent: str) -> str:
        """What the agent's terminal shows."""
        return "\n".join(self.link(agent).terminal.display)

    def explained(self, agent: str, source: str) -> str:
        """What a source says of an agent, as far as it says anything."""
        return next((told.said for told in self.core.explain(agent) if told.source == source), "")

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the core work until the condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                views = [(view.name, view.state, view.activity) for view in self.core.views]
                raise AssertionError(f"waited {PATIENCE:g} s in vain: {views}, {self.notices}")
            self._news.clear()
            try:
                async with asyncio.timeout(LOOK):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def running(self, *agents: str) -> None:
        """Wait until their programs run."""
        for agent in agents:
            await self.until(lambda agent=agent: self.state(agent) is AgentState.RUNNING)  # type: ignore[misc]


@asynccontextmanager
async def headless(
    project: Project,
    *agents: str,
    command: Sequence[str] = SHELL,
    config: Config | None = None,
    past: Past | None = None,
    servers: Look | None = None,
    runtime: Runtime | None = None,
) -> AsyncIterator[Headless]:
    """A core with these agents, each of which is opened; `runtime` runs them, if it is not to be a shell."""
    house = Headless(project, agents, command, config or Config(), past, servers, runtime)
    house.core.start()
    house.core.follow_inboxes()
    for agent in agents:
        house.core.open(agent)
    try:
        yield house
    finally:
        house.terminals.close()
        await house.core.close()
