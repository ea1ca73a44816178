"""Something that is done soon after it is asked for, and never so often that it takes the time of keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic


class Pace:
    """Whatever is asked for until then is done together. Within a running loop."""

    def __init__(self, period: float, share: float, act: Callable[[], None]) -> None:
        """At least `period` seconds lie between two times, and `share` times as long as the last one took."""
        self._period, self._share, self._act = period, share, act
        self._next = 0.0  # of the monotonic clock, which is the loop's
        self._timer: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Do it in the loop's next turn, or as soon as may be."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._next), self._do)

    def close(self) -> None:
        """Do nothing any more; idempotent."""
        if self._timer is not None:
            self._timer.cancel()

    def _do(self) -> None:
        self._timer = None
        began = monotonic()
        self._act()
        now = monotonic()
        self._next = now + max(self._period, self._share * (now - began))
