"""The screen: its state, and writing text on it. What sequences do to it is in the modules imported below.

Of pyte remain in use: Screen as the base (its place for columns, lines, cursor, mode, margins, title and icon
name, the constructor that sets them up), Cursor, Margins, pyte's numbering of modes (private ones shifted
left by 5) and its table of line-drawing characters. Its parser, its cells and everything that writes on
them are replaced: `buffer` and `dirty` stay empty, rows are those of rows.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import pyte
from pyte.screens import Cursor, Margins

from qms_tui.terminal import late, resizing, scrolling
from qms_tui.terminal import rows as cells
from qms_tui.terminal.charsets import Charsets
from qms_tui.terminal.clusters import Clusters
from qms_tui.terminal.colors import Colors
from qms_tui.terminal.events import StatusChanged, TerminalEvent
from qms_tui.terminal.history import History
from qms_tui.terminal.looks import MAX_LOOKS, Looks
from qms_tui.terminal.modes import CursorShape
from qms_tui.terminal.page import Page, Saved
from qms_tui.terminal.program_status import StatusRecords
from qms_tui.terminal.reports import TERMINAL_NAME
from qms_tui.terminal.rows import EMPTY, FILLER, PLAIN, SPACER, Row
from qms_tui.terminal.tabs import TabStops
from qms_tui.terminal.wraps import end_line, ended

MAX_EVENTS = 1000  # a program that rings the bell forever must not grow our memory
_PATIENCE = 4096  # vain attempts before a table that the screen alone fills is searched again (10 ms)
MAX_REPLIES = 65536  # bytes; a program that asks and never reads must not either
_SHIFT = 5  # pyte's distance of private modes from ANSI ones

INSERT, NEWLINE = 4, 20
ORIGIN, WRAP, VISIBLE, REVERSE_WRAP, LEFT_RIGHT, LONG_REVERSE_WRAP, SYNCHRONIZED = (
    mode << _SHIFT for mode in (6, 7, 25, 45, 69, 1045, 2026)
)


def private(mode: int) -> int:
    """A private mode's number among pyte's modes."""
    return mode << _SHIFT


class Screen(pyte.Screen):
    """The state a terminal keeps, and how text and scrolling change it."""

    cursor: Any  # pyte's Cursor; its attrs are not used

    def __init__(self, columns: int, lines: int, scrollback: int) -> None:
        self.colors = Colors()
        self.cell_pixels = 8, 16  # width and height, for programs that ask
        self.name = TERMINAL_NAME
        self.muted = False
        self.osc_end = "\x1b\\"  # how the last OSC ended: its answer does so, too (xterm)
        self.replies = bytearray()
        self.events: list[TerminalEvent] = []
        self.looks = Looks()
        self.clusters = Clusters()
        self.history = History(scrollback)
        self.history_added = 0
        self.status = StatusRecords()
        self.has_new_status = False  # since events were taken: however many reports came, that is one event
        self.clock: Callable[[], float] = lambda: 0.0  # the host's, for when records came
        self._patience = 0
        super().__init__(columns, lines)
        self.buffer = {}  # pyte's makes rows by a function that holds the screen: a cycle, with its history
        self.history.fit(columns)
        self.reset()

    # -- state ----------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """RIS: everything but the size, the history and what waits to be taken."""
        self.history.end_line()
        self.main = Page(self.lines)
        self.alternate = Page(self.lines)
        self.page = self.main
        self.rows = self.main.rows
        self.cursor = Cursor(0, 0)
        self.mode = {WRAP, VISIBLE, private(8), private(1007), private(1046)}
        self.title = self.icon_name = ""
        self.titles: list[tuple[str, str]] = []
        self.shape = CursorShape.BLOCK
        self.blinking = True
        self.shape_number = 1
        self.modify_other_keys = 0
        self.level = 64
        self.eight_bit = False
        self.guarded: str | None = None  # who protected cells last: "ISO" or "DEC"
        self.stream_attributes = True  # DECSACE
        self.saved_modes: dict[int, bool] = {}
        self.tabs = TabStops(self.columns)
        self.colors.reset_all()
        self.last = ""  # the text written last, for REP
        self.has_new_status |= self.status.reset()
        self.soft_reset()

    def soft_reset(self) -> None:
        """The part of RIS that DECSTR does too."""
        self.look = PLAIN
        self.pending = False  # the next character wraps first
        self.charsets = Charsets()
        self.page.saved = Saved()
        self.reset_margins()

    @property
    def blank(self) -> str:
        """The look of erased cells."""
        return self.looks.blank(self.look)

    @property
    def is_alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        return self.page is self.alternate

    def reset_margins(self) -> None:
        """Margins to the edges of the screen."""
        self.top, self.bottom = 0, self.lines - 1
        self.left, self.right = 0, self.columns - 1
        self.margins: Margins | None = None
        self.settle()

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        """Rows 1..lines that scroll; the whole screen without arguments."""
        self.top = max((top or 1) - 1, 0)
        self.bottom = min(bottom or self.lines, self.lines) - 1
        whole = self.top == 0 and self.bottom == self.lines - 1
        self.margins = None if whole else Margins(self.top, self.bottom)
        self.settle()

    def settle(self) -> None:
        """Note after a change of modes or margins whether plain text may be written the short way.

        `limit` is the column that short writes have to stay left of: 0 switches them off.
        """
        is_short = (
            INSERT not in self.mode
            and self.left == 0
            and self.right == self.columns - 1
            and self.charsets.is_plain
        )
        self.limit = self.columns if is_short else 0
        self.is_whole = is_short and self.top == 0 and self.bottom == self.lines - 1

    def new_look(self, **changes: Any) -> None:
        """Write on in a look that differs from the current one."""
        if self.looks.is_full:
            self.collect_looks()
        if not self.looks.has_room(changes.get("link")):
            self._collect_links()
        self.look = self.looks.code(self.looks.look(self.look)._replace(**changes))

    def collect_looks(self) -> None:
        """Make room in the table of looks by forgetting those that no row has."""
        while self.looks.is_full and self._is_patient_no_more():
            alive = self._looks_alive()
            self.looks.keep(alive)
            if len(alive) <= MAX_LOOKS // 2:
                return
            if not self.history.drop_half(
                self.columns
            ):  # it is nothing but colours or marks, and those are bounded
                self._patience = _PATIENCE

    def _collect_links(self) -> None:
        """Make room for links: those on no row go, then the oldest, which leave their text behind."""
        self.looks.keep(self._looks_alive())
        self.looks.forget_old_links()

    def _looks_alive(self) -> set[str]:
        alive = {self.look, self.main.saved.look, self.alternate.saved.look}
        return alive.union(*{row[1] for row in self._all_rows()})

    def collect_clusters(self) -> None:
        """Make room in the table of clusters by forgetting those on no row."""
        while self.clusters.is_full and self._is_patient_no_more():
            self.clusters.keep(set(self.last).union(*{row[0] for row in self._all_rows()}))
            if self.clusters.is_full and not self.history.drop_half(self.columns):
                self._patience = _PATIENCE

    def _is_patient_no_more(self) -> bool:
        self._patience -= self._patience > 0
        return self._patience == 0

    def _all_rows(self) -> Iterator[Row]:
        return chain(self.main.rows, self.main.below, self.alternate.rows, self.history.all_rows())

    # -- what goes out --------------------------------------------------------------------------------------

    def reply(self, text: str) -> None:
        """Answer the program, in 8-bit controls if it asked for them (S8C1T)."""
        if self.muted:
            return
        if self.eight_bit:
            for seven, eight in (("\x1b[", "\x9b"), ("\x1bP", "\x90"), ("\x1b]", "\x9d"), ("\x1b\\", "\x9c")):
                text = text.replace(seven, eight)
        if len(self.replies) + len(text) <= MAX_REPLIES:
            self.replies += text.encode("latin-1")

    def happened(self, event: TerminalEvent) -> None:
        """Tell whoever shows this terminal."""
        self.events.append(event)
        if len(self.events) > MAX_EVENTS:
            del self.events[0]

    def take_events(self) -> list[TerminalEvent]:
        """What happened since the last call; other events cannot crowd out the last one."""
        events, self.events = self.events, []
        if self.has_new_status:
            self.has_new_status = False
            events.append(StatusChanged())
        return events

    # -- writing --------------------------------------------------------------------------------------------

    def put(self, x: int, text: str) -> None:
        """Replace cells of the cursor's row."""
        y = self.cursor.y
        self.rows[y] = cells.splice(self.rows[y], x, text, self.look * len(text))

    def draw(self, data: str) -> None:
        """Write cells (see rows.py), wrapping where the line ends; a wide character is not cut."""
        while data:
            self.wrap_if_pending()
            edge = self.edge()
            room = edge - self.cursor.x
            if len(data) > room and WRAP not in self.mode:
                self._draw_at_edge(data, edge)
                return
            part = data[: room - 1] if data[room : room + 1] == FILLER else data[:room]
            data = data[len(part) :]
            if part:
                self.place(part, edge)
            if data[1:2] == FILLER and len(part) < room:
                data = self._wrap_wide(data, edge)

    def _wrap_wide(self, data: str, edge: int) -> str:
        """A wide character does not fit any more: leave a spacer and wrap; what is to be drawn then."""
        if edge - (self.left if self.cursor.x >= self.left else 0) < 2:
            marks = self.clusters.text(data[0])[1:]  # no room for it on a screen of one column
            self.place(self.clusters.code(" " + marks), edge)
            return data[2:]
        if edge == self.columns:
            self.put(self.cursor.x, SPACER)
        self.pending = True
        return data

    def _draw_at_edge(self, data: str, edge: int) -> None:
        """Without wrapping each character that is too much replaces the last one.

        Of those, the last wide one and the last after it leave a trace.
        """
        room = edge - self.cursor.x
        fits = data[: room - 1] if data[room : room + 1] == FILLER else data[:room]
        if fits:
            self.place(fits, edge)
        surplus = data[len(fits) :]
        wide = surplus.rfind(FILLER) + 1
        for char in (surplus[max(wide - 2, 0) : wide], surplus[wide:][-1:]):
            if char:
                self.cursor.x = max(min(self.cursor.x, edge - len(char)), 0)
                self.pending = False
                self.place(char if edge >= len(char) else " ", edge)

    def draw_lines(self, lines: list[str]) -> None:
        """Write whole lines of cells, each followed by CR LF, all at once.

        For a cursor in column 0, text in plain look, margins and modes that ask for nothing special, and
        lines that fit.
        """
        rows, cursor = self.rows, self.cursor
        y, count = cursor.y, len(lines)
        there = min(count, self.lines - y)
        for at, line in enumerate(lines[:there], y):
            row = rows[at]
            cover = ended(cells.splice(row, 0, line, PLAIN * len(line))) if row[0] else (line, "", False)
            rows[at] = cover
        surplus = y + count - self.lines + 1
        if surplus > 0:
            rows += [(line, "", False) for line in lines[there:]]
            rows.append(EMPTY)
            if self.page is self.main:
                self.remember(rows[:surplus])
            del rows[:surplus]
        cursor.y = min(y + count, self.lines - 1)

    def newline(self) -> None:
        """CR LF."""
        if not self.is_whole or self.blank != PLAIN:
            self.carriage_return()
            self.linefeed()
            return
        self.pending = False
        cursor = self.cursor
        cursor.x = 0
        rows, y = self.rows, cursor.y
        if y < self.bottom:
            if rows[y][2]:
                rows[y] = ended(rows[y])
            cursor.y = y + 1
            return
        if self.page is self.main:
            self.history.add(rows[:1])
            self.history_added += 1
        del rows[0]
        rows.append(EMPTY)

    def edge(self) -> int:
        """The column that text from the cursor on stays left of."""
        return int(self.right + 1 if self.cursor.x <= self.right else self.columns)

    def place(self, text: str, edge: int) -> None:
        """Write cells that fit left of `edge`, and move on."""
        cursor = self.cursor
        if INSERT in self.mode:
            row = self.rows[cursor.y]
            self.rows[cursor.y] = cells.insert(row, cursor.x, len(text), edge, PLAIN, self.columns)
        self.put(cursor.x, text)
        cursor.x += len(text)
        if cursor.x >= edge:
            cursor.x = edge - 1
            self.pending = True
            if edge == self.columns:
                text, looks, _ = self.rows[cursor.y]
                self.rows[cursor.y] = text, looks, False

    def wrap_if_pending(self) -> None:
        """Go to the next row if the last character filled this one and wrapping is on."""
        if not self.pending:
            return
        self.pending = False
        if WRAP not in self.mode:
            return
        cursor, y = self.cursor, self.cursor.y
        is_whole = self.edge() == self.columns
        cursor.x = self.left if cursor.x >= self.left else 0
        if self._is_last(y):
            end_line(self, y - 1)  # the row is written over from its start
            return
        if is_whole and cursor.x == 0:
            text, looks, _ = self.rows[y]
            self.rows[y] = text, looks, True
        self._down(wraps=True)

    def cells(self, text: str) -> str:
        """Narrow and wide characters, each maybe with marks, in the current charsets, as rows keep them."""
        if not self.charsets.is_plain:
            text = self.charsets.translate(text)
            self.settle()
        if text.isascii():
            return text
        if self.clusters.is_full:
            self.collect_clusters()
        cells: str = late.width().cells(text, self.clusters.code)
        return cells

    # -- scrolling ------------------------------------------------------------------------------------------

    def index(self) -> None:
        """Down one row, where a new line begins; at the bottom margin the region scrolls instead."""
        y = self.cursor.y
        if not self._is_last(y):
            end_line(self, y)
            self._down()

    def _down(self, *, wraps: bool = False) -> None:
        if self.cursor.y == self.bottom:
            scrolling.up(self, 1, wraps=wraps)
        else:
            self.cursor.y += 1

    def _is_last(self, y: int) -> bool:
        """Whether there is no way down: below the region, or beside it at its bottom."""
        if y == self.bottom:
            return not self.left <= self.cursor.x <= self.right
        return bool(y == self.lines - 1)

    def reverse_index(self) -> None:
        """Up one row; at the top margin the region scrolls instead."""
        y = self.cursor.y
        self.pending = False
        if y == self.top:
            if self.left <= self.cursor.x <= self.right:
                scrolling.down(self, 1)
        elif y > 0:
            self.cursor.y = y - 1

    def linefeed(self) -> None:
        """LF, VT and FF."""
        self.pending = False
        self.index()
        if NEWLINE in self.mode:
            self.carriage_return()

    def carriage_return(self) -> None:
        """To the left margin, or the screen's edge if the cursor is left of that."""
        self.pending = False
        cursor = self.cursor
        cursor.x = self.left if ORIGIN in self.mode or cursor.x >= self.left else 0

    def remember(self, rows: list[Row]) -> None:
        """Move rows into the history."""
        self.history.add(rows)
        self.history_added += len(rows)

    # -- size -----------------------------------------------------------------------------------------------

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Take a new size."""
        resizing.resize(self, max(lines or self.lines, 1), max(columns or self.columns, 1))
