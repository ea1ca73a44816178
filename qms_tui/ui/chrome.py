"""The lines around the panes: tabs above, status below."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from qms_tui.agents import AgentState
from qms_tui.inbox.words import items
from qms_tui.printable import plain
from qms_tui.runtime import EngineBack, EngineLost, Latency, RuntimeEvent
from qms_tui.ui.frame import alarm, badge, leader, look, mark
from qms_tui.ui.pane import Pane

SAID = 6.0  # seconds


class TabLine(Static):
    """One line that names all panes while only one of them is shown."""

    class Chosen(Message):
        """A tab was clicked; `number` counts from 1."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self._ends: list[tuple[int, int]] = []

    def show(self, panes: list[Pane], focused: Pane | None) -> None:
        """Name the panes, the focused one highlighted."""
        line, self._ends = Content(""), []
        for pane in panes:
            named = f"bold reverse {pane.color}" if pane is focused else pane.color
            line += (
                Content.styled(f" {pane.number} {pane.agent.name} ", named)
                + badge(pane.waiting)
                + Content(" ")
                + Content.styled(f"{mark(pane.agent)} ", look(pane.agent, pane.color))
                + alarm(pane.agent)
            )
            self._ends.append((line.cell_length, pane.number))
        self.update(line, layout=False)

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the mouse."""
        for end, number in self._ends:
            if event.x < end:
                self.post_message(self.Chosen(number))
                return


class StatusLine(Static):
    """Project, engine, agents, hints."""

    def __init__(self, project: str, engine: str, hints: Sequence[str], *, trusted: bool = True) -> None:
        """The first of `hints` that fits is shown."""
        super().__init__(id="status")
        self._project, self._engine, self._hints, self._trusted = project, engine, hints, trusted
        self._link = ""  # how the engine can be reached, if that is worth a word
        self._shown: tuple[list[Pane], str] = [], ""
        self._waiting = self._for_human = 0
        self._needing = 0
        self._said, self._until = "", 0.0

    def say(self, text: str) -> None:
        """Show a sentence instead of everything else, for `SAID` seconds; a newer one takes its place."""
        self._said, self._until = text, time.monotonic() + SAID
        self.show(*self._shown)
        self.set_timer(SAID, self._unsay)

    def _unsay(self) -> None:
        if time.monotonic() >= self._until:
            self._said = ""
            self.show(*self._shown)

    def on_resize(self) -> None:
        """There is room for more hints, or for fewer."""
        self.show(*self._shown)

    def tell(self, event: RuntimeEvent) -> None:
        """Show what is new of the engine: its latency if it is not on this machine, or that it is away."""
        link = self._link
        if isinstance(event, EngineLost):
            link = "unreachable"
        elif isinstance(event, EngineBack):
            link = ""
        elif isinstance(event, Latency):
            link = f"{event.seconds * 1000:.0f} ms"
        if link != self._link:
            self._link = link
            self.show(*self._shown)

    def wait(self, count: int, for_human: int) -> None:
        """So many items wait in all inboxes, and of these in the human's own."""
        if (count, for_human) != (self._waiting, self._for_human):
            self._waiting, self._for_human = count, for_human
            self.show(*self._shown)

    def need(self, count: int) -> None:
        """So many agents wait for the human."""
        if count != self._needing:
            self._needing = count
            self.show(*self._shown)

    def show(self, panes: list[Pane], layout: str) -> None:
        """Count the agents; hints fill what is left of the line. An empty `layout` is not worth a word."""
        self._shown = panes, layout
        if self._said:
            line = Content.styled(f" {plain(self._said)}", "bold").truncate(self.size.width, ellipsis=True)
            self.update(line, layout=False)
            return
        states = [pane.agent.state for pane in panes]
        running = f"{states.count(AgentState.RUNNING)} of {len(states)} running"
        leaders = {leader(pane.agent): None for pane in panes if not pane.agent.leads}
        following = f"following {', '.join(leaders)}" if leaders else ""
        parts = [part for part in (self._engine, self._link, running, following, layout) if part]
        left = Content.styled(f" {self._project}", "bold")
        if not self._trusted:
            left += Content.assemble((" · ", "dim"), ("look only", "bold $warning"))
        for part in parts:
            left += Content.assemble((" · ", "dim"), part)
        if self._needing:
            verb = "needs" if self._needing == 1 else "need"
            left += Content.assemble((" · ", "dim"), (f"{self._needing} {verb} you: F3", "bold $warning"))
        if self._for_human:
            left += Content.assemble(
                (" · ", "dim"), (f"{items(self._for_human)} for you: F3", "bold $warning")
            )
        if self._waiting > self._for_human:
            verb = "waits" if self._waiting == 1 else "wait"
            said = (f"{items(self._waiting)} {verb}: F2", "$warning")
            left += Content.assemble((" · ", "dim"), said)
        room = self.size.width - left.cell_length - 1
        hints = next((hint for hint in self._hints if len(hint) < room), "")
        self.update(left + Content.styled(hints.rjust(room), "dim"), layout=False)
