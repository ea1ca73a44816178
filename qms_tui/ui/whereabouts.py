"""Where an agent's terminal is, by what its daemon says of it."""

from __future__ import annotations

from qms_tui.api.agents import REACHABLE_SOON, AgentState, AgentView
from qms_tui.ui.terminals.whereabouts import Whereabouts


def whereabouts(agent: AgentView) -> Whereabouts:
    """For the link to its terminal."""
    return Whereabouts(
        agent.terminal,
        reachable=agent.state in REACHABLE_SOON,
        ended=agent.state is AgentState.ENDED,
        starting=agent.state is AgentState.STARTING,
    )
