"""Has large messages read by a process of their own, an agent's one after the other, agents in turn."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from qms_tui.mcp.jsonrpc import Encoded, Message, OpenParams, decoded, is_large, mended
from qms_tui.mcp.large_messages import ANSWER, REQUEST
from qms_tui.mcp.launch import LaunchSpec
from qms_tui.mcp.process import Program

_log = logging.getLogger(__name__)

# Not where projects lie: -P and this folder, so that no file of theirs is taken for a module.
COMMAND = (sys.executable, "-P", "-m", "qms_tui.mcp.large_messages")
PIECE = 256 * 1024  # bytes that are handed on at once
PATIENCE = 30.0  # seconds for one message; the worst take less than one


class LargeReader:
    """The process, started when it is needed, and who waits for it."""

    def __init__(self) -> None:
        self._program: Program | None = None
        self._turn = asyncio.Lock()  # first come, first served
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # of an agent
        self._exchanges: set[asyncio.Task[Message]] = set()
        self._begun: set[asyncio.Task[Message]] = set()  # those of them that the process knows of

    async def read(self, agent: str, pieces: Sequence[bytes], *, strict: bool) -> Message:
        """A line's message, as `decoded` or `mended`. Raises ValueError."""
        if not is_large(pieces):
            line = b"".join(pieces)
            return decoded(line) if strict else mended(line)
        exchange = asyncio.get_running_loop().create_task(self._exchange(agent, pieces, strict))
        self._exchanges.add(exchange)
        exchange.add_done_callback(self._ended)
        try:
            return await asyncio.shield(exchange)  # whoever leaves meanwhile, the answer has to be taken
        except asyncio.CancelledError:
            if exchange not in self._begun:
                exchange.cancel()
            raise

    async def close(self) -> None:
        """Read no more, end the process."""
        for exchange in self._exchanges:
            exchange.cancel()
        await asyncio.gather(*self._exchanges, return_exceptions=True)
        await self._end_process()

    async def _end_process(self) -> None:
        program, self._program = self._program, None
        if program is not None:
            await program.end()

    def _ended(self, exchange: asyncio.Task[Message]) -> None:
        self._exchanges.discard(exchange)
        self._begun.discard(exchange)
        if not exchange.cancelled():
            exchange.exception()  # else it is logged, if nobody wants to know any more

    async def _exchange(self, agent: str, pieces: Sequence[bytes], strict: bool) -> Message:
        async with self._turns[agent], self._turn:
            exchange: asyncio.Task[Message] | None = asyncio.current_task()
            assert exchange is not None
            self._begun.add(exchange)
            return await self._ask_in_time(pieces, strict)

    async def _ask_in_time(self, pieces: Sequence[bytes], strict: bool) -> Message:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ask(pieces, strict)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as problem:
            _log.warning("the reader of large messages: %r", problem)
            await self._end_process()
            raise ValueError("it could not be read") from None

    async def _ask(self, pieces: Sequence[bytes], strict: bool) -> Message:
        program = await self._running()
        writing, reading = program.process.stdin, program.process.stdout
        assert writing is not None
        assert reading is not None
        writing.write(REQUEST.pack(sum(map(len, pieces)), strict))
        for piece in pieces:
            writing.write(piece)
            await writing.drain()
        size, rest = ANSWER.unpack(await reading.readexactly(ANSWER.size))
        head = decoded(await reading.readexactly(size))
        text = []
        while rest:
            text.append(await reading.read(min(rest, PIECE)))
            if not text[-1]:
                raise asyncio.IncompleteReadError(b"", rest)
            rest -= len(text[-1])
        return _message(head, tuple(text), strict)

    async def _running(self) -> Program:
        if self._program is not None and self._program.process.returncode is not None:
            await self._end_process()
        if self._program is None:
            spec = LaunchSpec(COMMAND, Path("/"), os.environ)
            self._program = await Program.start("large", spec, piped=True, limit=2 * PIECE)
        return self._program


def _message(head: Message, text: tuple[bytes, ...], strict: bool) -> Message:
    if "refused" in head:
        raise ValueError(str(head["refused"]))
    key, fields, token = (head.pop(name) for name in ("large", "fields", "token"))
    if strict and key == "params":
        return {**head, key: OpenParams(text, fields, token)}
    return {**head, key: Encoded(text, fields)}
