"""A new size: the main screen and its history reflow, the alternate screen is clipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qms_tui.terminal import rows as cells
from qms_tui.terminal.history import saved_size
from qms_tui.terminal.page import Saved
from qms_tui.terminal.reflow import is_blank, reflow
from qms_tui.terminal.rows import EMPTY, Row
from qms_tui.terminal.wraps import ended

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
    here = Saved(cursor.x, cursor.y, pending=screen.pending)
    _reflow_main(screen, lines, columns, screen.main.left_at if screen.is_alternate else here)
    _clip_alternate(screen, lines, columns, here)
    cursor.x, cursor.y, screen.pending = here.x, here.y, here.pending
    screen.lines, screen.columns = lines, columns
    screen.rows = screen.page.rows
    screen.history.fit(columns)
    screen.tabs.widen(old_columns, columns)
    screen.reset_margins()


def _stand(place: Saved, x: int, rows: list[Row], columns: int) -> None:
    """Put a cursor into column `x` of its row, or behind the row's last column if that is taken.

    So what is written next comes after what was written last, and replaces none of it.
    """
    place.y = min(place.y, len(rows) - 1)
    is_behind = x >= columns
    place.pending = is_behind and (place.pending or len(rows[place.y][0]) >= columns)
    place.x = columns - 1 if is_behind else x


def _clamp(saved: Saved, x: int, lines: int, columns: int) -> None:
    """Put a cursor that DECSC saved into column `x`: a cell, so that its pending wrap ends with the width."""
    saved.x, saved.y = min(x, columns - 1), min(saved.y, lines - 1)


def _behind(place: Saved) -> int:
    """The column that is written next."""
    return place.x + place.pending


def _reflow_main(screen: Screen, lines: int, columns: int, here: Saved) -> None:
    """Reflow the main screen and as much of the history as may come into view; `here` is the cursor on it.

    When the screen gets lower, blank rows below go first, then rows at the top move into the history until
    the cursor's is the first one; what is then still too much is kept below, out of sight.
    """
    page, history = screen.main, screen.history
    rows = page.rows + page.below
    used = max([here.y, *(y for y, row in enumerate(rows) if not is_blank(row))]) + 1
    blanks = len(rows) - used
    rows[used - 1] = ended(rows[used - 1])
    wanted = lines * (columns // max(screen.columns - 1, 1) + 1)
    tail = history.take(wanted, screen.columns)
    if columns != screen.columns:
        history.set_aside(screen.columns)
    before = len(tail)
    kept = _behind(page.saved) if screen.is_alternate else page.saved.x
    marks = [(before, 0), (before + here.y, _behind(here)), (before + page.saved.y, kept)]
    laid, (first, at, saved) = reflow([*tail, *rows[:used]], screen.columns, columns, marks)
    blanks = min(blanks, max(0, first[0] + lines - len(laid)))
    top = min(max(len(laid) + blanks - lines, 0), at[0])
    shown = laid[top : top + lines]
    page.below = _fitting(laid[top + lines :])
    history.extend(laid[:top])
    page.rows = shown + [EMPTY] * (lines - len(shown))
    here.y, page.saved.y = at[0] - top, max(saved[0] - top, 0)
    _stand(here, at[1], page.rows, columns)
    if screen.is_alternate:  # leaving it (1049) goes on there
        _stand(page.saved, saved[1], page.rows, columns)
    else:
        _clamp(page.saved, saved[1], lines, columns)


def _fitting(rows: list[Row]) -> list[Row]:
    """The upper ones of the rows below the screen, as many as may be saved."""
    size = 0
    for count, row in enumerate(rows):
        size += saved_size((row,))
        if size > MAX_BELOW:
            return rows[:count]
    return rows


def _clip_alternate(screen: Screen, lines: int, columns: int, here: Saved) -> None:
    page = screen.alternate
    surplus = max(here.y + 1 - lines, 0) if screen.is_alternate else 0
    rows = page.rows[surplus : surplus + lines]
    if columns != screen.columns:
        rows = [cells.clip(row, columns) for row in rows]
    rows[-1] = ended(rows[-1])
    page.rows = rows + [EMPTY] * (lines - len(rows))
    if screen.is_alternate:
        here.y -= surplus
        _stand(here, _behind(here), page.rows, columns)
    _clamp(page.saved, page.saved.x, lines, columns)
