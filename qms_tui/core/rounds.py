"""One fact, one round of decisions, and never one within another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from qms_tui.core.agent import Agent

SOONEST = 0.02  # seconds until time alone leads to another round, at least


class Rounds:
    """Whatever is new of an agent is a fact. What a round causes is one too, and has its round after it.

    `decide(agent)` is the round; it says when there has to be another one if nothing happens until then, in
    seconds since 1970, or None.
    """

    def __init__(self, decide: Callable[[Agent], float | None]) -> None:
        self._decide = decide
        self._due: dict[str, Agent] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._is_going = self._closed = False

    def fact(self, agent: Agent) -> None:
        """There is something new of it: its round is at once, or after the one that goes on.

        At once, because what comes next may come over it: no state may pass unseen.
        """
        self._due[agent.name] = agent
        if self._is_going:
            return
        self._is_going = True
        try:
            while self._due and not self._closed:
                self._go(self._due.pop(next(iter(self._due))))
        finally:
            self._is_going = False

    def close(self) -> None:
        """No more; idempotent."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()

    def _go(self, agent: Agent) -> None:
        if timer := self._timers.pop(agent.name, None):
            timer.cancel()
        again = self._decide(agent)
        if again is not None and not self._closed:
            delay = max(SOONEST, again - time.time())
            loop = asyncio.get_running_loop()
            self._timers[agent.name] = loop.call_later(delay, self.fact, agent)
