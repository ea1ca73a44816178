"""The agents and all of them together: the application without a screen."""

from qms_tui.core.activities import Activities
from qms_tui.core.agent import Agent
from qms_tui.core.events import AgentEvent, Asked, LeaderChanged, Notice, Output, Reshaped, StateChanged
from qms_tui.core.fleet import Fleet
from qms_tui.core.mail import Mail, MailArrived, MailChanged, MailEvent, MailTrouble
from qms_tui.core.policies import Policies
from qms_tui.core.state import AgentState
from qms_tui.core.usage import Rounds

__all__ = [
    "Activities",
    "Agent",
    "AgentEvent",
    "AgentState",
    "Asked",
    "Fleet",
    "LeaderChanged",
    "Mail",
    "MailArrived",
    "MailChanged",
    "MailEvent",
    "MailTrouble",
    "Notice",
    "Output",
    "Policies",
    "Reshaped",
    "Rounds",
    "StateChanged",
]
