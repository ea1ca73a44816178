"""The terminals of the agents, and the way to each: what the screen asks of whoever provides them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from qms_tui.runtime import Size
from qms_tui.terminal import Modes, Terminal, TerminalEvent

Key = Callable[[Modes], bytes | None]
"""A key as the bytes that it is for a program with these modes."""


class Link(Protocol):
    """One agent's terminal. Keys wait while there is no way to it."""

    @property
    def agent(self) -> str:
        """Whose it is."""

    @property
    def terminal(self) -> Terminal:
        """What it shows; another one for another program."""

    def type(self, key: Key) -> None:
        """Give the program a key."""

    def send(self, data: bytes) -> None:
        """Give the program bytes that are the same in every mode."""

    def paste(self, data: bytes) -> None:
        """Give the program a pasted text, whole or not at all."""

    def focus(self, focused: bool) -> None:
        """Its pane got or lost the focus."""

    def resize(self, size: Size) -> None:
        """Ask for the pane's size."""


class TerminalListener(Protocol):
    """Hears of what happens in terminals, within the event loop."""

    def show_output(self, agent: str) -> None:
        """The agent's terminal has damage to show."""

    def show_terminal(self, agent: str) -> None:
        """The agent's terminal is another one, or has another size."""

    def answer(self, agent: str, event: TerminalEvent) -> None:
        """The agent's program asks for something by its terminal: a bell, the clipboard."""


class Terminals(Protocol):
    """Those of all agents."""

    @property
    def outlives(self) -> bool:
        """Whether programs go on when the screen is left."""

    def link(self, agent: str) -> Link:
        """The way to an agent's terminal; the agent is one of the daemon's."""

    def listen(self, listener: TerminalListener) -> None:
        """Tell it from now on."""

    def show_colors(self, colors: Mapping[int, tuple[int, int, int]]) -> None:
        """The colours that programs are told when they ask."""

    async def close(self) -> None:
        """Let go of all of them."""
