"""The newest deltas as lines, for all clients together: none has a queue of its own. PURE."""

from __future__ import annotations

from collections import deque

MOST_BYTES = 4 * 1024 * 1024  # of all lines: a burst of thousands of changes; later ones push older ones out


class DeltaLog:
    """Lines numbered from 1."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lines: deque[bytes] = deque()
        self._size = 0
        self.last = 0
        """The number of the newest; 0 before the first."""

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return self._size

    def add(self, line: bytes) -> None:
        """The next one."""
        self._lines.append(line)
        self._size += len(line)
        self.last += 1
        while self._size > self._most:
            self._size -= len(self._lines.popleft())

    def line(self, number: int) -> bytes | None:
        """One of those up to the last; None if it is no longer kept."""
        place = number - self.last + len(self._lines) - 1
        return self._lines[place] if place >= 0 else None
