"""How far agents are, and what will be done to them: as the daemon knows it, else as far as can be seen.

What a daemon knows may be of a moment before or after what the engine says: of a program that runs, or has
ended, the engine's word counts.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from qms_tui.runtime import Condition, Ending, Found

if TYPE_CHECKING:
    from qms_tui.api.agents import AgentView

# By a daemon's words for states (qms_tui/api/agents.py), which are not imported where no daemon runs.
_STATES = {
    Condition.ABSENT: "absent",
    Condition.RUNNING: "running",
    Condition.PAUSED: "paused",
    Condition.EXITED: "ended",
}
_CONDITIONS = {state: condition for condition, state in _STATES.items()}
_UNDER_WAY = {
    "starting": "starting",
    "stopping": "stopping",
    "failed": "cannot start",
}
"""What is not to be seen without a daemon, in words for people; the rest is between it and its keeper."""


class AgentStanding(Struct, frozen=True):
    """`state` in a daemon's words, `plan` what will be done without a human, `trouble` what keeps it from
    starting; both empty without a daemon, which alone does anything by itself."""

    state: str
    plan: str = ""
    trouble: str = ""

    @property
    def word(self) -> str:
        """What the condition does not tell, for people."""
        return _UNDER_WAY.get(self.state, "")


def standing_of(found: Found, view: AgentView | None) -> AgentStanding:
    """How far it is."""
    seen = _STATES[found.condition]
    if view is None:
        return AgentStanding(seen)
    trouble = view.trouble.message if view.trouble is not None and view.state.value == "failed" else ""
    state = view.state.value
    return AgentStanding(state if state in _UNDER_WAY else seen, view.plan, trouble)


def has_news(view: AgentView) -> bool:
    """Whether there is something to say of an agent of which nothing is to be seen."""
    return bool(view.plan) or view.state.value in _UNDER_WAY


def is_there(view: AgentView) -> bool:
    """Whether there is a program, or what is left of one that nobody has cleared away."""
    ending, state = view.ending, view.state.value
    return state in ("running", "paused") or (state == "ended" and ending is not None and not ending.asked)


def found_by(view: AgentView) -> Found:
    """What a daemon says of it, where nobody else can."""
    condition, began = _CONDITIONS.get(view.state.value, Condition.ABSENT), ""
    if view.began > 0:
        began = datetime.fromtimestamp(view.began, UTC).isoformat()
    if condition is not Condition.EXITED or view.ending is None:
        return Found(
            condition, started_at=began, foreign=view.foreign, wrong=view.wrong, id=view.container_id
        )
    return Found(condition, Ending(view.ending.exit_code, view.ending.reason), began, ended=view.ended_at)
