"""What the core tells whoever listens to it, as values."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from msgspec import Struct

from qms_tui.core.view import AgentView
from qms_tui.inbox import Toast
from qms_tui.mcp.lights import Standing
from qms_tui.runtime import Printed, Rang, Reported, RuntimeEvent, Titled

Severity = Literal["information", "warning", "error"]


class AgentChanged(Struct, frozen=True):
    """There is something new to say of an agent."""

    view: AgentView


class NoticeKind(Enum):
    """What a notice is about."""

    WAITS = "waits"
    FINISHED = "finished"
    FAILED = "failed"
    POLICY = "policy"
    """An agent was started, stopped or given up without the human."""
    AGENT = "agent"
    """What was asked of an agent, or what its runtime says of it."""
    MENDING = "mending"
    TYPING = "typing"
    INBOX = "inbox"


class Notice(Struct, frozen=True):
    """Something that a human should read now, in whole sentences; `agent` is empty where it is of none.

    What is the same of all agents is told `once`. One that is `lasting` asks for more time to be read.
    """

    text: str
    severity: Severity = "information"
    agent: str = ""
    kind: NoticeKind = NoticeKind.AGENT
    once: bool = False
    lasting: bool = False


class InboxChanged(Struct, frozen=True):
    """The ledger says something else; told at most ten times a second."""


class ItemsArrived(Struct, frozen=True):
    """Items came that a human should be told of now."""

    toasts: tuple[Toast, ...]


class ReceiptsChanged(Struct, frozen=True):
    """Agents have heard of items in their inboxes."""


class EngineChanged(Struct, frozen=True):
    """The engine is lost, or back, or answers faster or slower than before."""

    event: RuntimeEvent


class ServersChanged(Struct, frozen=True):
    """The MCP servers stand differently than before."""

    standing: Standing


class PaneNeeded(Struct, frozen=True):
    """An agent without a pane has to run by its policy."""

    agent: str


CoreEvent = (
    AgentChanged
    | Notice
    | InboxChanged
    | ItemsArrived
    | ReceiptsChanged
    | EngineChanged
    | ServersChanged
    | PaneNeeded
)


class StateChanged(Struct, frozen=True):
    """A fact for the core alone: an agent's own view may be another one. It leads to a round."""


class Shown(Struct, frozen=True):
    """A fact for the core alone: the agent's program shows this in its terminal."""

    news: Titled | Rang | Reported | Printed


AgentEvent = StateChanged | Shown | Notice
"""What an agent tells the core."""
