"""What the links to terminals tell the screen, as values."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from qms_tui.terminal import TerminalEvent


class Output(Struct, frozen=True):
    """The agent's terminal has damage to show."""

    agent: str


class Reshaped(Struct, frozen=True):
    """The agent's terminal is another one, or has another size."""

    agent: str


class Asked(Struct, frozen=True):
    """The agent's program asks for something by its terminal: a bell, a title, the clipboard."""

    agent: str
    event: TerminalEvent


class LinkChanged(Struct, frozen=True):
    """The way to the agent's terminal: who leads, how many keys wait, or what is wrong is another one."""

    agent: str


class Warned(Struct, frozen=True):
    """Something that whoever types here should read now."""

    text: str
    severity: Literal["information", "warning", "error"]


LinkEvent = Output | Reshaped | Asked | LinkChanged | Warned
