"""What a program says at once: the first screen that shows it is to hear that, and not only to see it."""

from __future__ import annotations

import time

MOST = 64 * 1024  # bytes that are kept
SOON = 5.0  # seconds in which a screen comes that was waiting for the program


class Beginning:
    """A terminal as it was before a program's first byte, and all output since."""

    def __init__(self, state: bytes) -> None:
        self.state = state
        self.output = b""
        self._until = time.monotonic() + SOON

    def add(self, data: bytes) -> Beginning | None:
        """The same with more output; None once that is too much, or too late."""
        if time.monotonic() > self._until or len(self.output) + len(data) > MOST:
            return None
        self.output += data
        return self
