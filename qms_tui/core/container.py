"""What the engine says of an agent, as a light."""

from __future__ import annotations

from qms_tui.activity import Health, Light
from qms_tui.core.state import AgentState
from qms_tui.core.view import AgentView

_HEALTH = {
    AgentState.RUNNING: Health.FINE,
    AgentState.PAUSED: Health.WRONG,
    AgentState.FAILED: Health.WRONG,
    AgentState.RECONNECTING: Health.UNKNOWN,
    AgentState.UNREACHABLE: Health.UNKNOWN,
}


def container(agent: AgentView) -> Light:
    """Whether its container runs, or why it does not."""
    if not agent.isolated:
        return Light(Health.ABSENT, "local: no container")
    state, ending = agent.state, agent.ending
    if state is AgentState.ENDED and ending is not None:
        return Light(Health.WRONG if ending.exit_code else Health.ABSENT, str(ending))
    why = agent.trouble.message if agent.trouble is not None else ""
    if state is AgentState.PAUSED:
        why = agent.remark
    trouble = f": {why}" if why else ""
    since = agent.began if state is AgentState.RUNNING else 0.0
    return Light(_HEALTH.get(state, Health.ABSENT), f"{state.value}{trouble}", since)
