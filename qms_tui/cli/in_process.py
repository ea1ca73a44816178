"""The application in the process of its one screen: until a process of its own has it."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from qms_tui.config import Config
from qms_tui.core import Core
from qms_tui.core.events import Asked, CoreEvent, Output, Reshaped
from qms_tui.core.link import Link
from qms_tui.inbox import Past
from qms_tui.mcp.lights import Standing
from qms_tui.project import Project
from qms_tui.runtime import Runtime

if TYPE_CHECKING:
    from qms_tui.api.client import Client
    from qms_tui.api.deltas import News
    from qms_tui.daemon.server import Server
    from qms_tui.ui.terminal_links import TerminalListener


class InProcess:
    """The core, served on socket pairs, and the terminals that it holds."""

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
        self._runtime = runtime
        self.server: Server | None = None  # from the first client on
        self._listener: TerminalListener | None = None
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
        listener = self._listener
        if isinstance(event, Output | Reshaped | Asked):
            if listener is not None:
                _pass_on(listener, event)
        elif self.server is not None:
            self.server.hear(event)

    # -- the terminals ----------------------------------------------------------------------------------

    @property
    def outlives(self) -> bool:
        """Whether programs go on when the screen is left."""
        return self._runtime.outlives

    def link(self, agent: str) -> Link:
        """The way to an agent's terminal."""
        return self.core.link(agent)

    def listen(self, listener: TerminalListener) -> None:
        """Tell it from now on."""
        self._listener = listener

    def show_colors(self, colors: Mapping[int, tuple[int, int, int]]) -> None:
        """The colours that programs are told when they ask."""
        self._runtime.show_colors(colors)

    async def close(self) -> None:
        """End the application; agents go on if their runtime says so."""
        if self.server is not None:
            await self.server.close()
        await self.core.close()


def _pass_on(listener: TerminalListener, event: Output | Reshaped | Asked) -> None:
    if isinstance(event, Output):
        listener.show_output(event.agent)
    elif isinstance(event, Reshaped):
        listener.show_terminal(event.agent)
    else:
        listener.answer(event.agent, event.event)
