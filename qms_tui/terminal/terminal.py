"""The terminal itself, for now a plain pyte.Screen with a history.

Of pyte remain in use: ByteStream (the parser) and Screen. What stock pyte lacks is not here yet.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from typing import Any

import pyte
from pyte.screens import Char, Margins

from qms_tui.terminal.events import Bell, Damage, TerminalEvent, TitleChanged
from qms_tui.terminal.modes import Cursor, Modes
from qms_tui.terminal.style import Attribute, Run, Style, Underline, direct_color

_log = logging.getLogger(__name__)

_MAX_EVENTS = 1000  # a program that rings the bell forever must not grow our memory
_NAMED = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_PALETTE = {name: i for i, name in enumerate(_NAMED)} | {
    f"bright{name}": i + 8 for i, name in enumerate(_NAMED)
}
_PALETTE["bfightmagenta"] = 13  # pyte 0.8.2 spells it so
_PRIVATE = 5  # pyte keeps private modes shifted by this many bits


class _Screen(pyte.Screen):
    """pyte's screen, reporting what scrolls away, bells, titles and replies."""

    def __init__(self, columns: int, lines: int, owner: Terminal) -> None:
        self._owner = owner
        super().__init__(columns, lines)

    def index(self) -> None:
        top, bottom = self.margins or Margins(0, self.lines - 1)
        if self.cursor.y == bottom and top == 0:
            self._owner._remember(_runs(self.buffer[0], self.columns))
        super().index()

    def bell(self, *args: Any) -> None:
        self._owner._happened(Bell())

    def set_title(self, param: str) -> None:
        super().set_title(param)
        self._owner._happened(TitleChanged(param))

    def write_process_input(self, data: str) -> None:
        self._owner._reply(data.encode())


class Terminal:
    """A screen of `columns` x `lines` cells with `scrollback` rows of history above it."""

    def __init__(self, columns: int, lines: int, *, scrollback: int = 5000) -> None:
        self.muted = False
        self._history: deque[tuple[Run, ...]] = deque(maxlen=scrollback)
        self._history_added = 0
        self._events: list[TerminalEvent] = []
        self._replies = bytearray()
        self._screen = _Screen(columns, lines, self)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def columns(self) -> int:
        """Width in cells."""
        return int(self._screen.columns)

    @property
    def lines(self) -> int:
        """Height in cells."""
        return int(self._screen.lines)

    def feed(self, data: bytes) -> None:
        """Let the program's output act on the screen; never raises."""
        try:
            self._stream.feed(data)
        except Exception:
            # Stock pyte raises on sequences that real programs send (vim's CSI ? 4 m, for one).
            _log.debug("pyte gave up on a chunk of %d bytes", len(data), exc_info=True)
            self._stream = pyte.ByteStream(self._screen)

    def resize(self, columns: int, lines: int) -> None:
        """Take a new size in cells."""
        self._screen.resize(lines, columns)

    @property
    def display(self) -> list[str]:
        """The visible rows as text, each `columns` cells wide."""
        return ["".join(run.text for run in self.styled(row)) for row in range(self.lines)]

    @property
    def history(self) -> Sequence[str]:
        """The rows above the visible ones as text, oldest first."""
        return ["".join(run.text for run in row) for row in self._history]

    @property
    def history_length(self) -> int:
        """How many rows `history` has."""
        return len(self._history)

    def styled(self, row: int) -> tuple[Run, ...]:
        """The runs of a visible row (0 is the top one) or of the history (-1 is the newest row)."""
        if row < 0:
            return self._history[row]
        return _runs(self._screen.buffer[row], self.columns)

    @property
    def cursor(self) -> Cursor:
        """Where the cursor stands and how it looks."""
        cursor = self._screen.cursor
        return Cursor(cursor.y, min(cursor.x, self.columns - 1), not cursor.hidden)

    @property
    def modes(self) -> Modes:
        """What the program has set that decides how input is encoded."""
        mode = self._screen.mode
        return Modes(
            application_cursor=1 << _PRIVATE in mode,
            bracketed_paste=2004 << _PRIVATE in mode,
        )

    @property
    def synchronized(self) -> bool:
        """Whether the program asked to hold painting (mode 2026)."""
        return False

    def take_replies(self) -> bytes:
        """What must be written back to the program since the last call."""
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

    def take_events(self) -> list[TerminalEvent]:
        """What the program asked for since the last call, at most the newest 1,000."""
        events, self._events = self._events, []
        return events

    def take_damage(self) -> Damage:
        """Which rows changed since the last call."""
        damage = Damage(frozenset(self._screen.dirty), self._history_added)
        self._screen.dirty.clear()
        self._history_added = 0
        return damage

    def _remember(self, row: tuple[Run, ...]) -> None:
        self._history.append(row)
        self._history_added += 1

    def _happened(self, event: TerminalEvent) -> None:
        self._events.append(event)
        del self._events[:-_MAX_EVENTS]

    def _reply(self, data: bytes) -> None:
        if not self.muted:
            self._replies += data


def _color(name: str) -> int | None:
    if name == "default":
        return None
    if name in _PALETTE:
        return _PALETTE[name]
    return direct_color(*bytes.fromhex(name))


def _style(char: Char) -> Style:
    attributes = Attribute(0)
    for wanted, attribute in (
        (char.bold, Attribute.BOLD),
        (char.italics, Attribute.ITALIC),
        (char.blink, Attribute.BLINK),
        (char.reverse, Attribute.INVERSE),
        (char.strikethrough, Attribute.STRIKE),
    ):
        if wanted:
            attributes |= attribute
    underline = Underline.SINGLE if char.underscore else Underline.NONE
    return Style(_color(char.fg), _color(char.bg), attributes, underline)


def _runs(line: Any, columns: int) -> tuple[Run, ...]:
    runs: list[Run] = []
    text, start, look = "", 0, line[0][1:]
    for x in range(columns):
        char = line[x]
        if char[1:] != look:
            runs.append(Run(text, x - start, _style(line[start])))
            text, start, look = "", x, char[1:]
        text += char.data
    runs.append(Run(text, columns - start, _style(line[start])))
    return tuple(runs)
