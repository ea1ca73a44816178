"""What happens to agents' containers from outside, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """Something happened to an agent's container; `container` is its id, `at` seconds since 1970."""

    agent: str
    container: str
    action: Action
    at: float
    exit_code: int | None = None
    """With which it ended, if it did and the engine says so."""


@dataclass(frozen=True, slots=True)
class EngineLost:
    """The engine cannot be asked any more; told once until EngineBack."""

    why: str


@dataclass(frozen=True, slots=True)
class EngineBack:
    """The engine answers again. What happened meanwhile was not told: look again."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long the engine takes to answer the smallest question, in seconds."""

    seconds: float


RuntimeEvent = ContainerEvent | EngineLost | EngineBack | Latency
