"""What is said of an agent's program, and what follows, as values. Times: seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from msgspec import Struct

NOT_ALLOWED = "not allowed to look into its folder"
LONGEST = 200  # characters of a text of a program's that are kept


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
class Birth:
    """What the container's entrypoint said when it began."""

    pid: int
    program: str
    started: float
    wakes: bool = False
    domain: int = 0
    """The number of the PID namespace that its process is in, which is the container's; 0 if unknown."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """The heartbeat of what waits for inbox items; `inbox` is (device, inode, links) seen from inside."""

    at: float
    armed: bool
    since: float
    inbox: tuple[int, int, int] | None = None


class Meter(Struct, frozen=True):
    """What its program has used: `cost` in USD, `context` in percent of the window used."""

    at: float
    cost: float | None = None
    context: float | None = None
    model: str = ""
    version: str = ""
    """Of the program."""

    @property
    def shown(self) -> Meter:
        """This as far as it is told, in percents and cents and at no time: equal ones look the same."""
        cost = None if self.cost is None else round(self.cost, 2)
        return Meter(0.0, cost, None if self.context is None else round(self.context), self.model)


class Announced(Struct, frozen=True):
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
class Activity:
    """What a program is doing: `detail` says which tool, question or error; `rule` why we think so."""

    word: Word
    detail: str = ""
    since: float = 0.0
    rule: str = ""


class Told(Struct, frozen=True):
    """What one source said, and when; 0 if it never did."""

    source: str
    said: str
    at: float = 0.0
