"""The screen's way of what is typed, through the keeper: each piece waits for the keeper's receipt.

Whatever has none when the keeper is killed is given to the next one; a keeper that hangs has it as soon as it
goes on. What the keeper returns since the program can be given nothing now, an engine being away, is given
again a moment later, before all that was typed after it.

So no key is lost, and none is there twice but in the instant in which the keeper is killed between the
engine's taking it and the receipt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from qms_tui.ipc.stream import QUEUE_LIMIT, URGENT_ROOM, Stream
from qms_tui.keeper.protocol import Input, Return

RETRY = 0.5  # seconds until what could not be given is given again


@dataclass(slots=True)
class _Piece:
    data: bytes
    urgent: bool
    human: bool
    taken: int = 0  # bytes that have a receipt
    is_returned: bool = False

    @property
    def rest(self) -> bytes:
        return self.data[self.taken :]


class Keys:
    """Of one attachment. `on_refused` is called with how many bytes were taken and did not arrive."""

    def __init__(self, keeper: Stream, on_refused: Callable[[int], None]) -> None:
        self._keeper, self._on_refused = keeper, on_refused
        self._pieces: dict[int, _Piece] = {}  # in the order in which they were sent
        self._later: list[_Piece] = []  # typed behind what was returned
        self._number = 0
        self._retry: asyncio.TimerHandle | None = None

    def write(self, data: bytes, *, urgent: bool = False, human: bool = False) -> bool:
        """Queue bytes for the program; False if it reads too slowly."""
        if not self.has_room(len(data), urgent=urgent):
            return False
        piece = _Piece(data, urgent, human)
        if not data:
            return True
        if self._is_barred:
            self._later.append(piece)
            return True
        return self._send(piece)

    def has_room(self, size: int, *, urgent: bool = False) -> bool:
        """Whether so many bytes would be queued."""
        waiting = sum(len(piece.data) - piece.taken for piece in self._waiting)
        return waiting + size <= QUEUE_LIMIT + (URGENT_ROOM if urgent else 0)

    @property
    def unsent(self) -> bytes:
        """What has no receipt: it is for the next keeper."""
        return b"".join(piece.rest for piece in self._waiting)

    def on_receipt(self, number: int, size: int) -> None:
        """The keeper gives a receipt."""
        piece = self._pieces.get(number)
        if piece is not None:
            piece.taken += size
            if piece.taken >= len(piece.data):
                del self._pieces[number]

    def on_return(self, number: int, why: Return) -> None:
        """The keeper does not take a piece."""
        piece = self._pieces.get(number)
        if piece is None:
            return
        if why is Return.FULL:
            del self._pieces[number]
            self._on_refused(len(piece.rest))
        else:
            piece.is_returned = True
        # All that is on its way comes back as well; only then the order is clear.
        if (
            self._is_barred
            and self._retry is None
            and all(each.is_returned for each in self._pieces.values())
        ):
            self._retry = asyncio.get_running_loop().call_later(RETRY, self._send_again)

    def close(self) -> None:
        """Wait for nothing any more."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    @property
    def _waiting(self) -> Iterable[_Piece]:
        return *self._pieces.values(), *self._later

    @property
    def _is_barred(self) -> bool:
        return any(piece.is_returned for piece in self._pieces.values())

    def _send_again(self) -> None:
        self._retry = None
        pieces = [_Piece(piece.rest, piece.urgent, piece.human) for piece in self._waiting]
        self._pieces, self._later = {}, []
        for piece in pieces:
            if not self._send(piece, again=piece is pieces[0]):
                self._on_refused(len(piece.data))

    def _send(self, piece: _Piece, *, again: bool = False) -> bool:
        """False if it does not fit. To a keeper that is gone it is as good as sent: the next one gets it."""
        self._number = (self._number + 1) % 2**32
        self._pieces[self._number] = piece
        words = Input(self._number, piece.data, piece.urgent, piece.human, again).encode()
        if not self._keeper.write(words, urgent=True) and not self._keeper.closed:
            del self._pieces[self._number]
            return False
        return True
