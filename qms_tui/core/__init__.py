"""The application without a screen: agents, inboxes, and all that is done for them by itself."""

from qms_tui.core.agent import Agent
from qms_tui.core.core import Core
from qms_tui.core.state import AgentState
from qms_tui.core.view import AgentView

__all__ = ["Agent", "AgentState", "AgentView", "Core"]
