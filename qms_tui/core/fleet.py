"""All agents that are ours to hold, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from qms_tui.core.agent import Agent
from qms_tui.core.events import AgentEvent
from qms_tui.runtime import Action, ContainerEvent, EngineBack, EngineLost, Runtime, RuntimeEvent


class Fleet:
    """Owns the agents and the runtime they live in."""

    def __init__(
        self,
        names: Sequence[str],
        runtime: Runtime,
        on_event: Callable[[Agent, AgentEvent], None],
        *,
        on_engine: Callable[[RuntimeEvent], None] = lambda event: None,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`on_engine` hears of the engine itself: lost, back, its latency. `ready` is waited for before a
        program is started."""
        self.runtime = runtime
        self._on_event = on_event
        self._on_engine = on_engine
        self._unwatch: Callable[[], None] = lambda: None
        self._ready = ready
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
        """One more agent, which is not opened yet."""
        agent = Agent(name, self.runtime, self._on_event, ready=self._ready)
        self._agents[name] = agent
        return agent

    def watch(self) -> None:
        """Follow, from now on and within the running loop, what happens to the agents from outside."""
        self._unwatch = self.runtime.watch(self._happened)

    def _happened(self, event: RuntimeEvent) -> None:
        if isinstance(event, ContainerEvent):
            if event.agent in self:
                self._happened_to(self[event.agent], event)
            return
        for agent in self:
            if isinstance(event, EngineLost) and self.runtime.isolates(agent.name):
                agent.lose_engine(event.why)
            elif isinstance(event, EngineBack):
                agent.look()
        self._on_engine(event)

    def _happened_to(self, agent: Agent, event: ContainerEvent) -> None:
        its_own = agent.container_id in ("", event.container)  # others may have its labels
        if its_own and event.action is Action.OOM:
            agent.starved(event.at)
        if its_own and event.exit_code is not None:
            agent.died(event.exit_code, event.at)
        agent.look()

    async def close(self) -> None:
        """Let go of all agents, then of the runtime."""
        self._unwatch()
        await asyncio.gather(*(agent.close() for agent in self))
        await self.runtime.close()
