"""Work that holds the keeper's loop for long: one piece in a turn; keys and output come in between."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Turns:
    """Of the running loop. Saving a terminal with a full history takes some ms, and there may be many."""

    def __init__(self) -> None:
        self._work: deque[Callable[[], None]] = deque()

    def do(self, work: Callable[[], None]) -> None:
        """Call this soon, in a turn in which no other work is done."""
        if not self._work:
            asyncio.get_running_loop().call_soon(self._next)
        self._work.append(work)

    async def own(self) -> None:
        """Wait for such a turn: what the caller does up to its next await is the work."""
        ours = asyncio.get_running_loop().create_future()
        self.do(lambda: None if ours.done() else ours.set_result(None))
        await ours

    def _next(self) -> None:
        try:
            self._work[0]()
        finally:
            self._work.popleft()
            if self._work:
                asyncio.get_running_loop().call_soon(self._next)
