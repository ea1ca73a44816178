"""Where an agent's terminal is, by what its daemon says of it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

from qms_tui.api.agents import REACHABLE_SOON, AgentState, AgentView
from qms_tui.ui.terminals.whereabouts import Whereabouts


def whereabouts(agent: AgentView) -> Whereabouts:
    """For the link to its terminal."""
    return Whereabouts(
        agent.terminal,
        Path(os.fsdecode(unquote_to_bytes(agent.keeper))) if agent.keeper else None,
        reachable=agent.state in REACHABLE_SOON,
        ended=agent.state is AgentState.ENDED,
        starting=agent.state is AgentState.STARTING,
    )
