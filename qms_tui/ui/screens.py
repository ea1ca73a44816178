"""What opens over the panes: help, the command menu, a question, the choice of an agent."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill, wrap
from typing import Any, TypeAlias, TypeVar, cast

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from qms_tui.ui.input import hand_on
from qms_tui.ui.keymap import COMMANDS, MENU_KEY, SIDEBAR_KEYS, distinct, global_keys, shown_key
from qms_tui.ui.shell import Shell

T = TypeVar("T")
_Column: TypeAlias = Sequence[tuple[str, str]]  # keys and what they do
_GAP = 3  # cells between two columns of the menu
_OTHER_ROWS = 3  # of the menu: its frame, and the line below the commands
_FRAME = 8  # cells that a dialog needs beside its text
_KEY = 10  # cells for a key in the help
_LONGEST_LINE = 90  # cells of the help's sentences


def _room(screen: Screen[Any]) -> int:
    """Columns that a dialog has for its text."""
    return max(20, screen.app.size.width * 9 // 10 - _FRAME)  # as app.tcss has it


def _table(rows: _Column, width: int, room: int) -> Content:
    """Keys and what they do, which goes on below itself where a line has no room for it."""
    behind = "\n" + " " * (width + 2)
    lines = [
        Content.assemble(
            (shown.rjust(width), "bold $accent"), "  ", behind.join(wrap(meaning, room - width - 2))
        )
        for shown, meaning in rows
    ]
    return Content("\n").join(lines)


def _rearrange(screen: Screen[Any]) -> None:
    cast(Shell, screen.app).rearrange()


class PanesScreen(Screen[object]):
    """The screen under all dialogs."""

    def on_resize(self) -> None:
        """The outer terminal has a new size. The app knows it by now; the layout for it comes after this."""
        _rearrange(self)


class Dialog(ModalScreen[T]):
    """What opens over the panes: has all keys while it is open, and none that were typed behind its end."""

    def on_resize(self) -> None:
        """As `PanesScreen.on_resize`: only the screen on top hears of a new size."""
        _rearrange(self)

    def on_key(self, event: events.Key) -> None:
        """Take the key, or hand it on if it was typed right behind the one that closed this dialog."""
        if self.is_current:
            self.take(event)
            return
        hand_on(self, event)

    def take(self, event: events.Key) -> None:
        """Act on a key that no widget of the dialog took."""


class HelpScreen(Dialog[None]):
    """All keys; any of Esc, q, F1 or Enter closes it."""

    def __init__(self, prefix: str, menu: str, outlives: bool) -> None:
        """`menu` is the key to name for the menu; `outlives`: programs go on when the screen is left."""
        super().__init__()
        self._prefix, self._menu, self._outlives = prefix, menu, outlives

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="help"):
            yield Static(Content.styled("Esc closes · ↑ ↓ scroll", "dim"), id="help-foot")
            yield Static(self._text(), id="help-text")

    def on_resize(self) -> None:
        """Lines are as long as there is room for."""
        self.query_one("#help-text", Static).update(self._text())

    def _text(self) -> Content:
        room = _room(self)
        parts = (
            self._heading("Every key goes to the agent in the focused pane, except"),
            _table(distinct(global_keys(self._prefix)), _KEY, room),
            self._heading(f"\nCommand menu: {self._ways_to_menu()}, then"),
            _table(distinct(COMMANDS), _KEY, room),
            self._heading("\nIn the sidebar with the inboxes (F2)"),
            _table(distinct(SIDEBAR_KEYS), _KEY, room),
            Content("\n".join(fill(line, min(room, _LONGEST_LINE)) for line in self._advice().split("\n"))),
        )
        return Content("\n").join(parts)

    def _heading(self, text: str) -> Content:
        return Content.styled("\n".join(fill(line, _room(self)) for line in text.split("\n")), "bold")

    def _ways_to_menu(self) -> str:
        prefix = shown_key(self._prefix)
        if self._menu != prefix:
            return f"{self._menu} (what qms-tui runs in takes {prefix} for itself)"
        return f"{prefix} or {shown_key(MENU_KEY)}"

    def _advice(self) -> str:
        stays = (
            "Leaving stops nothing: agents go on, and qms-tui finds them again.\n"
            "Two screens on the same agents: the one typed into last leads, the other follows."
            if self._outlives
            else "These agents run as plain processes on this machine: nothing isolates them, "
            "and they end when you leave."
        )
        return (
            "\nMouse: a click focuses, the wheel scrolls the history (or goes to a program that asked "
            "for the mouse); Shift+drag is your terminal's own selection.\n"
            "While a pane shows its history, no key goes to the agent: ↑ ↓ PgUp PgDn Home End move, "
            "Esc or q returns.\n"
            "An agent that has ended: r in the menu starts it again, and Claude Code goes on with its "
            f"conversation; f in the menu starts a new one.\n\n{stays}"
        )

    def on_mount(self) -> None:
        self.query_one("#help").focus()

    def take(self, event: events.Key) -> None:
        if event.key in ("escape", "q", "f1", "enter"):
            event.stop()
            self.dismiss(None)


class MenuScreen(Dialog[str | None]):
    """The commands with their letters; gives the chosen action, or `literal` for the prefix pressed again."""

    LITERAL = "literal"

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def compose(self) -> ComposeResult:
        again = f"{shown_key(self._prefix)} sends itself to the agent · "
        with VerticalScroll(classes="dialog", id="menu"):
            yield Static(self._commands(), id="commands")
            yield Static(Content.styled(f"{again}Esc closes", "dim"))

    def on_resize(self) -> None:
        """The terminal has room for another number of columns."""
        self.query_one("#commands", Static).update(self._commands())

    def _commands(self) -> Content:
        columns = self._fitting()
        widths = [7 + max(len(meaning) for _, meaning in column) for column in columns]
        lines = []
        for y in range(len(columns[0])):
            cells = [
                Content.assemble((shown.rjust(5), "bold $accent"), "  ", meaning.ljust(width - 7))
                for column, width in zip(columns, widths, strict=True)
                for shown, meaning in column[y : y + 1]
            ]
            lines.append(Content(" " * _GAP).join(cells))
        return Content("\n").join(lines)

    def _fitting(self) -> list[_Column]:
        """The commands in columns; in one more, narrow ones, where not all rows are in view otherwise."""
        rows, size = distinct(COMMANDS), self.app.size
        width = max(len(meaning) for _, meaning in rows) + 7 + _GAP
        columns = _columns(rows, max(1, min(3, _room(self) // width)))
        if len(columns[0]) <= size.height * 9 // 10 - _OTHER_ROWS:
            return columns
        narrow = _columns(rows, len(columns) + 1)
        needed = sum(7 + max(len(meaning) for _, meaning in column) + _GAP for column in narrow) - _GAP
        return narrow if needed <= size.width - _FRAME else columns

    def take(self, event: events.Key) -> None:
        event.stop()
        if event.key == self._prefix:
            self.dismiss(self.LITERAL)
            return
        if event.key in ("escape", MENU_KEY):
            self.dismiss(None)
            return
        for command in COMMANDS:
            if event.key in command.keys:
                self.dismiss(command.action)
                return


def _columns(rows: _Column, count: int) -> list[_Column]:
    height = -(-len(rows) // count)
    return [rows[top : top + height] for top in range(0, len(rows), height)]


class QuestionScreen(Dialog[bool]):
    """A question that y answers with yes and everything else with no.

    One that nobody has called for takes no other key than y, n and Esc from the agent.
    """

    def __init__(self, question: str, *, uncalled: bool = False) -> None:
        super().__init__()
        self._question, self._uncalled = question, uncalled

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="question"):
            lines = (fill(line, _room(self)) for line in self._question.split("\n"))
            yield Static(Content("\n".join(lines)))
            yield Static(Content.assemble(("y", "bold $accent"), " yes   ", ("n", "bold $accent"), " no"))

    def take(self, event: events.Key) -> None:
        event.stop()
        self.dismiss(event.key in ("y", "upper_y", "Y"))
        if self._uncalled and event.key not in ("y", "upper_y", "Y", "n", "escape"):
            hand_on(self, event)


class PickScreen(Dialog[str | None]):
    """One of several names."""

    def __init__(self, title: str, names: Sequence[str]) -> None:
        super().__init__()
        self._title, self._names = title, names

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="pick"):
            yield Static(Content.styled(self._title, "bold"))
            yield OptionList(*(Option(Content(name), id=name) for name in self._names))

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def take(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self.dismiss(None)


class Link(Struct, frozen=True):
    """An address that was chosen: to be opened, or else to be copied."""

    url: str
    opened: bool


class LinkScreen(Dialog[Link | None]):
    """Addresses, whole; Enter copies the chosen one, o opens it where this program runs."""

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__()
        self._urls = urls

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="links"):
            yield Static(Content.styled("Enter copies · o opens · Esc closes", "dim"))
            yield OptionList(*(Option(Content(url)) for url in self._urls))

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(Link(self._urls[event.option_index], opened=False))

    def take(self, event: events.Key) -> None:
        event.stop()
        chosen = self.query_one(OptionList).highlighted or 0
        if event.key == "escape":
            self.dismiss(None)
        elif event.key in ("o", "enter"):  # Enter as long as the list has not the keyboard yet
            self.dismiss(Link(self._urls[chosen], opened=event.key == "o"))
