"""What a journal keeps while it cannot write: the newest facts, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from qms_tui.keeper.journal.records import Fact, Output, Snapshot

_EACH = 256  # bytes that a fact costs besides its content


class Memory:
    """Facts and when they were (monotonic seconds), together at most `limit` bytes; the oldest go."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._facts: deque[tuple[float, Fact]] = deque()
        self._size = 0
        self._lost_from: float | None = None
        self.dropped = 0
        """Bytes of output that are lost."""

    def add(self, time: float, fact: Fact) -> None:
        """Keep a fact; a state that is larger than all the room is left out, since output tells the same."""
        if isinstance(fact, Snapshot) and _size(fact) > self._limit:
            return
        self._facts.append((time, fact))
        self._size += _size(fact)
        while self._size > self._limit:
            self._drop()

    def __iter__(self) -> Iterator[tuple[float, Fact]]:
        return iter(self._facts)

    @property
    def lost(self) -> tuple[float, float] | None:
        """From when to when (monotonic seconds) facts are missing before those that are here."""
        if self._lost_from is None:
            return None
        return self._lost_from, self._lost_until

    def _drop(self) -> None:
        time, fact = self._facts.popleft()
        self._size -= _size(fact)
        self._lost_from = time if self._lost_from is None else self._lost_from
        self._lost_until = time
        self.dropped += len(fact.data) if isinstance(fact, Output) else 0


def _size(fact: Fact) -> int:
    match fact:
        case Output(content) | Snapshot(content):
            return len(content) + _EACH
    return 2 * _EACH
