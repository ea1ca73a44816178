"""Where an agent's terminal is, of what is told of the agent."""

from __future__ import annotations

from qms_tui.core import AgentState, AgentView
from qms_tui.core.state import REACHABLE_SOON
from qms_tui.ui.terminals.whereabouts import Whereabouts


def whereabouts(agent: AgentView) -> Whereabouts:
    """For the link to its terminal."""
    return Whereabouts(
        agent.terminal,
        reachable=agent.state in REACHABLE_SOON,
        ended=agent.state is AgentState.ENDED,
        starting=agent.state is AgentState.STARTING,
    )
