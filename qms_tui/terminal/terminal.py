"""The terminal: a program's bytes in, rows of styled text out.

Of pyte remain in use: Screen as the base of our screen (see the first lines of screen.py), Cursor, Margins,
its numbers of modes and its table of line-drawing characters. pyte's parser and its way to keep cells are
replaced.

Where we deviate from the standards (ECMA-48, DEC STD 070, VT420/VT510 manuals, xterm ctlseqs), and why:

- Replies never contain text that a program chose: titles (CSI 20 t, 21 t), names unknown to XTGETTCAP, the
  clipboard (OSC 52 ?), checksums of the screen (DECRQCRA). Whoever can print could otherwise type.
- XTGETTCAP answers each name by itself (kitty, foot, neovim), not all in one string (xterm).
- DECCOLM erases, homes and resets margins, but the width is the host's; so are resizing and
  moving of windows (CSI 1 to 10 t), which do nothing.
- Width of text is counted in grapheme clusters, always (mode 2027 is permanently set); see width.py.
- EL 0 and ED 0 with a pending wrap erase nothing and keep the wrap (alacritty): the cursor is past the
  row's end.
- ED 2 erases in place; nothing goes to the history (xterm; alacritty and kitty differ from each other).
- CSI 3 J on the alternate screen does nothing: that screen has no history.
- Raw C1 bytes are recognised only after S8C1T, since text is UTF-8. DECSCL without a second parameter means
  7-bit replies, since no program of today can read others.
- XTPUSHSGR, XTREPORTCOLORS, DECUDK, DECRQUPSS, double-width lines, VT52 mode, national character sets other
  than British, soft fonts, status lines, pages, macros, locators, printing, sixel and kitty graphics are
  not there: the sequences are swallowed.
- Reverse wrap (45) crosses any line end, as xterm before patch 383 (now its mode 1045), and wraps from the
  top of the region to its bottom.
- DECCOLM does so without mode 40, too, which is xterm's alone (DEC, alacritty and tmux know no such gate).
- Of conformance levels (DECSCL) only three differences are kept: no DECRQM below 3, no DECSLRM below 4, no
  DECNCSM below 5.
- REP of more than a row's worth ends with the row (VTE, libvterm), less wraps (xterm).
- Marks beyond 32 code points in one cell are dropped; a table that is full of looks or clusters gives plain
  text; of links that are too large together the oldest leave their text only.
- A history that is too large goes before it has all the rows that it may have; a screen has at most 4,096
  columns and lines, and 262,144 cells.
- Tab characters leave no trace in the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from qms_tui.terminal import state as states
from qms_tui.terminal.colors import Colors
from qms_tui.terminal.drawn import drawn
from qms_tui.terminal.events import Damage, TerminalEvent
from qms_tui.terminal.history import History, HistoryView
from qms_tui.terminal.modes import Cursor, Modes, MouseEncoding, MouseTracking
from qms_tui.terminal.parser import Parser
from qms_tui.terminal.program_status import ProgramStatus
from qms_tui.terminal.resizing import possible
from qms_tui.terminal.rows import FILLER, SPACER, Row
from qms_tui.terminal.runs import cells_of, runs_of
from qms_tui.terminal.screen import SYNCHRONIZED, VISIBLE, Screen
from qms_tui.terminal.style import Run


class Terminal:
    """A screen of `columns` x `lines` cells with at most `scrollback` rows of history above it."""

    def __init__(self, columns: int, lines: int, *, scrollback: int = 5000) -> None:
        columns, lines = possible(columns, lines)
        screen = Screen(columns, lines, scrollback)
        self._show(screen, Parser(screen))

    def _show(self, screen: Screen, parser: Parser) -> None:
        self._screen, self._parser = screen, parser
        self._drawn: dict[int, tuple[Row, int, tuple[Run, ...]]] = {}  # with `links_forgotten`
        self._seen: list[Row] = []

    def save(self) -> bytes:
        """All that decides how this terminal looks and goes on, for `restored`; changes nothing.

        Without what is the host's (name, cell_pixels, the colours' defaults, muted, clock: set them after
        restoring) and without what waits to be taken (replies, events, damage).
        """
        return states.save(self._screen, self._parser)

    def save_visible(self) -> bytes:
        """As `save`, with only the newest row of the history."""
        return states.save_visible(self._screen, self._parser)

    @classmethod
    def restored(cls, state: bytes) -> Terminal:
        """A terminal that goes on as the saved one does, byte for byte; paint it whole: it has no damage.

        Raises:
            ValueError: this is no whole, undamaged state saved by this version; nothing else is raised.
        """
        terminal = cls.__new__(cls)
        terminal._show(*states.restored(state))
        terminal._seen = terminal._screen.rows[:]
        return terminal

    @property
    def columns(self) -> int:
        """Width in cells."""
        return int(self._screen.columns)

    @property
    def lines(self) -> int:
        """Height in cells."""
        return int(self._screen.lines)

    @property
    def muted(self) -> bool:
        """Whether replies are discarded, as while a recording is replayed."""
        return self._screen.muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._screen.muted = muted

    @property
    def colors(self) -> Colors:
        """What programs are told about colours: tell it the host's with `set_default`."""
        return self._screen.colors

    @property
    def name(self) -> str:
        """What XTVERSION answers."""
        return self._screen.name

    @name.setter
    def name(self, name: str) -> None:
        self._screen.name = name

    @property
    def clock(self) -> Callable[[], float]:
        """Tells the seconds since 1970, for when records of `status` came; the host's, 0 until it is set."""
        return self._screen.clock

    @clock.setter
    def clock(self, clock: Callable[[], float]) -> None:
        self._screen.clock = clock

    @property
    def status(self) -> ProgramStatus:
        """What the program reports of itself (OSC 7501)."""
        return self._screen.status.view

    def end_program(self) -> None:
        """The program has ended: what it reported to be under way is no more."""
        self._screen.has_new_status |= self._screen.status.end_program()

    def forget_status(self) -> None:
        """Another program begins: no record of those before it stands."""
        self._screen.has_new_status |= self._screen.status.reset()

    @property
    def cell_pixels(self) -> tuple[int, int]:
        """Width and height of a cell in pixels, for programs that ask."""
        return self._screen.cell_pixels

    @cell_pixels.setter
    def cell_pixels(self, size: tuple[int, int]) -> None:
        self._screen.cell_pixels = size

    def feed(self, data: bytes) -> None:
        """Let the program's output act on the screen; never raises."""
        screen = self._screen
        if not screen.is_alternate:
            screen.main.drop_below()
        self._parser.feed(data)

    def resize(self, columns: int, lines: int) -> None:
        """Take a new size in cells; wrapped lines of the main screen and the history reflow."""
        columns, lines = possible(columns, lines)
        self._screen.resize(lines, columns)
        self._drawn.clear()
        self._seen = []

    @property
    def display(self) -> list[str]:
        """The visible rows as text, each `columns` cells wide."""
        return [self._text(row) for row in self._screen.rows]

    @property
    def history(self) -> Sequence[str]:
        """The rows above the visible ones as text, oldest first; a view that follows the terminal."""
        return HistoryView(self._past, self._text)  # not kept: a cycle would keep old terminals in memory

    @property
    def history_length(self) -> int:
        """How many rows `history` has."""
        return len(self._past())

    def keep_history(self, rows: int) -> None:
        """Bound the history anew; the newest rows stay."""
        history = History(rows)
        history.extend(self._past())
        history.fit(self._screen.columns)
        self._screen.history = history

    def styled(self, row: int) -> tuple[Run, ...]:
        """The runs of a visible row (0 is the top one) or of the history (-1 is the newest row)."""
        screen = self._screen
        if row < 0:
            return runs_of(self._past()[row], screen)
        content = screen.rows[row]
        drawn = self._drawn.get(row)
        forgotten = screen.looks.links_forgotten
        if drawn is None or drawn[0] is not content or drawn[1] != forgotten:
            drawn = self._drawn[row] = content, forgotten, runs_of(content, screen)
        return drawn[2]

    def cells(self, row: int) -> Iterator[tuple[str, int]]:
        """The characters of a row (as in `styled`) and how many columns each takes."""
        return cells_of(self._past()[row] if row < 0 else self._screen.rows[row], self._screen)

    def is_wrapped(self, row: int) -> bool:
        """Whether the line of a row (as in `styled`) goes on in the next one: copying joins them."""
        if row < 0:
            past = self._past()[row]  # what the alternate screen shows goes on with none of it
            return past[2] and not (row == -1 and self._screen.is_alternate)
        return self._screen.rows[row][2]

    def before_cursor(self, above: int = 0) -> str:
        """The text up to the cursor from the start of its row, or of one so many rows above it.

        Rows are joined as they stand, each `columns` cells wide; empty if there is no row that far up.
        """
        screen = self._screen
        first = screen.cursor.y - above
        if first < (0 if screen.is_alternate else -self.history_length):
            return ""
        rows = [*(self._past()[at] for at in range(first, 0))]
        rows += screen.rows[max(first, 0) : screen.cursor.y + 1]
        cells = [row[0].ljust(screen.columns) for row in rows]
        cells[-1] = cells[-1][: screen.cursor.x + screen.pending]
        return screen.clusters.expand("".join(cells).replace(FILLER, "").replace(SPACER, ""))

    def after_cursor(self) -> str:
        """The text of the cursor's row that does not stand before it."""
        screen = self._screen
        cells = screen.rows[screen.cursor.y][0][screen.cursor.x + screen.pending :]
        return screen.clusters.expand(cells.replace(FILLER, "").replace(SPACER, ""))

    @property
    def cursor(self) -> Cursor:
        """Where the cursor stands and how it looks."""
        screen = self._screen
        return Cursor(screen.cursor.y, screen.cursor.x, VISIBLE in screen.mode, screen.shape)

    @property
    def modes(self) -> Modes:
        """What the program has set that decides how input is encoded."""
        screen = self._screen
        mode = screen.mode
        tracking = [each for each in MouseTracking if each.value << 5 in mode and each.value]
        encoding = [each for each in MouseEncoding if each.value << 5 in mode and each.value]
        return Modes(
            application_cursor=1 << 5 in mode,
            application_keypad=66 << 5 in mode,
            newline=20 in mode,
            bracketed_paste=2004 << 5 in mode,
            focus_events=1004 << 5 in mode,
            alternate_screen=screen.is_alternate,
            alternate_scroll=1007 << 5 in mode,
            mouse_tracking=tracking[0] if tracking else MouseTracking.OFF,
            mouse_encoding=encoding[0] if encoding else MouseEncoding.LEGACY,
            modify_other_keys=screen.modify_other_keys,
            kitty_flags=screen.page.keyboard,
        )

    @property
    def synchronized(self) -> bool:
        """Whether the program asked to hold painting (mode 2026)."""
        return SYNCHRONIZED in self._screen.mode

    @property
    def inverse(self) -> bool:
        """Whether the whole screen is shown in inverse (DECSCNM); `styled` leaves that to whoever draws."""
        return 5 << 5 in self._screen.mode

    @property
    def title(self) -> str:
        """The title the program set last."""
        return str(self._screen.title)

    def drawn(self) -> bytes:
        """Output that makes a new terminal of this size show the same and go on alike (see drawn.py)."""
        return drawn(self._screen).encode() + self._parser.incomplete

    def take_replies(self) -> bytes:
        """What must be written back to the program since the last call."""
        replies = bytes(self._screen.replies)
        self._screen.replies.clear()
        return replies

    def take_events(self) -> list[TerminalEvent]:
        """What the program asked for since the last call, at most the newest 1,000 and a StatusChanged."""
        return self._screen.take_events()

    def take_damage(self) -> Damage:
        """Which rows changed since the last call."""
        screen = self._screen
        rows, seen = screen.rows, self._seen
        if len(seen) == len(rows):
            changed = [y for y, row in enumerate(rows) if row is not seen[y] and row != seen[y]]
        else:
            changed = list(range(len(rows)))
        self._seen = rows[:]
        added, screen.history_added = screen.history_added, 0
        return Damage(frozenset(changed), added)

    def _past(self) -> History:
        """The history, laid out for the width of the screen."""
        history = self._screen.history
        history.settle(self._screen.columns)
        return history

    def _text(self, row: Row) -> str:
        """A row's text, `columns` cells wide."""
        text = row[0].ljust(self._screen.columns)
        if text.isascii() and FILLER not in text and SPACER not in text:
            return text
        return self._screen.clusters.expand(text.replace(FILLER, "").replace(SPACER, " "))
