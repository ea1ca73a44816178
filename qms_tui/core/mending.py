"""Agents whose inbox folder was replaced while they run: their container has the old one till it restarts."""

from __future__ import annotations

import time
from collections.abc import Callable

from qms_tui.activity import Report, Word
from qms_tui.core.agent import Agent

QUIET = 5.0  # seconds that an agent must have been idle, and the human away from it
AGAIN = 600.0  # seconds between two restarts: an agent that lies about its inbox must not keep us busy
REMARK = "its inbox was replaced: what arrives cannot reach it until it is restarted"


class Mending:
    """Says so, and restarts such an agent once nothing can be lost: idle, and nothing typed since."""

    def __init__(self, tell: Callable[[Agent, str], None]) -> None:
        self._tell = tell
        self._said: set[str] = set()
        self._restarted: dict[str, float] = {}  # when, of the monotonic clock

    def look(self, agent: Agent, report: Report) -> bool:
        """Whether there is something to mend still: look again then."""
        if not report.inbox_replaced:
            self._said.discard(agent.name)
            return False
        if agent.name not in self._said:
            self._said.add(agent.name)
            self._tell(agent, REMARK)
        last = self._restarted.get(agent.name, float("-inf"))
        if not _may_restart(agent) or time.monotonic() - last < AGAIN:
            return True
        self._restarted[agent.name] = time.monotonic()
        self._tell(agent, "it is restarted, with its conversation, to get its new inbox")
        agent.restart()
        return False


def _may_restart(agent: Agent) -> bool:
    activity, now = agent.activity, time.time()
    if agent.foreign or activity is None or activity.word is not Word.IDLE:
        return False
    return now - activity.since > QUIET and agent.typed_at < activity.since
