"""The agents in the sidebar: what each does and wants, its lights, and what waits in its inbox."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from qms_tui.api.agents import Lights
from qms_tui.api.commands import FindItems
from qms_tui.api.inbox import ItemKind, Mailbox
from qms_tui.text.times import age
from qms_tui.ui.lights import row as lights_row
from qms_tui.ui.words import by_kind

_LETTERS = {
    ItemKind.REVIEW: "R",
    ItemKind.APPROVAL: "A",
    ItemKind.MESSAGE: "M",
    ItemKind.NOTICE: "N",
    ItemKind.UNKNOWN: "?",
}


@dataclass(frozen=True, slots=True)
class Line:
    """An agent's line: mark and word say the state of its program, empty where it has no pane.

    `detail` has a line of its own: what the agent wants of the human, and since when (seconds since 1970);
    and so have `lights`.
    """

    agent: str
    mark: str
    color: str
    mailbox: Mailbox
    word: str = ""
    look: str = ""
    detail: str = ""
    since: float = 0.0
    lights: Lights | None = None


class Agents(Static):
    """Each agent that has a pane or something in the inbox, in up to three rows."""

    class Chosen(Message):
        """A line was clicked."""

        def __init__(self, agent: str) -> None:
            super().__init__()
            self.agent = agent

    def __init__(self) -> None:
        super().__init__(id="inboxes")
        self._agents: list[str] = []  # whose each row is
        self._rows = 0

    def show(self, lines: Sequence[Line], wish: FindItems, most: int) -> None:
        """In at most so many rows; the agent that is wished for stands out."""
        cut = len(lines) > most
        shown = lines[: most - 1] if cut else lines
        width = self.content_size.width
        rows: list[Content] = []
        self._agents = []
        for line in fitting(shown, most - cut):
            own = _rows(line, width, line.agent == wish.agent)
            rows += own
            self._agents += [line.agent] * len(own)
        if cut:
            rows.append(Content.styled(f" and {len(lines) - len(shown)} more: a goes through all", "dim"))
        grown = len(rows) != self._rows
        self._rows = len(rows)
        self.update(Content("\n").join(rows), layout=grown)

    def on_click(self, event: events.Click) -> None:
        """Show the items of the agent under the mouse."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < len(self._agents):
            self.post_message(self.Chosen(self._agents[offset.y]))


def fitting(lines: Sequence[Line], most: int) -> list[Line]:
    """The lines with as much of what stands below them as there are rows for.

    First what agents want, then lights of those that have something wrong, most of it first. Those of agents
    that are well are shown if there is room for all of them: of some they would say nothing of the others.
    """
    room = max(0, most - len(lines))
    wanting = [line.agent for line in lines if line.detail][:room]
    room -= len(wanting)
    lit = {line.agent: line.lights.wrong for line in lines if line.lights is not None}
    if len(lit) > room:
        wrong = sorted((agent for agent in lit if lit[agent]), key=lambda agent: -lit[agent])
        lit = {agent: lit[agent] for agent in wrong[:room]}
    return [
        replace(
            line,
            detail=line.detail if line.agent in wanting else "",
            lights=line.lights if line.agent in lit else None,
        )
        for line in lines
    ]


def _rows(line: Line, width: int, chosen: bool) -> list[Content]:
    """The agent's line, below it what it wants, and its lights."""
    rows = [_row(line, width, chosen)]
    if line.detail:
        rows.append(_wanted(line, width))
    if line.lights is not None:
        rows.append(lights_row(line.lights, width))
    return rows


def _wanted(line: Line, width: int) -> Content:
    since = age(time.time() - line.since) if line.since else ""
    said = Content.assemble("   ", (line.detail, "$warning"))
    cut = said.truncate(max(0, width - 5), ellipsis=True, pad=True)
    return cut + Content.styled(f" {since:>4}", "dim")


def _row(line: Line, width: int, chosen: bool) -> Content:
    look = f"bold {line.color}" + (" underline" if chosen else "")
    state = Content.assemble((line.mark or " ", line.look or line.color), " ")
    left = Content.assemble(" ", state, (line.agent, look), "  ", (line.word, line.look or "dim"))
    room = width - left.cell_length - 2
    said = "inbox not looked at" if line.mailbox.closed else by_kind(line.mailbox)
    if line.mailbox.closed and len(said) > room:
        said = "no inbox"
    elif len(said) > room:
        said = " ".join(f"{_LETTERS[each.kind]}{each.count}" for each in line.mailbox.counts)
    right = Content.styled(said, "$warning")
    return left.truncate(max(0, width - right.cell_length - 1), ellipsis=True, pad=True) + right
