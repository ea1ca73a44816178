"""Whether the keeper is there: asked now and then, on one connection for all agents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

HANGS = "the keeper does not answer: the screen may be old, keys wait for it"
PULSE = 0.75  # seconds between questions whether the keeper is there; unanswered until the next one, it hangs


class Pulse:
    """Calls `ask` now and then, and `on_change` with whether it hangs whenever that is another way."""

    def __init__(
        self,
        ask: Callable[[], None],
        on_change: Callable[[bool], None],
        expects: Callable[[], bool] = lambda: True,
    ) -> None:
        """`expects`: whether an answer to what was asked last would be heard still."""
        self._do_ask, self._on_change, self._expects = ask, on_change, expects
        self._timer: asyncio.TimerHandle | None = None
        self._asked = False
        self.hangs = False
        """Whether it has left a question unanswered."""

    def start(self) -> None:
        """Ask from now on."""
        if self._timer is None:
            self._ask()

    def stop(self) -> None:
        """Ask no more: there is nobody to ask."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._asked, self.hangs = None, False, False

    def answered(self) -> None:
        """It said something."""
        self._asked = False
        if self.hangs:
            self.hangs = False
            self._on_change(False)

    def _ask(self) -> None:
        """One that has said nothing since the last question hangs."""
        self._timer = asyncio.get_running_loop().call_later(PULSE, self._ask)
        if not self._asked or not self._expects():
            self._asked = True
            self._do_ask()
        elif not self.hangs:
            self.hangs = True
            self._on_change(True)
