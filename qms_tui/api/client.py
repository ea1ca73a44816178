"""The way to a daemon.

client = await Client.connect(socket)
await client.hello("screen")
mirror = await client.subscribe(show)
await client.request(RESTART, Restart("qa"))
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from socket import socket
from typing import Any, TypeVar

import msgspec

from qms_tui.api import wire
from qms_tui.api.commands import HELLO, SUBSCRIBE, VERSION, Command, Hello, Nothing, Version, Welcome
from qms_tui.api.deltas import TYPES, News
from qms_tui.api.errors import ApiError, ConnectionLost, ErrorCode
from qms_tui.api.mirror import Mirror
from qms_tui.api.stream import close, open_stream, read_line

P = TypeVar("P")
R = TypeVar("R")
_AGAIN = "run the command again, or open the screen again"


class _Numbered(msgspec.Struct, frozen=True):
    """What is read of news whose kind is not known."""

    number: int = 0


class Client:
    """One connection, within one event loop. Errors are ApiError of the daemon, or ConnectionLost."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._ids = count(1)
        self._pending: dict[wire.Id, tuple[Command[Any, Any], asyncio.Future[Any]]] = {}
        self._hear: Callable[[News], None] = _nothing
        self._lost: ConnectionLost | None = None
        self.mirror: Mirror | None = None
        """What the daemon knows, once subscribed."""
        self.remarks: tuple[str, ...] = ()
        """What a human should know of agents that the daemon holds for this client."""
        self._reading = asyncio.get_running_loop().create_task(self._read(), name="daemon's client")

    @classmethod
    async def connect(cls, endpoint: socket) -> Client:
        """A client on a connected socket, which is its own from now on."""
        return cls(*await open_stream(endpoint, wire.LONGEST_ANSWER))

    @classmethod
    async def subscribed(cls, endpoint: socket, name: str, hear: Callable[[News], None]) -> Client:
        """The same, which has said hello by that name and subscribed."""
        client = await cls.connect(endpoint)
        try:
            await client.hello(name)
            await client.subscribe(hear)
        except BaseException:
            await client.close()
            raise
        return client

    async def hello(self, client: str, version: Version = VERSION) -> Welcome:
        """Say who asks; before anything else. Raises ApiError if the daemon is of another version."""
        welcome = await self.request(HELLO, Hello(version, client))
        if not version.understands(welcome.version):
            raise ApiError(
                ErrorCode.OTHER_VERSION,
                f"the daemon speaks {welcome.version}, this qms-tui {version}",
                "use the same version of qms-tui as whoever started it",
            )
        return welcome

    async def subscribe(self, hear: Callable[[News], None] | None = None) -> Mirror:
        """What the daemon knows; from now on `hear` is called with all news, once the mirror has them."""
        self._hear = hear or _nothing
        await self.request(SUBSCRIBE, Nothing())
        assert self.mirror is not None
        return self.mirror

    async def request(self, command: Command[P, R], parameters: P) -> R:
        """Ask for something, and wait for what becomes of it."""
        if self._lost is not None:
            raise self._lost
        id = next(self._ids)
        line = wire.request(id, command.name, parameters)
        if len(line) > wire.LONGEST_REQUEST:
            raise ApiError(ErrorCode.TOO_LONG, "this is too long for one request", "send less at a time")
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._pending[id] = command, future
        try:
            self._writer.write(line)
            return await future
        finally:
            self._pending.pop(id, None)

    async def wait_lost(self) -> ConnectionLost:
        """Wait for the connection's end; why it ended."""
        await asyncio.wait([self._reading])
        assert self._lost is not None
        return self._lost

    async def close(self) -> None:
        """Idempotent."""
        self._reading.cancel()
        await asyncio.wait([self._reading])
        self._lose(ConnectionLost("the connection to the daemon is closed", _AGAIN))
        await close(self._writer)

    async def _read(self) -> None:
        try:
            while (line := await read_line(self._reader)) is not None:
                self._take(line)
                await asyncio.sleep(0)  # others go on in between, however much there is to read
            self._lose(ConnectionLost("the daemon has ended the connection", _AGAIN))
        except ConnectionLost as error:
            self._lose(error)
        except ApiError as error:
            said = f"the daemon says what makes no sense: {error.message}"
            self._lose(ConnectionLost(said, "use the same version of qms-tui as whoever started it"))
        finally:
            self._lose(ConnectionLost("the connection to the daemon is broken", _AGAIN))
            self._writer.close()

    def _take(self, line: bytes) -> None:
        reply = wire.read_reply(line)
        if isinstance(reply, wire.Notification):
            self._take_news(reply)
        elif reply.id is None:
            assert isinstance(reply.result, ApiError)
            raise ConnectionLost(reply.result.message, reply.result.hint)
        elif (pending := self._pending.get(reply.id)) is not None:
            self._answer(*pending, reply.result)

    def _take_news(self, notification: wire.Notification) -> None:
        if self.mirror is None:
            return
        kind = TYPES.get(notification.method)
        if kind is None:  # of a newer version
            self.mirror.count(wire.decode(_Numbered, notification.parameters).number)
            return
        news = wire.decode(kind, notification.parameters)
        self.mirror.take(news)
        self._hear(news)

    def _answer(
        self, command: Command[Any, Any], future: asyncio.Future[Any], said: bytes | ApiError
    ) -> None:
        """At once, and not when its task goes on: what follows an answer may need it."""
        result = wire.decode(command.result, said) if isinstance(said, bytes) else said
        if command is SUBSCRIBE and not isinstance(result, ApiError):
            self.mirror = Mirror(result)
        if future.done():
            return
        if isinstance(result, ApiError):
            future.set_exception(result)
        else:
            future.set_result(result)

    def _lose(self, why: ConnectionLost) -> None:
        if self._lost is None:
            self._lost = why
        for _, future in self._pending.values():
            if not future.done():
                future.set_exception(self._lost)


def _nothing(news: News) -> None:
    pass
