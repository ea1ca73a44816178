"""The loop's time shared between agents: the focused one is fed at once, the others share slices."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from qms_tui.runtime import Fact, Received

SLICE = 0.004  # seconds that the other agents' output may hold up a key
WAITING_MOST = 64 * 1024  # bytes that wait for their turn, then an agent is read no more for a while


class Fed(Protocol):
    """Whoever takes facts, and can do without for a while."""

    def take(self, fact: Fact) -> None:
        """Act on a fact."""

    def pause(self) -> None:
        """Give no more facts for now."""

    def resume(self) -> None:
        """Give facts again."""


class Line:
    """One agent's facts in their order, and its place in the feeder's round."""

    def __init__(self, feeder: Feeder, fed: Fed) -> None:
        self._feeder = feeder
        self.fed = fed
        self._facts: deque[Fact] = deque()
        self._bytes = 0
        self._paused = self._at_once = False

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within it facts need not wait for their turn."""
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def give(self, fact: Fact) -> None:
        """Hand a fact on: at once if the agent is focused and nothing waits, else in its turn."""
        if not self._facts and (self._at_once or self._feeder.focused is self.fed):
            self.fed.take(fact)
            return
        if not self._facts:
            self._feeder.enroll(self)
        self._facts.append(fact)
        self._bytes += _weight(fact)
        if self._bytes > WAITING_MOST and not self._paused:
            self._paused = True
            self.fed.pause()

    def next(self) -> bool:
        """Feed one fact; whether more wait."""
        if self._facts:
            fact = self._facts.popleft()
            self._bytes -= _weight(fact)
            self.fed.take(fact)
        if not self._facts and self._paused:
            self._paused = False
            self.fed.resume()
        return bool(self._facts)

    def clear(self) -> None:
        """Forget what waits: it is of an attachment that was let go."""
        self._facts.clear()
        self._bytes, self._paused = 0, False


class Feeder:
    """Gives each line its turn within the running loop."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.focused: Fed | None = None
        self._round: deque[Line] = deque()

    def enroll(self, line: Line) -> None:
        """The line has something; it gets its turns until it has nothing."""
        if not self._round:
            asyncio.get_running_loop().call_soon(self._feed)
        self._round.append(line)

    def _feed(self) -> None:
        """One slice; the loop looks for keys between two of them."""
        until = self._clock() + SLICE
        while self._round:
            line = self._next_line()
            if line.next():
                self._round.append(line)
            if self._clock() >= until:
                break
        if self._round:
            asyncio.get_running_loop().call_soon(self._feed)

    def _next_line(self) -> Line:
        """The focused agent's, which may have come into focus while it waited, else whose turn it is."""
        for line in self._round:
            if line.fed is self.focused:
                self._round.remove(line)
                return line
        return self._round.popleft()


def _weight(fact: Fact) -> int:
    return len(fact.data) if isinstance(fact, Received) else 0
