"""The keeper's way of what is typed: from the interfaces' frames into a program, in one order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from qms_tui.errors import EngineError
from qms_tui.ipc.stream import QUEUE_LIMIT, URGENT_ROOM, Stream
from qms_tui.keeper.protocol import Input, Return, receipt_frame, return_frame

_log = logging.getLogger(__name__)


def _ignored(what: int) -> None:
    pass


@dataclass(slots=True)
class Piece:
    """Bytes for the program; whoever typed them hears how many have left, or why none will."""

    data: bytes
    urgent: bool
    on_receipt: Callable[[int], None] = _ignored
    on_return: Callable[[Return], None] = _ignored
    left: int = 0


class ProgramInput:
    """Writes into one program; opened when it is needed, and again after it broke."""

    def __init__(self, open_stream: Callable[[], Awaitable[Stream | None]]) -> None:
        """`open_stream` raises EngineError; None where the output's stream takes input: see `use`."""
        self._open_stream = open_stream
        self._stream: Stream | None = None
        self._is_shared = False  # the stream is somebody else's to read and to close
        self._opening: asyncio.Task[None] | None = None
        self._early: deque[Piece] = deque()  # until the way is open
        self._under_way: deque[Piece] = deque()  # in the stream's queue

    def open_soon(self) -> None:
        """Open the way, without waiting for it."""
        if self._stream is None and self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())

    def write(self, piece: Piece) -> None:
        """Give the program a piece, whole, or return it."""
        piece.left = len(piece.data)
        if self._stream is not None:
            self._send(self._stream, piece)
            return
        waiting = sum(len(each.data) for each in self._early)
        if waiting + len(piece.data) > QUEUE_LIMIT + (URGENT_ROOM if piece.urgent else 0):
            piece.on_return(Return.FULL)
            return
        self._early.append(piece)
        self.open_soon()

    def use(self, stream: Stream) -> None:
        """Write into a stream that somebody else reads and closes, who says what was `sent`."""
        self._stream, self._is_shared = stream, True
        self._send_early(stream)

    def reply(self, data: bytes) -> None:
        """Answer what the program asked; one that asks and never reads gets no more."""
        if self._stream is None or self._stream.queued <= URGENT_ROOM:
            self.write(Piece(data, urgent=True))

    def close(self) -> None:
        """Let go of the program; what waits is forgotten."""
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()
        self._early.clear()
        self._under_way.clear()
        self._break()

    async def _open(self) -> None:
        try:
            stream = await self._open_stream()
        except EngineError as error:
            _log.warning("no way for keys: %s", error)
            early, self._early = self._early, deque()
            for piece in early:
                piece.on_return(Return.NO_WAY)
        else:
            if stream is not None:
                self._stream, self._is_shared = stream, False
                stream.listen(lambda data: None, self._break, on_sent=self.sent)
                self._send_early(stream)
        finally:
            if self._opening is asyncio.current_task():  # else it was given up, and another may be under way
                self._opening = None

    def _send_early(self, stream: Stream) -> None:
        while self._early and self._stream is stream:
            self._send(stream, self._early.popleft())

    def _send(self, stream: Stream, piece: Piece) -> None:
        self._under_way.append(piece)
        if not stream.write(piece.data, urgent=piece.urgent):
            self._under_way.pop()
            piece.on_return(Return.FULL)
        elif piece.left:
            piece.on_receipt(0)

    def sent(self, size: int) -> None:
        """So many bytes have left."""
        while size:
            piece = self._under_way[0]
            step = min(size, piece.left)
            piece.left -= step
            size -= step
            if not piece.left:
                self._under_way.popleft()
            piece.on_receipt(step)

    def _break(self) -> None:
        """The way has ended; what it has not taken is returned, and it is opened again for the next piece."""
        stream, self._stream = self._stream, None
        if stream is not None and not self._is_shared:
            stream.close()
        rest, self._under_way = self._under_way, deque()
        for piece in rest:
            piece.on_return(Return.NO_WAY)


class Typing:
    """What one interface types into one agent, piece by piece, with a receipt for each.

    A piece that the program cannot be given is returned, and all that follows, so that nothing overtakes it;
    the interface sends them again, in their order.

    A receipt is sent in the same breath in which the engine takes the bytes. An interface whose keeper is
    killed sends again what it has no receipt for, so nothing is lost; only what the engine has taken in the
    instant before the kill, without a receipt yet, is there twice.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        """`send` gives the interface a frame."""
        self._send = send
        self._is_barred = False

    def take(self, piece: Input, way: ProgramInput) -> None:
        """Give the program what an INPUT frame brings."""

        def returned(why: Return) -> None:
            self._is_barred = self._is_barred or why is Return.NO_WAY
            self._send(return_frame(piece.number, why))

        self._is_barred = self._is_barred and not piece.again
        if self._is_barred:
            returned(Return.NO_WAY)
        else:
            way.write(
                Piece(
                    piece.data,
                    piece.urgent,
                    lambda size: self._send(receipt_frame(piece.number, size)),
                    returned,
                )
            )
