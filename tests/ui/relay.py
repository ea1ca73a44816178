"""What stands between a screen and its daemon: it can be cut, refuse, and hold all bytes up.

For the screen that is a daemon that was killed, does not start, or hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

from qms_tui.api.client import Client
from qms_tui.api.errors import ConnectionLost
from qms_tui.daemon.server import Server
from tests.in_process import InProcess


class Relay:
    """Passes bytes on, on real sockets."""

    def __init__(self) -> None:
        self.refuses = False
        self.tries = 0
        self._goes_on = asyncio.Event()
        self._goes_on.set()
        self._ends: list[socket.socket] = []
        self._pumps: set[asyncio.Task[None]] = set()

    def hang(self) -> None:
        """Nothing comes through any more, and nobody is told."""
        self._goes_on.clear()

    def go_on(self) -> None:
        """What was held up comes."""
        self._goes_on.set()

    def cut(self) -> None:
        """The connections end, and no other one comes before `refuses` is False."""
        self.refuses = True
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def endpoint(self, daemons: socket.socket) -> socket.socket:
        """The screen's end of a connection to the daemon's."""
        screens, ours = socket.socketpair()
        for end in (ours, daemons):
            end.setblocking(False)
            self._ends.append(end)
        for source, sink in ((ours, daemons), (daemons, ours)):
            pump = asyncio.get_running_loop().create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)
        return screens

    async def close(self) -> None:
        """Let go of the sockets."""
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        for end in self._ends:
            end.close()

    async def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await loop.sock_recv(source, 65536):
                await self._goes_on.wait()
                await loop.sock_sendall(sink, data)
            sink.shutdown(socket.SHUT_RDWR)


class House(InProcess):
    """The application in this process, behind a relay if the test has one."""

    def __init__(self, *args: Any, relay: Relay | None, **more: Any) -> None:
        super().__init__(*args, **more)
        self._relay = relay

    async def connect(self, hear: Any) -> Client:
        if self._relay is not None:
            self._relay.tries += 1
            if self._relay.refuses:
                raise ConnectionLost("no daemon", "start one")
        return await super().connect(hear)

    def endpoint(self, server: Server) -> socket.socket:
        daemons = super().endpoint(server)
        return self._relay.endpoint(daemons) if self._relay is not None else daemons

    async def close(self) -> None:
        await super().close()
        if self._relay is not None:
            await self._relay.close()
