"""Agents whose inbox folder was replaced while they run: their container has the old one till it restarts."""

from __future__ import annotations

import time
from collections.abc import Callable

from qms_tui.core.view import AgentView
from qms_tui.programs.report import Report
from qms_tui.programs.values import Word

QUIET = 5.0  # seconds that an agent must have been idle, and the human away from it
PERIOD = 1.0  # seconds between looks at an agent whose inbox was replaced
AGAIN = 600.0  # seconds between two restarts: an agent that lies about its inbox must not keep us busy
REMARK = "its inbox was replaced: what arrives cannot reach it until it is restarted"


class Mending:
    """Says so, and restarts such an agent once nothing can be lost: idle, and nothing typed since."""

    def __init__(self, tell: Callable[[str, str], None], restart: Callable[[str], None]) -> None:
        """Both get an agent's name; `tell` what to say of it, too."""
        self._tell, self._restart = tell, restart
        self._said: set[str] = set()
        self._restarted: dict[str, float] = {}  # when, of the monotonic clock

    def look(self, agent: AgentView, report: Report) -> float | None:
        """When to look again, in seconds since 1970, if there is something to mend still."""
        if not report.inbox_replaced:
            self._said.discard(agent.name)
            return None
        if agent.name not in self._said:
            self._said.add(agent.name)
            self._tell(agent.name, REMARK)
        last = self._restarted.get(agent.name, float("-inf"))
        if not _may_restart(agent) or time.monotonic() - last < AGAIN:
            return time.time() + PERIOD
        self._restarted[agent.name] = time.monotonic()
        self._tell(agent.name, "it is restarted, with its conversation, to get its new inbox")
        self._restart(agent.name)
        return None


def _may_restart(agent: AgentView) -> bool:
    activity, now = agent.activity, time.time()
    if agent.foreign or activity is None or activity.word is not Word.IDLE:
        return False
    return now - activity.since > QUIET and agent.typed_at < activity.since
