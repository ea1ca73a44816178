"""The right side: who has what in the inbox, and below what has arrived, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from qms_tui.api.commands import LONGEST_SEARCH, FindItems
from qms_tui.api.inbox import InboxItem, ItemKind
from qms_tui.ui.agent_lines import Agents, Line
from qms_tui.ui.daemon_link import DaemonLink
from qms_tui.ui.item_search import ItemSearch
from qms_tui.ui.line_input import LineInput
from qms_tui.ui.notifications import Ask, Notifications
from qms_tui.ui.servers import Servers

T = TypeVar("T")
WIDTH = 46  # columns: an item's headline, mostly whole
AGES = 20.0  # seconds between two times that ages are brought up to date
_MOST_SHARE = 2  # at most one part in so many of the height for the agents
_KEYS = "Enter reads · / searches · Esc {escape} · F1"


class Sidebar(Vertical):
    """Two lists and a line to search in. It has the keyboard only when the human gave it."""

    def __init__(
        self,
        daemon: DaemonLink,
        lines: Callable[[], list[Line]],
        color: Callable[[str], str],
        ask: Ask,
    ) -> None:
        super().__init__(id="sidebar")
        self._daemon, self._lines, self._color, self._ask = daemon, lines, color, ask
        self._search = ItemSearch(daemon, self._show_items)

    def compose(self) -> ComposeResult:
        yield Agents()
        yield Static(id="wish")
        yield LineInput(self._end_search, ("enter", "escape"), "", "search", "search")
        yield Notifications(self._color, self._asked)
        yield Servers()
        yield Static(id="sidebar-keys")

    def on_mount(self) -> None:
        self.border_title = "inboxes"
        self.set_interval(AGES, self.show)

    def on_show(self) -> None:
        """The MCP servers shall be looked at at once, and often."""
        self._daemon.show_servers(True)

    def on_hide(self) -> None:
        """Nobody sees those: seldom."""
        self._daemon.show_servers(False)

    @property
    def notifications(self) -> Notifications:
        """The list."""
        return self.query_one(Notifications)

    def show(self) -> None:
        """Bring it up to date, if it is in view."""
        if not self.display or not self.is_attached:
            return
        self.show_agents()
        wish = self.query_one("#wish", Static)
        words = self._said()
        wish.display = bool(words)
        wish.update(Content.styled(f" only {words}", "italic $accent"), layout=False)
        keys = _KEYS.format(escape="shows all" if self._search.wish.words else "agent")
        self.query_one("#sidebar-keys", Static).update(Content.styled(keys, "dim"), layout=False)
        self._search.again()
        self.show_servers()

    def _show_items(self) -> None:
        if self.is_attached:
            self.notifications.show(self._search.found)
            self._show_place()

    def show_agents(self) -> None:
        """Bring the agents' lines up to date, if they are in view."""
        if self.display and self.is_attached:
            most = max(2, self.size.height // _MOST_SHARE)
            self.query_one(Agents).show(self._lines(), self._search.wish, most)

    def show_servers(self) -> None:
        """Bring the MCP servers up to date, if they are in view."""
        if self.display and self.is_attached:
            self.query_one(Servers).show(self._daemon.mirror.servers)

    def _asked(self, action: str, item: InboxItem | None) -> None:
        if action == "move":
            self._show_place()
        else:
            self._ask(action, item)

    def _show_place(self) -> None:
        place = self.notifications.place
        self.border_subtitle = Content.styled(place, "$text-muted") if place else ""

    def on_resize(self) -> None:
        """Everything is as wide as the sidebar."""
        self.call_after_refresh(self.show)

    def take_keyboard(self) -> None:
        """The human wants to work here."""
        self.screen.set_focus(self.notifications)

    def next_agent(self) -> None:
        """Only the next agent's items; after the last one, everybody's."""
        names = ["", *(line.agent for line in self._lines())]
        names += sorted({each.agent for each in self._daemon.mirror.mailboxes} - set(names))
        wish = self._search.wish
        self._only(FindItems(_next(names, wish.agent), wish.kind, wish.words))

    def only_agent(self, agent: str) -> None:
        """Only an agent's items, of every kind and with every word."""
        self._forget_words()
        self._only(FindItems(agent))

    def next_kind(self) -> None:
        """Only items of the next kind; after the last one, of every kind."""
        wish = self._search.wish
        self._only(FindItems(wish.agent, _next([None, *ItemKind], wish.kind), wish.words))

    def search(self) -> None:
        """Ask for words."""
        field = self.query_one("#search", Input)
        field.display = True
        self.screen.set_focus(field)

    def end_search(self) -> bool:
        """Show what a kept search has left out; False if there is none."""
        if not self._search.wish.words:
            return False
        self._forget_words()
        return True

    @on(Agents.Chosen)
    def _agent_chosen(self, event: Agents.Chosen) -> None:
        wish = self._search.wish
        agent = "" if event.agent == wish.agent else event.agent
        self._only(FindItems(agent, wish.kind, wish.words))

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._only_words(event.input.value)  # the field's own may be newer

    def _end_search(self, key: str) -> None:
        """Enter keeps what was found; Esc is everything again."""
        if key == "escape":
            self._forget_words()
        field = self.query_one("#search", Input)
        field.display = bool(field.value)
        self.take_keyboard()

    def _forget_words(self) -> None:
        field = self.query_one("#search", Input)
        field.value = ""
        field.display = False
        self._only_words("")

    def _only_words(self, words: str) -> None:
        wish = self._search.wish
        self._only(FindItems(wish.agent, wish.kind, words[:LONGEST_SEARCH]))

    def _only(self, wish: FindItems) -> None:
        self._search.wish = wish
        self.show()

    def _said(self) -> str:
        wish = self._search.wish
        return " · ".join(part for part in (wish.agent, wish.kind.value if wish.kind else "") if part)


def _next(every: Sequence[T], now: T) -> T:
    return every[(every.index(now) + 1) % len(every)] if now in every else every[0]
