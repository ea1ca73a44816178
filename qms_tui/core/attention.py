"""Which agents wait for the human, and in which order they should be seen to. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from qms_tui.core.view import AgentView
from qms_tui.programs.values import Activity, Word

_URGENCY = (Word.NEEDS_YOU, Word.ERROR, Word.RUNNING)


def waiting(agents: Iterable[AgentView]) -> list[str]:
    """Who waits for the human, the longest first; then who has failed, then who has only rung."""
    queue = [
        (_URGENCY.index(agent.activity.word), agent.activity.since, number, agent.name)
        for number, agent in enumerate(agents)
        if agent.activity is not None and _wants(agent.activity)
    ]
    return [name for *_, name in sorted(queue)]


def _wants(activity: Activity) -> bool:
    """Whether a human should go there: a program that says no more than that it runs has rung."""
    return activity.word in _URGENCY[:2] or (activity.word is Word.RUNNING and bool(activity.detail))
