"""What terminals have yet to be fed: in slices, agents in turns, so that a key waits for no output."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

SLICE = 0.002  # seconds that feeding may hold up a key
PIECE = 4096  # bytes that are fed at once: half a millisecond of colourful text
MOST = 32 * 1024  # bytes that wait, then an agent is read no more until they are fed


class Slices:
    """The time of the running loop that feeding takes."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._round: deque[Backlog] = deque()

    def enroll(self, backlog: Backlog) -> None:
        """It has something, and gets its turns until it has nothing."""
        if not self._round:
            asyncio.get_running_loop().call_soon(self._feed)
        self._round.append(backlog)

    def _feed(self) -> None:
        """One slice; the loop looks for keys between two of them."""
        until = self._clock() + SLICE
        while self._round:
            backlog = self._round.popleft()
            if backlog.feed_piece():
                self._round.append(backlog)
            if self._clock() >= until:
                break
        if self._round:
            asyncio.get_running_loop().call_soon(self._feed)


class Backlog:
    """One agent's bytes in their order."""

    def __init__(self, slices: Slices, feed: Callable[[bytes], None], on_fed: Callable[[], None]) -> None:
        """`on_fed` is called when everything is fed; after `flush` or `clear` a moment later."""
        self._slices, self._feed, self._on_fed = slices, feed, on_fed
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._is_enrolled = False

    @property
    def is_full(self) -> bool:
        """Whether no more should be read for now."""
        return self._size >= MOST

    @property
    def waiting(self) -> bytes:
        """What is yet to be fed."""
        return b"".join(self._pieces)

    def add(self, data: bytes) -> None:
        """Feed this in its turn."""
        self._pieces.extend(data[at : at + PIECE] for at in range(0, len(data), PIECE))
        self._size += len(data)
        if self._pieces and not self._is_enrolled:
            self._is_enrolled = True
            self._slices.enroll(self)

    def feed_piece(self) -> bool:
        """Feed the next piece; whether more wait."""
        if self._pieces:
            self._feed_next()
        self._is_enrolled = bool(self._pieces)
        if not self._is_enrolled:
            self._on_fed()
        return self._is_enrolled

    def flush(self) -> None:
        """Feed everything now: somebody needs the terminal as it is after that."""
        while self._pieces:
            self._feed_next()

    def clear(self) -> None:
        """Forget what waits: its terminal is no more."""
        self._pieces.clear()
        self._size = 0

    def _feed_next(self) -> None:
        piece = self._pieces.popleft()
        self._size -= len(piece)
        self._feed(piece)
