"""One connection at an agent's socket. An agent is hostile: everything here has a bound.

What comes is read in small pieces, and what is large is read as a message elsewhere (`large_reader.py`):
meanwhile this connection is not listened to, and nobody else waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qms_tui.mcp.budget import Usage
from qms_tui.mcp.jsonrpc import Message, ValueCount, decoded, encoded, is_large, weight
from qms_tui.mcp.lines import Line, LineBuffer
from qms_tui.mcp.session import Session

if TYPE_CHECKING:
    from qms_tui.mcp.door import Door

LONGEST_LINE = 16 * 2**20 + 64  # bytes: a message of the client, and our numbers
LONGEST_HELLO = 256 * 1024  # bytes; also of the memory that it takes
LONGEST_NUMBERS = 64  # bytes of what is before a message
GREETING = 5.0  # seconds to say hello in
SLICE = 0.002  # seconds of one connection's lines, then others come first
AT_ONCE = 64 * 1024  # bytes that are read, or handed over to be sent, at once: a thousand small messages


class Refused(Exception):
    """Why a client is not served; it is told so."""


class Visitor(asyncio.BufferedProtocol):
    """One connection of a bridge, or of somebody who says so."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray(AT_ONCE)
        self._incoming = LineBuffer(LONGEST_LINE)
        self._count = ValueCount()  # of the unfinished line
        self._lines: deque[Line] = deque()  # complete, and not taken yet
        self._usage = Usage(door.budget, self._be_ended)
        self._outgoing: deque[memoryview] = deque()
        self._full = False  # the transport takes no more at the moment
        self._session: Session | None = None
        self._timeout: asyncio.TimerHandle | None = None
        self._next_slice: asyncio.Handle | None = None
        self._large: asyncio.Task[None] | None = None  # a message that is being read elsewhere

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came in."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._timeout = asyncio.get_running_loop().call_later(GREETING, self.close)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection has gone; the session stays for a while."""
        self._transport = None
        if self._timeout is not None:
            self._timeout.cancel()
        self._forget()
        self._door.visitors.discard(self)
        if self._session is not None:
            self._session.detach(self)

    def get_buffer(self, sizehint: int) -> bytearray:
        """Where to put what comes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So much has come."""
        self.hear(bytes(memoryview(self._buffer)[:nbytes]))

    def hear(self, data: bytes) -> None:
        """Take complete lines; whoever says nonsense is shown out."""
        with self._guarded():
            if self._is_there():
                self._usage.add(len(data))
                lines = self._incoming.add(data)
                self._lines += lines
                self._count = ValueCount() if lines else self._count
                self._count.add(data.rpartition(b"\n")[2])  # refused before all of it is here
                if self._incoming.size > (LONGEST_LINE if self._session else LONGEST_HELLO):
                    raise ValueError("a line is too long")
                self._take_lines()

    def listen(self) -> None:
        """Go on reading, or do not, as the door and what is being read say."""
        with contextlib.suppress(RuntimeError):  # closing already
            if self._transport is not None:
                rests = self._door.resting or self._large is not None
                busy = rests or bool(self._lines)
                (self._transport.pause_reading if busy else self._transport.resume_reading)()
                if self._lines and not rests and self._next_slice is None:
                    self._next_slice = asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        """With the lines that are here already."""
        self._next_slice = None
        if not self._door.resting:
            with self._guarded():
                self._take_lines()

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        except (ValueError, TypeError, KeyError) as error:
            self._be_ended(str(error)[:200])
        self._door.worked(time.perf_counter() - begun)

    # -- sending ------------------------------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """Whether everything is on its way."""
        return not self._full and not self._outgoing

    def write(self, *parts: bytes) -> None:
        """Send as the other end reads; what it does not read has no copy here."""
        few = sum(map(len, parts)) <= AT_ONCE
        self._outgoing.extend(memoryview(part) for part in ((b"".join(parts),) if few else parts))
        self._send()

    def pause_writing(self) -> None:
        """The other end does not read as fast as this is sent."""
        self._full = True

    def resume_writing(self) -> None:
        """It has read."""
        self._full = False
        self._send()
        if self._session is not None and self._session.wire is self:
            self._session.pump()

    def _send(self) -> None:
        while self._outgoing and not self._full and self._transport is not None:
            part = self._outgoing.popleft()
            if len(part) > AT_ONCE:
                self._outgoing.appendleft(part[AT_ONCE:])
            self._transport.write(part[:AT_ONCE])

    # -- its end ------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Say no more. Words to somebody who has no session yet are still sent."""
        self._forget()
        if self._transport is not None and self._session is not None:
            self._transport.abort()
        elif self._transport is not None:
            self._transport.close()

    def _forget(self) -> None:
        self._usage.close()
        self._incoming.clear()
        self._lines.clear()
        self._outgoing.clear()
        if self._large is not None:
            self._large.cancel()

    def _be_ended(self, reason: str) -> None:
        self._door.complain(f"a connection was ended: {reason}")
        self.close()

    def _is_there(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    # -- what it says -------------------------------------------------------------------------------------

    def _take_lines(self) -> None:
        until = time.perf_counter() + SLICE
        while self._lines and self._large is None and self._is_there():
            if time.perf_counter() > until:
                self.listen()  # to nobody here, until these are taken
                return
            line = self._lines.popleft()
            if self._session is None:
                self._be_greeted(_hello(line))
            else:
                self._take(self._session, line)
            if self._large is None:
                self._usage.remove(line.size + 1)
        self.listen()

    def _be_greeted(self, hello: Message) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
        try:
            session, welcome = self._door.house.greet(self._door.agent, hello)
        except Refused as refusal:
            self.write(encoded({"refused": str(refusal)}) + b"\n")
            self.close()
            return
        self.write(encoded(welcome) + b"\n")
        self._session = session
        session.attach(self, int(hello.get("received", 0)) if welcome["resumed"] else 0)

    def _take(self, session: Session, line: Line) -> None:
        if not line.whole:
            raise ValueError("a line is too long")
        number, acknowledged, pieces = _numbered(line)
        session.acknowledge(acknowledged)
        if pieces == (b"bye",):
            session.end()
        if number <= session.received or pieces is None:  # an acknowledgement, or what came already
            return
        if is_large(pieces):
            reading = self._read_large(session, number, pieces, line.size + 1)
            self._large = asyncio.get_running_loop().create_task(reading)
            return
        session.received = number  # also if it is nonsense: it must not come again
        text = b"".join(pieces)
        size = weight(text)
        session.take(decoded(text), size)

    async def _read_large(self, session: Session, number: int, pieces: tuple[bytes, ...], size: int) -> None:
        """Take a message that takes long to be read; if the connection breaks meanwhile, it comes again."""
        try:
            message = await self._door.large.read(self._door.agent, pieces, strict=True)
        except ValueError as problem:
            session.received = number
            self._be_ended(str(problem))
            return
        finally:
            self._large = None
        with self._guarded():
            session.received = number
            self._usage.remove(size)
            session.take(message, size)
            self._take_lines()


def _hello(line: Line) -> Message:
    if line.size > LONGEST_HELLO or weight(line.text) > LONGEST_HELLO:
        raise ValueError("a hello that says too much")
    return decoded(line.text)


def _numbered(line: Line) -> tuple[int, int, tuple[bytes, ...] | None]:
    """The numbers before a message, and that, if there is one. Raises ValueError."""
    number, acknowledged, *rest = line.start(LONGEST_NUMBERS).split(b" ", 2)
    pieces = line.after(len(number) + len(acknowledged) + 2) if rest else None
    return int(number), int(acknowledged), pieces
