"""One client: its requests are answered, and what is new is sent to it as quickly as it reads."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable

from qms_tui.api import wire
from qms_tui.api.commands import COMMANDS, SUBSCRIBE
from qms_tui.api.deltas import Gap
from qms_tui.api.errors import ApiError, ErrorCode
from qms_tui.api.stream import close, finish, read_line
from qms_tui.daemon.publisher import Publisher
from qms_tui.daemon.requests import Requests
from qms_tui.errors import QmsTuiError

_log = logging.getLogger(__name__)

MOST_AT_ONCE = 32  # requests of one client that are under way; it waits with the next one
_FATAL = (ErrorCode.NOT_JSON, ErrorCode.TOO_LONG)  # where the next line begins nobody knows


class Connection:
    """Owns the stream. A client that does not read holds up itself: nothing waits for it but `MOST_BUFFERED`
    bytes, the answers to what it has asked for, and one snapshot."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        requests: Requests,
        publisher: Publisher,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._requests, self._publisher = requests, publisher
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()
        self._pump: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Until the client goes, or says what makes no sense."""
        try:
            while (line := await read_line(self._reader)) is not None:
                await self._take(line)
                await self._writer.drain()
                await asyncio.sleep(0)  # others go on in between, however much it asks for
        except ApiError as error:
            await finish(self._reader, self._writer, wire.refusal(None, error))
        except OSError as error:
            _log.info("a client is gone: %s", error)
        finally:
            await self._close()

    # -- what it asks for -------------------------------------------------------------------------------

    async def _take(self, line: bytes) -> None:
        try:
            request = wire.read_request(line)
        except ApiError as error:
            if error.code in _FATAL:
                raise
            self._writer.write(wire.refusal(None, error))
            return
        await self._room.acquire()
        self._begin(request)

    def _begin(self, request: wire.Request) -> None:
        """What takes no time is done at once, in the order in which it is asked for."""
        try:
            result = self._ask(request)
        except Exception as error:
            result = self._refusal(request, error)
        if inspect.isawaitable(result):
            task = asyncio.get_running_loop().create_task(self._finish(request, result))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        else:
            self._answer(request, result)

    def _ask(self, request: wire.Request) -> object:
        self._requests.check(request.method)
        parameters = wire.decode(COMMANDS[request.method].parameters, request.parameters)
        return self._requests.handlers[request.method](parameters)

    async def _finish(self, request: wire.Request, result: Awaitable[object]) -> None:
        try:
            done = await result
        except Exception as error:
            done = self._refusal(request, error)
        self._answer(request, done)

    def _answer(self, request: wire.Request, result: object) -> None:
        self._room.release()
        if isinstance(result, ApiError):
            self._writer.write(wire.refusal(request.id, result))
            return
        self._writer.write(wire.answer(request.id, result))
        if request.method == SUBSCRIBE.name:
            self._follow()

    def _refusal(self, request: wire.Request, error: Exception) -> ApiError:
        if isinstance(error, ApiError):
            return error
        if isinstance(error, QmsTuiError):
            return ApiError(ErrorCode.FAILED, error.message, error.hint)
        _log.error("%s", request.method, exc_info=error)  # one client's boundary: the others go on
        return ApiError(ErrorCode.UNEXPECTED, f"unexpected {type(error).__name__}", "see the log file")

    # -- what it is sent --------------------------------------------------------------------------------

    def _follow(self) -> None:
        """From the snapshot on that it has just got."""
        if self._pump is not None:
            self._pump.cancel()
        self._pump = asyncio.get_running_loop().create_task(self._send_news(self._publisher.log.last))

    async def _send_news(self, number: int) -> None:
        """All after that number; the pause between two is as long as the client makes it."""
        log, mirror = self._publisher.log, self._publisher.mirror
        while True:
            await self._publisher.past(number)
            line = log.line(number + 1)
            if line is None:
                self._writer.write(wire.notification(Gap(log.last, number + 1)))
                self._writer.write(wire.notification(mirror.snapshot))
                number = log.last
            else:
                self._writer.write(line)
                number += 1
            try:
                await self._writer.drain()
            except OSError:
                return
            await asyncio.sleep(0)  # others go on in between

    # -- the end ----------------------------------------------------------------------------------------

    async def _close(self) -> None:
        self._requests.forget()
        for task in (*self._under_way, *([self._pump] if self._pump else [])):
            task.cancel()
        await close(self._writer)
