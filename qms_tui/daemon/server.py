"""Serves one core to any number of clients, each on a connected socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from socket import socket
from typing import Any

from qms_tui.api import wire
from qms_tui.api.errors import ApiError, ErrorCode
from qms_tui.api.stream import close, finish, open_stream
from qms_tui.core import Core
from qms_tui.core.events import CoreEvent, PaneNeeded
from qms_tui.daemon.connection import Connection
from qms_tui.daemon.host import Host
from qms_tui.daemon.publisher import Publisher
from qms_tui.daemon.requests import Requests

MOST_CLIENTS = 64  # screens and commands of one human; each costs at most a snapshot and its answers


class Server:
    """Within the core's event loop; whoever makes the core hands on to `hear` what it tells."""

    def __init__(self, core: Core, host: Host | None = None) -> None:
        """`host` is the process around the core; without, clients cannot ask for what only that can do."""
        self._core, self._host = core, host
        self.publisher = Publisher(core)
        self._servers_in_view: set[object] = set()
        self._clients: set[asyncio.Task[None]] = set()
        self._refusals: set[asyncio.Task[None]] = set()

    def hear(self, event: CoreEvent) -> None:
        """The core tells this."""
        if isinstance(event, PaneNeeded):
            self._core.add(event.agent)
            self.publisher.show(self._core.view(event.agent))
            self._core.open(event.agent)
        else:
            self.publisher.hear(event)

    def serve(self, endpoint: socket) -> None:
        """Answer whoever is at the other end, until either ends; the socket is the server's from now on."""
        if len(self._clients) < MOST_CLIENTS:
            self._keep(self._clients, self._serve(endpoint), endpoint)
        else:
            self._keep(self._refusals, _turn_away(endpoint), endpoint)

    @property
    def clients(self) -> int:
        """How many there are."""
        return len(self._clients)

    async def close(self) -> None:
        """Let go of all clients; idempotent."""
        clients = *self._clients, *self._refusals
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    @staticmethod
    def _keep(tasks: set[asyncio.Task[None]], serving: Coroutine[Any, Any, None], endpoint: socket) -> None:
        """As long as it lasts; one that is let go before it has begun leaves the socket open."""
        task = asyncio.get_running_loop().create_task(serving, name="client")
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(lambda task: endpoint.close())

    async def _serve(self, endpoint: socket) -> None:
        reader, writer = await open_stream(endpoint, wire.LONGEST_REQUEST)
        requests = Requests(self._core, self.publisher, self._servers_in_view, self._host)
        with contextlib.suppress(asyncio.CancelledError):
            await Connection(reader, writer, requests, self.publisher).serve()


async def _turn_away(endpoint: socket) -> None:
    reader, writer = await open_stream(endpoint, wire.LONGEST_REQUEST)
    said = ApiError(ErrorCode.BUSY, f"there are {MOST_CLIENTS} clients already", "close a screen")
    await finish(reader, writer, wire.refusal(None, said))
    await close(writer)
