"""What the links to terminals tell the screen, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qms_tui.terminal import TerminalEvent


@dataclass(frozen=True, slots=True)
class Output:
    """The agent's terminal has damage to show."""

    agent: str


@dataclass(frozen=True, slots=True)
class Reshaped:
    """The agent's terminal is another one, or has another size."""

    agent: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The agent's program asks for something by its terminal: a bell, a title, the clipboard."""

    agent: str
    event: TerminalEvent


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The way to the agent's terminal: who leads, how many keys wait, or what is wrong is another one."""

    agent: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that whoever types here should read now."""

    text: str
    severity: Literal["information", "warning", "error"]


LinkEvent = Output | Reshaped | Asked | LinkChanged | Warned
