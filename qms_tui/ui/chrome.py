"""The lines around the panes: tabs above, status below."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from qms_tui.api.agents import AgentState
from qms_tui.api.snapshot import Engine
from qms_tui.text.amounts import counted
from qms_tui.text.printable import plain
from qms_tui.text.times import moment
from qms_tui.ui.frame import alarm, badge, leader, look, mark
from qms_tui.ui.pane import Pane
from qms_tui.ui.status_fit import BETWEEN, Part, fit, shortened
from qms_tui.ui.tab_window import more_before, more_behind, room_within, shown_tabs

SHORT = 16  # cells that a part may have where there is little room

SAID = 6.0  # seconds
LOCALLY = "local, not isolated"  # where agents run that are programs of this machine
_CLOCK = slice(11, None)  # of a moment, without its date


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
        self._shown: tuple[list[Pane], Pane | None] = [], None

    def show(self, panes: list[Pane], focused: Pane | None) -> None:
        """Name the panes, the focused one highlighted and always in view; signs for more on either side."""
        self._shown = panes, focused
        tabs = [_tab(pane, pane is focused) for pane in panes]
        width = self.size.width or sum(tab.cell_length for tab in tabs)  # not laid out yet: see on_resize
        at = panes.index(focused) if focused in panes else 0
        shown = shown_tabs([tab.cell_length for tab in tabs], at, width)
        most = room_within(shown, len(tabs), width)
        before, behind = more_before(shown.start), more_behind(len(tabs) - shown.stop)
        line = Content.styled(before, "dim")
        self._ends = [(line.cell_length, shown.start)] if before else []  # leads to the next tab there
        for index in shown:
            line += tabs[index].truncate(most, ellipsis=True)
            self._ends.append((line.cell_length, panes[index].number))
        if behind:
            line += Content.styled(behind, "dim")
            self._ends.append((line.cell_length, shown.stop + 1))
        self.update(line, layout=False)

    def on_resize(self) -> None:
        """There is more or less room."""
        self.show(*self._shown)

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the mouse."""
        for end, number in self._ends:
            if event.x < end:
                self.post_message(self.Chosen(number))
                return


class StatusLine(Static):
    """Project, engine, agents, hints."""

    def __init__(self, project: str, where: str, hints: Sequence[str], *, trusted: bool = True) -> None:
        """The first of `hints` that fits is shown. `where` agents run, if that is not said of each."""
        super().__init__(id="status")
        self._project, self._where, self._hints, self._trusted = plain(project), where, hints, trusted
        self._engine = ""
        self._link = ""  # how the engine can be reached, if that is worth a word
        self._shown: tuple[list[Pane], str, str] = [], "", ""
        self._waiting = self._for_human = 0
        self._needing = 0
        self._missing_since: float | None = None
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

    def miss(self, since: float | None) -> None:
        """The daemon has not answered since then, in seconds since 1970; None: it does."""
        if since != self._missing_since:
            self._missing_since = since
            self.show(*self._shown)

    def show_engine(self, engine: Engine) -> None:
        """Show which it is, and how: its latency if it is not on this machine, or that it is away."""
        link = "" if engine.latency is None else f"{engine.latency * 1000:.0f} ms"
        link = link if engine.reachable else "unreachable"
        if (engine.name, link) != (self._engine, self._link):
            self._engine, self._link = engine.name, link
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

    def show(self, panes: list[Pane], layout: str, hanging: str = "") -> None:
        """Count the agents; hints fill what is left of the line. An empty `layout` is not worth a word.

        `hanging` says what does not answer, and what to press.
        """
        self._shown = panes, layout, hanging
        if self._said:
            line = Content.styled(f" {plain(self._said)}", "bold").truncate(self.size.width, ellipsis=True)
            self.update(line, layout=False)
            return
        fitting = fit(self._project, self._parts(*self._shown), self._hints, self.size.width)
        line = Content.styled(f" {fitting.name}", "bold")
        for part in fitting.parts:
            line += Content.assemble((BETWEEN, "dim"), (part.text, part.look))
        line += Content.styled(" " * (self.size.width - line.cell_length - 1 - cell_len(fitting.hint)), "dim")
        self.update(line + Content.styled(fitting.hint, "dim"), layout=False)

    def _parts(self, panes: list[Pane], layout: str, hanging: str) -> list[Part]:
        """In their order; what a human can act on gives way last."""
        states = [pane.agent.state for pane in panes]
        run = states.count(AgentState.RUNNING)
        leaders = {leader(pane.agent): None for pane in panes if not pane.agent.leads}
        following = f"following {', '.join(leaders)}" if leaders else ""
        need, wait, yours = self._needing, self._waiting, self._for_human
        items, own = counted(wait, "item"), counted(yours, "item")
        where = self._where or _places(self._engine, [pane.agent.isolated for pane in panes])
        missing = "" if self._missing_since is None else moment(self._missing_since)[_CLOCK]
        parts = [
            Part(f"states, inbox missing since {missing}" if missing else "", "bold $error",
                 (f"missing since {missing}", "missing"), 10),
            Part(hanging, "bold $error", (hanging.partition(": ")[2],), 11),
            Part("" if self._trusted else "look only", "bold $warning", rank=7),
            Part(where, shorter=(shortened(where, SHORT),), rank=3),
            Part(self._link, rank=6),
            Part(f"{run} of {len(states)} running", shorter=(f"{run}/{len(states)}",), rank=4),
            Part(following, shorter=(shortened(following, SHORT),), rank=2),
            Part(layout, rank=1),
            Part(f"{need} need{'s' if need == 1 else ''} you: F3" if need else "", "bold $warning",
                 (f"F3: {need}",), 9),
            Part(f"{own} for you: F3" if yours else "", "bold $warning",
                 (f"F3: {own}",), 8),
            Part(f"{items} wait{'s' if wait == 1 else ''}: F2" if wait > yours else "", "$warning",
                 (f"F2: {wait}",), 5),
        ]  # fmt: skip
        return [part for part in parts if part.text]


def _places(engine: str, isolated: Sequence[bool]) -> str:
    """Where agents run; nothing of containers before their engine is known."""
    places = [engine] * (True in isolated) + [LOCALLY] * (False in isolated)
    return " + ".join(filter(None, places))


def key_hints(menu: str, leave: str) -> tuple[str, ...]:
    """The keys to know, from many to few; `menu` and `leave` are what to press for that."""
    return (
        f"F1 help · F2 inboxes · F3 who waits · {menu} menu · {leave} leave",
        f"F1 help · F2 inboxes · {menu} menu · {leave} leave",
        f"F1 help · {leave} leave",
        "F1 help",
    )


def _tab(pane: Pane, is_focused: bool) -> Content:
    named = f"bold reverse {pane.color}" if is_focused else pane.color
    return (
        Content.styled(f" {pane.number} {pane.agent.name} ", named)
        + badge(pane.waiting)
        + Content(" ")
        + Content.styled(f"{mark(pane.agent)} ", look(pane.agent, pane.color))
        + alarm(pane.agent)
    )
