"""What the engine says of an agent, as a light."""

from __future__ import annotations

from qms_tui.activity import Light, Verdict
from qms_tui.agents.agent import Agent
from qms_tui.agents.state import AgentState

_VERDICTS = {
    AgentState.RUNNING: Verdict.FINE,
    AgentState.PAUSED: Verdict.WRONG,
    AgentState.FAILED: Verdict.WRONG,
    AgentState.RECONNECTING: Verdict.UNKNOWN,
    AgentState.UNREACHABLE: Verdict.UNKNOWN,
}


def container(agent: Agent) -> Light:
    """Whether its container runs, or why it does not."""
    if not agent.isolated:
        return Light(Verdict.ABSENT, "local: no container")
    state, ending = agent.state, agent.ending
    if state is AgentState.ENDED and ending is not None:
        return Light(Verdict.WRONG if ending.exit_code else Verdict.ABSENT, str(ending))
    trouble = f": {agent.trouble.message}" if agent.trouble is not None else ""
    since = agent.began if state is AgentState.RUNNING else 0.0
    return Light(_VERDICTS.get(state, Verdict.ABSENT), f"{state.value}{trouble}", since)
