"""All agents of one interface, in the order of their panes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from qms_tui.agents.agent import Agent
from qms_tui.agents.events import AgentEvent
from qms_tui.agents.feeder import Feeder
from qms_tui.runtime import Runtime, Size


class Fleet:
    """Owns the agents and the runtime they live in."""

    def __init__(
        self,
        names: Sequence[str],
        runtime: Runtime,
        on_event: Callable[[Agent, AgentEvent], None],
        *,
        scrollback: int = 5000,
    ) -> None:
        self.runtime = runtime
        self._on_event = on_event
        self._scrollback = scrollback
        self._feeder = Feeder()
        self._agents: dict[str, Agent] = {}
        for name in names:
            self.add(name)

    def __iter__(self) -> Iterator[Agent]:
        return iter(self._agents.values())

    def __len__(self) -> int:
        return len(self._agents)

    def __getitem__(self, name: str) -> Agent:
        return self._agents[name]

    def __contains__(self, name: object) -> bool:
        return name in self._agents

    def add(self, name: str) -> Agent:
        """One more agent; it is opened when its pane knows its size."""
        agent = Agent(
            name,
            self.runtime,
            Size(80, 24),
            self._on_event,
            scrollback=self._scrollback,
            feeder=self._feeder,
        )
        self._agents[name] = agent
        return agent

    async def close(self) -> None:
        """Let go of all agents, then of the runtime."""
        await asyncio.gather(*(agent.close() for agent in self))
        await self.runtime.close()
