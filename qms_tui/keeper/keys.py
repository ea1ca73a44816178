"""The interface's way of what is typed: through the keeper, and past it once that does not answer.

Each piece waits for the keeper's receipt. Whatever has none goes straight to the engine: at once when the
keeper was killed, or has returned it (since it came too late, or no way into the container is open); when the
keeper hangs, as soon as it would not take it any more (input.STALE). Whoever passes the keeper by does so for
the rest of the attachment: two ways at once have no order.

A program of this machine has no other way: its keys wait for a keeper that hangs, and for the next one if it
was killed.

So no key is lost, and none is there twice but in the instant in which the keeper is killed, or stopped,
between the engine's taking it and the receipt.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from qms_tui.ipc.stream import QUEUE_LIMIT, URGENT_ROOM, Stream
from qms_tui.keeper.input import STALE
from qms_tui.keeper.protocol import Input, Return

_log = logging.getLogger(__name__)

PATIENCE = STALE + 0.25  # seconds without a word of the keeper's after which a key goes another way


@dataclass(slots=True)
class _Piece:
    data: bytes
    urgent: bool
    at: float
    accepted: bool = False  # the keeper has it, but the program does not read
    taken: int = 0  # bytes that have a receipt

    @property
    def left(self) -> int:
        return len(self.data) - self.taken


class Keys:
    """Of one attachment. `on_refused` is called with what the program did not get although it was taken."""

    def __init__(self, keeper: Stream, engine: Stream | None, on_refused: Callable[[int], None]) -> None:
        """`engine` is the way past the keeper, if there is one."""
        self._keeper, self._engine, self._on_refused = keeper, engine, on_refused
        self._pieces: dict[int, _Piece] = {}
        self._number = 0
        self._heard_at = time.monotonic()
        self._hangs = self._returned = False
        self._later: list[_Piece] = []  # typed while it hangs, for the way past it
        self._timer: asyncio.TimerHandle | None = None
        self.is_paused = False
        """Whether nothing of the keeper is read for now: then its silence means nothing."""
        self.is_direct = False
        """Whether the keeper is passed by."""

    def write(self, data: bytes, *, urgent: bool = False) -> bool:
        """Queue bytes for the program; False if it reads too slowly."""
        if self.is_direct and self._engine is not None:
            return self._engine.write(data, urgent=urgent)
        if not self.has_room(len(data), urgent=urgent):
            return False
        piece = _Piece(data, urgent, time.monotonic())
        if not data:
            pass
        elif self._hangs:
            self._later.append(piece)
        else:
            return self._send(piece)
        return True

    def has_room(self, size: int, *, urgent: bool = False) -> bool:
        """Whether so many bytes would be queued."""
        if self.is_direct and self._engine is not None:
            return self._engine.has_room(size, urgent=urgent)
        if self._hangs and self._is_stuck:
            return False
        waiting = sum(piece.left for piece in (*self._pieces.values(), *self._later))
        return waiting + size <= QUEUE_LIMIT + (URGENT_ROOM if urgent else 0)

    def on_receipt(self, number: int, size: int) -> None:
        """The keeper gives a receipt."""
        piece = self._pieces.get(number)
        if piece is None:
            return
        piece.accepted = True
        piece.taken += size
        if piece.left <= 0:
            del self._pieces[number]
        if self._returned:
            self._pass_by()

    def on_return(self, number: int, why: Return) -> None:
        """The keeper does not take a piece."""
        if why is Return.FULL or self._engine is None:
            piece = self._pieces.pop(number, None)
            if piece is not None:
                self._on_refused(piece.left)
        elif number in self._pieces:
            self._pieces[number].accepted = False
            self._returned = self._hangs = True
            self._pass_by()

    def on_answer(self) -> None:
        """The keeper said something."""
        self._heard_at = time.monotonic()
        if self._hangs and not self._returned and not self.is_direct:
            self._hangs = False
            later, self._later = self._later, []
            for piece in later:
                if not self._send(piece):
                    self._on_refused(piece.left)

    def on_silence(self) -> None:
        """The keeper hangs: keys go past it, once it would take none that it was given before."""
        if not self._hangs and not self.is_direct and self._engine is not None:
            self._hangs = True
            self.close()
            self._look()

    def on_loss(self) -> bytes:
        """The keeper is gone, and was heard to its end; what the next one is to have."""
        if self._engine is None:
            pieces, self._pieces = self._pieces.values(), {}
            return b"".join(piece.data[piece.taken :] for piece in pieces)
        if not self.is_direct:
            self._go_direct(self._engine)
        if self._engine.queued:
            self._on_refused(self._engine.queued)
        return b""

    def close(self) -> None:
        """Wait for nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def _is_stuck(self) -> bool:
        """Whether the keeper has bytes for a program that does not read: nothing may overtake them."""
        return any(piece.accepted for piece in self._pieces.values())

    def _send(self, piece: _Piece) -> bool:
        """False if it does not fit; to a keeper that is gone it is as good as sent, and goes on with it."""
        self._number = (self._number + 1) % 2**32
        piece.at = time.monotonic()
        self._pieces[self._number] = piece
        until = piece.at if self._engine is not None else math.inf  # else it comes never too late
        words = Input(self._number, until, piece.urgent, piece.data).encode()
        if not self._keeper.write(words, urgent=True) and not self._keeper.closed:
            del self._pieces[self._number]
            return False
        self._watch()
        return True

    def _watch(self) -> None:
        """Look whether the keeper hangs when a piece has waited for long."""
        if self._timer is None and self._engine is not None:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._look)

    def _look(self) -> None:
        """All that came in by now has been heard before: the loop reads first."""
        self._timer = None
        waiting = [piece.at for piece in self._pieces.values() if not piece.accepted]
        old = time.monotonic() - PATIENCE
        if waiting and waiting[0] <= old and self._heard_at < waiting[0] and not self.is_paused:
            self._hangs = True
        if self._hangs and not self.is_direct:
            self._pass_by_when_safe(max(waiting, default=old))
        elif waiting:
            self._watch()

    def _pass_by_when_safe(self, newest: float) -> None:
        """Only when the keeper would not take any more what it was given last."""
        delay = newest + PATIENCE - time.monotonic()
        if delay <= 0:
            self._pass_by()
        else:
            self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _pass_by(self) -> None:
        """Go the other way, unless that would overtake what the keeper has."""
        if self._engine is not None and not self.is_direct and not self._is_stuck:
            self._go_direct(self._engine)

    def _go_direct(self, engine: Stream) -> None:
        """Everything without a receipt, and all that follows, goes straight to the engine."""
        self.is_direct = True
        _log.info("keys go past the keeper")
        pieces = (*self._pieces.values(), *self._later)
        self._pieces, self._later = {}, []
        for piece in pieces:
            if not engine.write(piece.data[piece.taken :], urgent=piece.urgent):
                self._on_refused(piece.left)
