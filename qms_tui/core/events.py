"""What an agent tells its owner, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qms_tui.terminal import TerminalEvent

Severity = Literal["information", "warning", "error"]


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The agent's `state`, `ending`, `trouble`, `remark`, `wrong` or the like is new."""


@dataclass(frozen=True, slots=True)
class Output:
    """The agent's terminal has damage to show."""


@dataclass(frozen=True, slots=True)
class Reshaped:
    """The agent's terminal is another one, or has another size."""


@dataclass(frozen=True, slots=True)
class LeaderChanged:
    """The agent's `leads` or `leader` is new."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The agent's program asks for something: a bell, a title, a notification."""

    event: TerminalEvent


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the human should read now; `severity` is one of information, warning, error.

    What is the same of all agents is told `once`.
    """

    text: str
    severity: Severity = "information"
    once: bool = False


AgentEvent = StateChanged | Output | Reshaped | LeaderChanged | Asked | Notice
