"""The states of an agent, and the endings that are not its program's own."""

from __future__ import annotations

from enum import Enum

from qms_tui.runtime import Ending


class AgentState(Enum):
    """One word for the human."""

    ABSENT = "not started"
    STARTING = "starting"
    ATTACHING = "attaching"
    RUNNING = "running"
    PAUSED = "paused"
    RECONNECTING = "reconnecting"
    STOPPING = "stopping"
    ENDED = "exited"
    FAILED = "cannot start"
    UNREACHABLE = "unreachable"


HELD = (AgentState.RUNNING, AgentState.PAUSED)
# While held without an attachment, it is being found out whether the program has ended.
REACHABLE_SOON = (*HELD, AgentState.ATTACHING, AgentState.RECONNECTING, AgentState.UNREACHABLE)
UNDER_WAY = (AgentState.STARTING, AgentState.ATTACHING, AgentState.STOPPING)
STARTABLE = (AgentState.ABSENT, AgentState.ENDED, AgentState.FAILED)
STOPPED_BY_YOU = "stopped by you"


def stopped(why: str) -> Ending:
    """How a program ended that we have stopped."""
    return Ending(None, why, asked=True)


def removed(before: Ending | None) -> Ending:
    """How a program ended whose container is gone; what was known before stays known."""
    if before is not None and before.asked:
        return before
    return Ending(before.exit_code if before else None, "the container was removed", asked=True)
