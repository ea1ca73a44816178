"""Trying something again until it goes well, less and less often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

FIRST, MOST = 0.05, 1.0  # seconds between tries, doubling


class Retry:
    """`attempt` says whether there is nothing more to try. Within a running loop."""

    def __init__(self, attempt: Callable[[], bool]) -> None:
        self._attempt = attempt
        self._timer: asyncio.TimerHandle | None = None
        self._pause = FIRST

    def now(self) -> None:
        """Try at once."""
        self.stop()
        if not self._attempt():
            self.soon()

    def soon(self) -> None:
        """Try a moment later."""
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(self._pause, self.now)
        self._pause = min(2 * self._pause, MOST)

    def begin_anew(self) -> None:
        """What failed before is no reason to wait long."""
        self._pause = FIRST

    def stop(self) -> None:
        """Try no more; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
