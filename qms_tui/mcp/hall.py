"""The way in over TCP, for agents whose engine cannot mount a socket. Plain: for networks that are trusted.

A connection says its token in its first line; from then on it is one at the agent's own door, with its
bounds. Whoever has not said one yet has little room and little time, and goes first when it gets crowded.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from collections.abc import Callable

from qms_tui.mcp.door import Door
from qms_tui.mcp.jsonrpc import encoded
from qms_tui.mcp.visitor import GREETING

_log = logging.getLogger(__name__)

LONGEST_TOKEN = 512  # bytes of the first line
MOST_NEWCOMERS = 64
BACKLOG = 128
if sys.platform == "darwin":
    _IDLE = socket.TCP_KEEPALIVE
else:
    _IDLE = socket.TCP_KEEPIDLE
# Seconds until a peer that has vanished without a word is missed: first word, between words; words.
KEEPALIVE = ((_IDLE, 15), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))
Find = Callable[[str], Door | None]


class Hall:
    """A listening address, and who has come in and not said who it is."""

    def __init__(self, find: Find) -> None:
        """`find`: the door of the agent with this token."""
        self._find = find
        self._newcomers: dict[Newcomer, None] = {}  # the oldest first
        self._server: asyncio.Server | None = None
        self._refused = 0

    async def open(self, host: str, port: int) -> None:
        """Listen at one IPv4 address. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Newcomer(self), host, port, family=socket.AF_INET, backlog=BACKLOG
        )

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
        for newcomer in list(self._newcomers):
            newcomer.close()

    def came(self, newcomer: Newcomer) -> None:
        """One more; the oldest has to go if there are too many."""
        self._newcomers[newcomer] = None
        if len(self._newcomers) > MOST_NEWCOMERS:
            next(iter(self._newcomers)).close()

    def left(self, newcomer: Newcomer) -> None:
        """It is known, or gone."""
        self._newcomers.pop(newcomer, None)

    def door_for(self, line: bytes) -> Door | None:
        """Where the first line leads."""
        try:
            token = json.loads(line)["token"]
        except (ValueError, KeyError, TypeError, RecursionError):
            token = ""
        door = self._find(token) if isinstance(token, str) else None
        if door is None:
            if self._refused % 1000 == 0:
                _log.warning("a connection without a token that is known (%d before)", self._refused)
            self._refused += 1
        return door


class Newcomer(asyncio.Protocol):
    """A connection that has not said its token."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._transport: asyncio.Transport | None = None
        self._waiting = b""
        self._timeout: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came in."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        keep_alive(transport.get_extra_info("socket"))
        self._timeout = asyncio.get_running_loop().call_later(GREETING, self.close)
        self._hall.came(self)

    def connection_lost(self, error: Exception | None) -> None:
        """And has gone."""
        self._done()

    def data_received(self, data: bytes) -> None:
        """The first line, whole; what follows is for the door."""
        if self._transport is None or self._transport.is_closing():
            return
        self._waiting += data
        line, found, rest = self._waiting.partition(b"\n")
        if len(line) > LONGEST_TOKEN:
            self.close()
        elif found:
            self._done()
            self._go_on(self._transport, self._hall.door_for(line), rest)

    def _go_on(self, transport: asyncio.Transport, door: Door | None, rest: bytes) -> None:
        if door is not None:
            door.admit(transport, rest)
        else:
            transport.write(encoded({"refused": "its token is not known; restart the agent"}) + b"\n")
            transport.close()

    def close(self) -> None:
        """Say no more."""
        self._done()
        if self._transport is not None:
            self._transport.close()

    def _done(self) -> None:
        self._hall.left(self)
        if self._timeout is not None:
            self._timeout.cancel()


def keep_alive(connected: socket.socket) -> None:
    """Have a peer missed that has vanished: a laptop that sleeps says nothing."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        connected.setsockopt(socket.IPPROTO_TCP, option, value)
