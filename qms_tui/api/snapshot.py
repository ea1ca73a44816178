"""Everything that a daemon knows at one moment. Times are seconds since 1970."""

from __future__ import annotations

from enum import auto

from msgspec import Struct

from qms_tui.api.agents import AgentView
from qms_tui.api.inbox import Inbox
from qms_tui.api.words import Words

MOST_NOTICES = 100  # that a snapshot has, the newest: more than anybody reads after coming back


class Severity(Words):
    """How much a notice matters."""

    INFORMATION = auto()
    WARNING = auto()
    ERROR = auto()
    UNKNOWN = auto()


class NoticeKind(Words):
    """What a notice is about."""

    WAITS = auto()
    FINISHED = auto()
    FAILED = auto()
    POLICY = auto()
    AGENT = auto()
    MENDING = auto()
    TYPING = auto()
    INBOX = auto()
    UNKNOWN = auto()


class Notice(Struct, frozen=True):
    """What a human is told, in whole sentences; `agent` is empty where it is about none.

    A `lasting` one takes longer to read.
    """

    text: str
    at: float = 0.0
    severity: Severity = Severity.INFORMATION
    agent: str = ""
    kind: NoticeKind = NoticeKind.AGENT
    lasting: bool = False


class Toast(Struct, frozen=True):
    """An arrival to show for a moment; `replaces`: in place of the toasts before it."""

    agent: str
    text: str
    replaces: bool = False


class Engine(Struct, frozen=True):
    """Whether the engine answers, why not, and how quickly, in seconds; null while nobody knows.

    `name` says which it is, in which version; empty until it has been reached.
    """

    reachable: bool = True
    why: str = ""
    latency: float | None = None
    name: str = ""


class ServerState(Words):
    """Whether agents have an MCP server."""

    UP = auto()
    DOWN = auto()
    OFF = auto()
    UNKNOWN = auto()


class Server(Struct, frozen=True):
    """An MCP server; `detail` says why it is not up. `agents` are those whose clients are connected to it."""

    name: str
    state: ServerState = ServerState.UNKNOWN
    detail: str = ""
    agents: tuple[str, ...] = ()


class Trust(Struct, frozen=True):
    """Whether what the project brings may have an effect."""

    trusted: bool = False


class Snapshot(Struct, frozen=True):
    """Everything, with all deltas up to `number`; `waiting` are the agents to see to, most urgent first."""

    number: int
    agents: tuple[AgentView, ...] = ()
    waiting: tuple[str, ...] = ()
    inbox: Inbox = Inbox()
    notices: tuple[Notice, ...] = ()
    servers: tuple[Server, ...] = ()
    engine: Engine = Engine()
    trust: Trust = Trust()
