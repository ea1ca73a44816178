"""A new size: the main screen and its history reflow, the alternate screen is clipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qms_tui.terminal import rows as cells
from qms_tui.terminal.history import saved_size
from qms_tui.terminal.reflow import is_blank, reflow
from qms_tui.terminal.rows import EMPTY, Row

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen


MAX_SIDE = 4096  # columns or lines: four times an 8K display's
MAX_CELLS = 2**18  # of a screen: an 8K display has 259,200 at 8x16 pixels; 2 MB in a saved state
MAX_BELOW = 1_000_000  # bytes of the rows below a saved screen: 1,000 rows of 140 cells with all looks


def possible(columns: int, lines: int) -> tuple[int, int]:
    """The size nearest to the wanted one that a terminal can have."""
    columns = min(max(columns, 1), MAX_SIDE)
    return columns, min(max(lines, 1), MAX_SIDE, MAX_CELLS // columns)


def resize(screen: Screen, lines: int, columns: int) -> None:
    """Take a new size in cells; margins go back to the edges, as in xterm."""
    if (lines, columns) == (screen.lines, screen.columns):
        return
    old_columns = screen.columns
    cursor = screen.cursor
    here = screen.main.left_at if screen.is_alternate else cursor
    _reflow_main(screen, lines, columns, here)
    _clip_alternate(screen, lines, columns)
    screen.lines, screen.columns = lines, columns
    screen.rows = screen.page.rows
    screen.history.fit(columns)
    screen.tabs.widen(old_columns, columns)
    screen.reset_margins()
    screen.pending = False
    for place in (cursor, screen.main.saved, screen.alternate.saved):
        place.x, place.y = min(place.x, columns - 1), min(place.y, lines - 1)


def _reflow_main(screen: Screen, lines: int, columns: int, here: Any) -> None:
    """Reflow the main screen and as much of the history as may come into view; `here` is the cursor on it.

    When the screen gets lower, blank rows below go first, then rows at the top move into the history until
    the cursor's is the first one; what is then still too much is kept below, out of sight.
    """
    page, history = screen.main, screen.history
    rows = page.rows + page.below
    used = max([here.y, *(y for y, row in enumerate(rows) if not is_blank(row))]) + 1
    blanks = len(rows) - used
    wanted = lines * (columns // max(screen.columns - 1, 1) + 1)
    tail = history.take(wanted, screen.columns)
    if columns != screen.columns:
        history.set_aside(screen.columns)
    before = len(tail)
    marks = [(before, 0), (before + here.y, here.x), (before + page.saved.y, page.saved.x)]
    laid, (first, at, saved) = reflow([*tail, *rows[:used]], screen.columns, columns, marks)
    blanks = min(blanks, max(0, first[0] + lines - len(laid)))
    top = min(max(len(laid) + blanks - lines, 0), at[0])
    shown = laid[top : top + lines]
    page.below = _fitting(laid[top + lines :])
    history.extend(laid[:top])
    page.rows = shown + [EMPTY] * (lines - len(shown))
    here.y, here.x = at[0] - top, at[1]
    page.saved.y, page.saved.x = max(saved[0] - top, 0), saved[1]


def _fitting(rows: list[Row]) -> list[Row]:
    """The upper ones of the rows below the screen, as many as may be saved."""
    size = 0
    for count, row in enumerate(rows):
        size += saved_size((row,))
        if size > MAX_BELOW:
            return rows[:count]
    return rows


def _clip_alternate(screen: Screen, lines: int, columns: int) -> None:
    rows = screen.alternate.rows
    surplus = max(screen.cursor.y + 1 - lines, 0) if screen.is_alternate else 0
    rows = [cells.clip(row, columns) for row in rows[surplus : surplus + lines]]
    screen.alternate.rows = rows + [EMPTY] * (lines - len(rows))
    if screen.is_alternate:
        screen.cursor.y -= surplus
