"""What the parts of the screen may ask of the whole of it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from textual.app import App
from textual.screen import Screen

from qms_tui.api.agents import AgentView
from qms_tui.errors import QmsTuiError
from qms_tui.ui.daemon_link import DaemonLink
from qms_tui.ui.pane import Pane
from qms_tui.ui.session import Session


class Shell(App[None]):
    """The app as its parts know it; they are made by it, so that it cannot be imported there."""

    session: Session
    daemon: DaemonLink

    @property
    def base(self) -> Screen[object]:
        """The screen with the panes, whatever has been opened over it."""
        return self.screen_stack[0]

    @property
    def panes(self) -> list[Pane]:
        """In the order of their numbers."""
        raise NotImplementedError

    @property
    def pane(self) -> Pane:
        """The pane that has, or had last, the keyboard."""
        raise NotImplementedError

    def find_pane(self, agent: str) -> Pane | None:
        """The agent's pane, if it has one."""
        raise NotImplementedError

    def follow(self, agent: AgentView) -> None:
        """Its terminal is where its daemon says."""
        raise NotImplementedError

    def open_agents(self) -> None:
        """Have every agent's program looked for, as soon as the size of its pane is known."""
        raise NotImplementedError

    async def add_pane(self, agent: str) -> None:
        """The agent gets a pane, if it has none; the keyboard stays where it is."""
        raise NotImplementedError

    def color_of(self, name: str) -> str:
        """An agent's colour: its pane's, or that of the next pane for those without one."""
        raise NotImplementedError

    def rearrange(self) -> None:
        """Give the panes their places."""
        raise NotImplementedError

    def show_chrome(self) -> None:
        """Bring the lines around the panes up to date."""
        raise NotImplementedError

    def show_tabs(self) -> None:
        """Name all panes, if only one of them is shown."""
        raise NotImplementedError

    def go_to(self, agent: str) -> None:
        """Give the keyboard to an agent that has a pane."""
        raise NotImplementedError

    def open_after_asking(self, agent: str) -> None:
        """An agent without a pane gets one, if the human wants."""
        raise NotImplementedError

    def write_clipboard(self, agent: str, data: bytes) -> None:
        """Put on the human's clipboard what an agent's program wants there, if it may."""
        raise NotImplementedError

    def refuse(self, error: QmsTuiError) -> None:
        """Say why something was not done."""
        raise NotImplementedError

    def ahead_of_keys(self, opening: Coroutine[Any, Any, None]) -> None:
        """Do what opens a dialog, or says why not: what is typed from now on is for that dialog."""
        raise NotImplementedError

    def tell_outside(self, text: str) -> None:
        """Hand a notification to the terminal that we run in, if it shall have any."""
        raise NotImplementedError
