"""What an agent's own files say of its program, and what follows, as values. Times: seconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from qms_tui.runtime.logins import OwnLogin

NOT_ALLOWED = "not allowed to look into its folder"


class Word(Enum):
    """What an agent's program is doing, in one word for the human."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    NEEDS_YOU = "needs you"
    BACKGROUND = "background job"
    ERROR = "error"
    RUNNING = "running"
    """A program that does not say more."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Session:
    """The client's registry of its own session, `sessions/PID.json`; what is missing there is empty."""

    pid: int
    status: str
    waiting_for: str
    changed: float
    """When the status became what it is."""
    started: float
    session: str = ""
    version: str = ""
    domain: int = 0
    """The number of the PID namespace that its process is in, which is the container's; 0 if unknown."""
    background: bool = False
    """Whether it is one in the background, which the human sees only by going there."""
    job: str = ""
    """By which the client knows it there."""
    parked: str = ""
    """The job in the background that it has become; empty if it has not."""
    spare: bool = False
    """Whether the client keeps it for later: nobody has said anything in it."""
    written: float = 0.0
    """When anything of this was last written."""


@dataclass(frozen=True, slots=True)
class Hook:
    """An event that a hook of the client has written down; `sub` is one of a subagent."""

    at: float
    event: str
    session: str = ""
    sub: bool = False
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What else it said, by the names in docker/inside/hook.py: tool, detail, error, source and the like."""
    items: tuple[str, ...] = ()
    """The files that a wake has told the agent of."""


@dataclass(frozen=True, slots=True)
class Birth:
    """What the container's entrypoint said when it began."""

    pid: int
    program: str
    started: float
    wakes: bool = False
    domain: int = 0
    """As in `Session`."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """The heartbeat of what waits for inbox items; `inbox` is (device, inode, links) seen from inside."""

    at: float
    armed: bool
    since: float
    inbox: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Meter:
    """The client's status line: `cost` in USD, `context` in percent of the window used."""

    at: float
    cost: float | None = None
    context: float | None = None
    model: str = ""
    version: str = ""
    """Of the client."""

    @property
    def shown(self) -> Meter:
        """This as far as it is told, in percents and cents and at no time: equal ones look the same."""
        cost = None if self.cost is None else round(self.cost, 2)
        return Meter(0.0, cost, None if self.context is None else round(self.context), self.model)


@dataclass(frozen=True, slots=True)
class Announced:
    """An inbox item that the agent was told of; `delivered` when its client took that in, or None.

    `failed` is when the turn that had it ended with an error, and `again` when it will be told of it again;
    None while nothing has failed, or it will not be.
    """

    at: float
    delivered: float | None = None
    failed: float | None = None
    again: float | None = None
    open: bool = False
    """Whether the turn that has it goes on: a new container announces it again, as what has failed."""

    @property
    def done(self) -> bool:
        """Whether a turn that had it ended well: nothing tells the agent of it again by itself."""
        return self.delivered is not None and self.failed is None and not self.open


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that an agent's own folder says, read at one time. None is what is not there."""

    birth: Birth | None = None
    session: Session | None = None
    """The agent's own: what arrives in its inbox is for that one."""
    others: tuple[Session, ...] = ()
    """Those that its client has in the background besides."""
    garbled: bool = False
    """Whether there is a registry that makes no sense."""
    gone: float = 0.0
    """When this client's registry was seen to have gone; 0 if it is there, or never was."""
    hooks: tuple[Hook, ...] = ()
    waiter: Waiter | None = None
    meter: Meter | None = None
    announced: Mapping[str, Announced] = field(default_factory=lambda: MappingProxyType({}))
    inbox_replaced: bool = False
    """Whether the agent has another folder for its inbox than there is now: nothing new can reach it."""
    own_login: float = 0.0
    """When the login that its client keeps was last written; 0 if there is none."""
    credentials: OwnLogin | None = None
    """What it is; None if nobody could look."""
    settings_login: str = ""
    """What of its client's settings is a login, in words."""
    trouble: str = ""
    """Why nothing can be read."""
    forbidden: bool = False
    """Whether that is because this user is not allowed to."""

    @property
    def version(self) -> str:
        """Of the client; empty if it does not say."""
        return (self.session.version if self.session else "") or (self.meter.version if self.meter else "")


@dataclass(frozen=True, slots=True)
class Activity:
    """What a program is doing: `detail` says which tool, question or error; `rule` why we think so."""

    word: Word
    detail: str = ""
    since: float = 0.0
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What one source said, and when; 0 if it never did."""

    source: str
    said: str
    at: float = 0.0
