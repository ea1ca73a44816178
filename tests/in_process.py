"""The application in the process of its one screen, which has it through sockets as any other."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from qms_tui.config import Config
from qms_tui.core import Core
from qms_tui.core.events import CoreEvent
from qms_tui.inbox import Past
from qms_tui.mcp.lights import Standing
from qms_tui.project import Project
from qms_tui.runtime import Runtime

if TYPE_CHECKING:
    from qms_tui.api.client import Client
    from qms_tui.api.deltas import News
    from qms_tui.daemon.server import Server


class InProcess:
    """The core, served on socket pairs."""

    def __init__(
        self,
        project: Project,
        config: Config,
        agents: Sequence[str],
        roster: Sequence[str],
        runtime: Runtime,
        *,
        past: Past | None = None,
        servers: Callable[[], Awaitable[Standing]] | None = None,
    ) -> None:
        self.core = Core(project, config, agents, roster, runtime, self._hear, past=past, servers=servers)
        self.server: Server | None = None  # from the first client on
        self._follows = False  # inboxes

    async def connect(self, hear: Callable[[News], None]) -> Client:
        """A client that has subscribed; the first one starts the application."""
        from qms_tui.api.client import Client
        from qms_tui.daemon.server import Server

        if self.server is None:
            self.server = Server(self.core)
            self.core.start()
        client = await Client.subscribed(self.endpoint(self.server), "screen", hear)
        if not self._follows:  # now whatever a policy starts is news for the screen
            self._follows = True
            self.core.follow_inboxes()
        return client

    def endpoint(self, server: Server) -> socket.socket:
        """One end of a connection, whose other one is served."""
        ours, theirs = socket.socketpair()
        server.serve(theirs)
        return ours

    def _hear(self, event: CoreEvent) -> None:
        if self.server is not None:
            self.server.hear(event)

    async def close(self) -> None:
        """End the application; agents go on if their runtime says so."""
        if self.server is not None:
            await self.server.close()
        await self.core.close()
