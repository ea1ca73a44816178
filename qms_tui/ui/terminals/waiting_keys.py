"""Keys for a program that cannot be reached now."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from qms_tui.terminal import Modes

TYPED_MOST = 4096  # keys that are kept: minutes of fast typing

Key = Callable[[Modes], bytes | None]
"""A key as the bytes that it is for a program with these modes."""


class WaitingKeys:
    """In their order."""

    def __init__(self) -> None:
        self._keys: deque[Key] = deque()

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: Key) -> bool:
        """Keep one more; False if there are too many."""
        if len(self._keys) == TYPED_MOST:
            return False
        self._keys.append(key)
        return True

    def put_back(self, data: bytes) -> None:
        """What was given already and has not arrived comes first."""
        if data:
            self._keys.appendleft(lambda modes: data)

    def next(self) -> Key:
        """Take the first one out."""
        return self._keys.popleft()

    def clear(self) -> None:
        """Nobody shall get them."""
        self._keys.clear()
