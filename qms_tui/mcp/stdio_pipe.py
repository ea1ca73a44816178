"""The two pipes to a server's program, as lines: what waits for it to be read, and what it says.

Everything goes in small pieces, so a large message of one agent holds up nobody at another server.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from qms_tui.mcp.lines import Line, LineBuffer
from qms_tui.mcp.process import Program

MOST_UNREAD = 2**20  # bytes that wait for the server to read; then calls wait before they are written
PIECE = 64 * 1024  # bytes that are written at once
READ = 256 * 1024  # bytes that are read at once: what the event loop takes from a pipe
MOST_READ_AHEAD = 2**20  # bytes; with less a program waits for us, and we for it, at each piece


class StdioPipe:
    """Of one start of a program."""

    def __init__(self, program: Program, longest: int) -> None:
        """`longest`: bytes of a line of the program that is wanted whole."""
        assert program.process.stdin is not None
        assert program.process.stdout is not None
        self._process, self._longest = program.process, longest
        self._stdin, self._stdout = program.process.stdin, program.process.stdout
        self._stdin.transport.set_write_buffer_limits(high=PIECE)
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._room = asyncio.Event()
        self._room.set()
        self._writing: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Write no more."""
        if self._writing is not None:
            self._writing.cancel()
        self._waiting.clear()
        self._room.set()

    @property
    def open(self) -> bool:
        """Whether somebody may read what is written."""
        return not self._stdin.is_closing() and self._process.returncode is None

    @property
    def full(self) -> bool:
        """Whether so much waits that no more should."""
        return not self._room.is_set()

    async def have_room(self) -> None:
        """Wait until most has been read, or nobody reads any more."""
        while self.full:
            await self._room.wait()

    def write(self, pieces: tuple[bytes, ...]) -> None:
        """Have a line be written, whole, after those before it."""
        self._waiting.extend((*pieces, b"\n") if len(pieces) > 1 else (pieces[0] + b"\n",))
        self._size += sum(map(len, pieces)) + 1
        if self._size > MOST_UNREAD:
            self._room.clear()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_all())

    async def _write_all(self) -> None:
        with contextlib.suppress(ConnectionError):  # how the program ended is found out elsewhere
            while self._waiting:
                piece = self._waiting.popleft()
                for begin in range(0, len(piece), PIECE):
                    self._stdin.write(piece[begin : begin + PIECE])
                    await self._stdin.drain()
                self._size -= len(piece)
                if self._size <= MOST_UNREAD:
                    self._room.set()
        self._waiting.clear()
        self._size = 0
        self._room.set()

    async def lines(self) -> AsyncIterator[Line]:
        """What the program says, until its end; what is no whole line then is left out."""
        buffer = LineBuffer(self._longest)
        while data := await self._stdout.read(READ):
            for line in buffer.add(data):
                yield line
                await asyncio.sleep(0)  # many short lines: others come between
            await asyncio.sleep(0)
