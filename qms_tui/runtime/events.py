"""What happens to agents' containers from outside, as values."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class Action(Enum):
    """What became of a container, in the engine's words."""

    CREATE = "create"
    START = "start"
    DIE = "die"
    OOM = "oom"
    KILL = "kill"
    STOP = "stop"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    DESTROY = "destroy"
    RESTART = "restart"
    HEALTH = "health_status"


class ContainerEvent(Struct, frozen=True):
    """Something happened to an agent's container; `container` is its id, `at` seconds since 1970."""

    agent: str
    container: str
    action: Action
    at: float
    exit_code: int | None = None
    """With which it ended, if it did and the engine says so."""


class EngineLost(Struct, frozen=True):
    """The engine cannot be asked any more; told once until EngineBack."""

    why: str


class EngineBack(Struct, frozen=True):
    """The engine answers again. What happened meanwhile was not told: look again."""


class Latency(Struct, frozen=True):
    """How long the engine takes to answer the smallest question, in seconds."""

    seconds: float


RuntimeEvent = ContainerEvent | EngineLost | EngineBack | Latency
