"""A real core with real programs on PTYs, served over real socket pairs to real clients.

async with served(project, "qa") as house:
    client = await house.client()
    await house.until(lambda: client.state("qa") is AgentState.RUNNING)
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from qms_tui.api.agents import AgentState, AgentView
from qms_tui.api.client import Client
from qms_tui.api.commands import Command
from qms_tui.api.deltas import News
from qms_tui.api.errors import ApiError
from qms_tui.api.mirror import Mirror
from qms_tui.config import Config
from qms_tui.core.events import CoreEvent, PaneNeeded
from qms_tui.core.servers import Look
from qms_tui.daemon.server import Server
from qms_tui.inbox import Past
from qms_tui.project import Project
from tests.core.headless import SHELL, Headless

P = TypeVar("P")
R = TypeVar("R")
N = TypeVar("N", bound=News)


class Window:
    """A client that has subscribed, and all news that it heard."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.heard: list[News] = []

    @property
    def mirror(self) -> Mirror:
        assert self.client.mirror is not None
        return self.client.mirror

    def agent(self, name: str) -> AgentView:
        return self.mirror.agents[name]

    def state(self, name: str) -> AgentState:
        return self.agent(name).state

    @property
    def notices(self) -> list[str]:
        return [notice.text for notice in self.mirror.notices]

    def told(self, kind: type[N]) -> list[N]:
        return [news for news in self.heard if isinstance(news, kind)]

    async def ask(self, command: Command[P, R], parameters: P) -> R:
        return await self.client.request(command, parameters)

    async def refused(self, command: Command[P, R], parameters: P) -> ApiError:
        """The error that this leads to, which says what to do."""
        with pytest.raises(ApiError) as raised:
            await self.client.request(command, parameters)
        assert raised.value.hint
        return raised.value


class House(Headless):
    """The core, its server, and its clients."""

    def __init__(
        self,
        project: Project,
        agents: Sequence[str],
        command: Sequence[str],
        config: Config,
        past: Past | None,
        servers: Look | None,
    ) -> None:
        super().__init__(project, agents, command, config, past, servers)
        self.server = Server(self.core)
        self._clients: list[Client] = []

    def _hear(self, event: CoreEvent) -> None:
        if not isinstance(event, PaneNeeded):  # which the server answers
            super()._hear(event)
        self.server.hear(event)

    def socket(self) -> socket.socket:
        """One end, whose other one is served."""
        ours, theirs = socket.socketpair()
        self.server.serve(theirs)
        return ours

    async def visitor(self) -> Client:
        """A client that has not said hello."""
        client = await Client.connect(self.socket())
        self._clients.append(client)
        return client

    async def client(self) -> Window:
        """One that has subscribed."""
        window = Window(await self.visitor())
        await window.client.hello("test")
        await window.client.subscribe(window.heard.append)
        return window

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        await self.server.close()
        await self.core.close()


@asynccontextmanager
async def served(
    project: Project,
    *agents: str,
    command: Sequence[str] = SHELL,
    config: Config | None = None,
    past: Past | None = None,
    servers: Look | None = None,
) -> AsyncIterator[House]:
    """A core with these agents, each of which is opened."""
    house = House(project, agents, command, config or Config(), past, servers)
    house.core.start()
    house.core.follow_inboxes()
    for agent in agents:
        house.core.open(agent)
    try:
        yield house
    finally:
        await house.close()
