"""Something that is done at once when it is asked for, and not more often than once in a period."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Paced:
    """Whatever is asked for meanwhile is done together, when the period is over. Within a running loop."""

    def __init__(self, period: float, act: Callable[[], None]) -> None:
        """`period` is in seconds."""
        self._period, self._act = period, act
        self._timer: asyncio.TimerHandle | None = None
        self._is_wanted = False

    def ask(self) -> None:
        """Do it now, or as soon as may be."""
        if self._timer is None:
            self._do()
        else:
            self._is_wanted = True

    @property
    def is_wanted(self) -> bool:
        """Whether it waits until it may be done."""
        return self._is_wanted

    def claim(self) -> bool:
        """Whether it waits; then whoever asks does it now, in its place."""
        is_wanted = self._is_wanted
        if is_wanted:
            self._begin_period()
        return is_wanted

    def close(self) -> None:
        """Do nothing any more of what waits; idempotent."""
        self._is_wanted = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _do(self) -> None:
        self._begin_period()
        self._act()

    def _begin_period(self) -> None:
        self.close()
        self._timer = asyncio.get_running_loop().call_later(self._period, self._over)

    def _over(self) -> None:
        self._timer = None
        if self._is_wanted:
            self._do()
