"""The agents and all of them together: the application without a screen."""

from qms_tui.agents.activities import Activities
from qms_tui.agents.agent import Agent
from qms_tui.agents.events import AgentEvent, Asked, LeaderChanged, Notice, Output, Reshaped, StateChanged
from qms_tui.agents.fleet import Fleet
from qms_tui.agents.mail import Mail, MailArrived, MailChanged, MailEvent, MailTrouble
from qms_tui.agents.policies import Policies
from qms_tui.agents.rounds import Rounds
from qms_tui.agents.state import AgentState

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
