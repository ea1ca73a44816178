"""Agents as clients see them. Times are seconds since 1970, 0 where nobody knows; sizes are bytes."""

from __future__ import annotations

from collections.abc import Iterator
from enum import auto

from msgspec import Struct

from qms_tui.api.words import Words


class AgentState(Words):
    """Where an agent's program is in its life."""

    ABSENT = auto()
    STARTING = auto()
    ATTACHING = auto()
    RUNNING = auto()
    PAUSED = auto()
    RECONNECTING = auto()
    STOPPING = auto()
    ENDED = auto()
    FAILED = auto()
    UNREACHABLE = auto()
    UNKNOWN = auto()


HELD = (AgentState.RUNNING, AgentState.PAUSED)
"""Its program is there."""
REACHABLE_SOON = (*HELD, AgentState.ATTACHING, AgentState.RECONNECTING, AgentState.UNREACHABLE)
"""It is, or may be again: what is typed into its terminal can wait for it."""
STARTABLE = (AgentState.ABSENT, AgentState.ENDED, AgentState.FAILED)
"""Its program is not there, and nobody is about to change that."""


class Word(Words):
    """What a program is doing."""

    STARTING = auto()
    IDLE = auto()
    BUSY = auto()
    NEEDS_YOU = auto()
    BACKGROUND = auto()
    ERROR = auto()
    RUNNING = auto()
    UNKNOWN = auto()


class Health(Words):
    """How a light shines."""

    FINE = auto()
    WRONG = auto()
    ABSENT = auto()
    UNKNOWN = auto()


class Ending(Struct, frozen=True):
    """How a program ended; `exit_code` is null where nobody can tell."""

    exit_code: int | None = None
    reason: str = ""
    resuming: bool = False
    """Whether it failed right after it was to go on with an earlier conversation."""
    asked: bool = False
    """Whether somebody ended it."""
    text: str = ""
    """All of it in a few words."""


class Trouble(Struct, frozen=True):
    """What failed, and what to do about it."""

    message: str = ""
    hint: str = ""


class Activity(Struct, frozen=True):
    """What a program is doing: `detail` says which tool, question or error; `rule` why we think so."""

    word: Word = Word.UNKNOWN
    detail: str = ""
    since: float = 0.0
    rule: str = ""
    unseen: bool = False
    """Whether it has finished something that no human has looked at."""


class Light(Struct, frozen=True):
    """One source's health: `why` in a few words."""

    health: Health = Health.UNKNOWN
    why: str = ""
    since: float = 0.0


class Lights(Struct, frozen=True):
    """All lights of an agent. Iterating gives them with their names for people."""

    container: Light = Light()
    program: Light = Light()
    mcp: Light = Light()
    login: Light = Light()
    waker: Light = Light()

    def __iter__(self) -> Iterator[tuple[str, Light]]:
        yield "container", self.container
        yield "program", self.program
        yield "MCP", self.mcp
        yield "login", self.login
        yield "waker", self.waker

    @property
    def wrong(self) -> int:
        """How many of them are."""
        return sum(light.health is Health.WRONG for _, light in self)


class Meter(Struct, frozen=True):
    """What a conversation has used: `cost` in USD, `context` in percent of the window."""

    at: float = 0.0
    cost: float | None = None
    context: float | None = None
    model: str = ""
    version: str = ""
    """Of the program."""


class Usage(Struct, frozen=True):
    """What a program uses: `cpu` in processors, `memory` without cache; `limit` is 0 where there is none."""

    cpu: float | None = None
    memory: int = 0
    limit: int = 0
    tight: bool = False
    """Whether little of its memory is left."""


class AgentView(Struct, frozen=True):
    """What there is to know of an agent at one moment."""

    name: str
    state: AgentState = AgentState.ABSENT
    state_at: float = 0.0
    ending: Ending | None = None
    clearing: bool = False
    """Whether it has ended and the engine still clears up after it."""
    trouble: Trouble | None = None
    began: float = 0.0
    ended_at: float = 0.0
    isolated: bool = True
    """Whether the program is kept from the host and from other agents."""
    container_id: str = ""
    wrong: str = ""
    """In what the program is not who it should be."""
    outdated: bool = False
    """Whether its image is older than what it is built from."""
    needs_build: bool = False
    """Whether only a build mends that; else a restart does."""
    foreign: bool = False
    """Whether another user has started the program."""
    building: str = ""
    """How far the build of its image is; empty while there is none."""
    terminal: str = ""
    """What the keeper names its terminal by, from which it is shown; empty while it is not held."""
    keeper: str = ""
    """The keeper's socket, as in a URL: what is not ASCII is percent-encoded. Empty while nobody knows."""
    title: str = ""
    remark: str = ""
    """What a human should know of its terminal for as long as it holds."""
    leads: bool = True
    leader: str = ""
    typed_at: float = 0.0
    activity: Activity | None = None
    lights: Lights | None = None
    meter: Meter | None = None
    usage: Usage | None = None
    plan: str = ""
    """What will be done to it without a human, while it does not run."""
    alarm: str = ""
    """Which light is wrong, if the activity's word does not tell that."""

    @property
    def since(self) -> float:
        """Since when it is in its state; of a program that runs, when that began."""
        if self.state in HELD:
            return self.began
        return self.ended_at if self.state is AgentState.ENDED else self.state_at
