"""Sequences that move the cursor, and tab stops. Each takes the screen and the parameters (0 where missing).

Margins follow xterm: a relative move that starts inside the margins stops at them, one that starts outside
stops at the edge of the screen. Every move but a tab's ends a pending wrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qms_tui.terminal.wraps import end_line

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

Parameters = Sequence[int]

# pyte numbers modes like this; screen.py cannot be imported from here
_ORIGIN, _WRAP, _MORE_FIX, _REVERSE_WRAP, _LONG_REVERSE_WRAP = (mode << 5 for mode in (6, 7, 41, 45, 1045))


def up(screen: Screen, p: Parameters) -> None:
    """CUU."""
    cursor = screen.cursor
    stop = screen.top if cursor.y >= screen.top else 0
    cursor.y = max(cursor.y - (p[0] or 1), stop)
    screen.pending = False


def down(screen: Screen, p: Parameters) -> None:
    """CUD."""
    cursor = screen.cursor
    stop = screen.bottom if cursor.y <= screen.bottom else screen.lines - 1
    cursor.y = min(cursor.y + (p[0] or 1), stop)
    screen.pending = False


def forward(screen: Screen, p: Parameters) -> None:
    """CUF."""
    cursor = screen.cursor
    stop = screen.right if cursor.x <= screen.right else screen.columns - 1
    cursor.x = min(cursor.x + (p[0] or 1), stop)
    screen.pending = False


def back(screen: Screen, p: Parameters) -> None:
    """CUB; with reverse wrap (45) and autowrap it goes on at the end of the row above."""
    cursor = screen.cursor
    count = p[0] or 1
    if _WRAP in screen.mode and (_REVERSE_WRAP in screen.mode or _LONG_REVERSE_WRAP in screen.mode):
        _back_over_edges(screen, min(count, screen.columns * screen.lines))
        return
    stop = screen.left if cursor.x >= screen.left else 0
    cursor.x = max(cursor.x - count, stop)
    screen.pending = False


def _back_over_edges(screen: Screen, count: int) -> None:
    cursor = screen.cursor
    if screen.pending:
        screen.pending = False
        count -= 1  # the cursor was thought to be behind the last column
    while count > 0:
        left = screen.left if cursor.x >= screen.left else 0
        step = min(count, cursor.x - left)
        cursor.x -= step
        count -= step
        if count:
            count -= 1
            is_inside = screen.top <= cursor.y <= screen.bottom
            if cursor.y == (screen.top if is_inside else 0):
                cursor.y = screen.bottom if is_inside else screen.lines - 1
            else:
                cursor.y -= 1
            cursor.x = screen.right
            if is_inside:  # round and round in there
                count %= (screen.right - screen.left + 1) * (screen.bottom - screen.top + 1)


def backspace(screen: Screen) -> None:
    """BS."""
    back(screen, (1,))


def next_line(screen: Screen, p: Parameters) -> None:
    """CNL."""
    down(screen, p)
    screen.carriage_return()


def previous_line(screen: Screen, p: Parameters) -> None:
    """CPL."""
    up(screen, p)
    screen.carriage_return()


def position(screen: Screen, p: Parameters) -> None:
    """CUP and HVP."""
    cursor = screen.cursor
    y = p[0] - 1 if p[0] else 0
    x = p[1] - 1 if p[1] else 0
    last_y, last_x = screen.lines - 1, screen.columns - 1
    if _ORIGIN in screen.mode:
        y += screen.top
        x += screen.left
        last_y, last_x = screen.bottom, screen.right
    cursor.y = y if y < last_y else last_y
    cursor.x = x if x < last_x else last_x
    screen.pending = False


def column(screen: Screen, p: Parameters) -> None:
    """CHA and HPA."""
    x = (p[0] or 1) - 1
    stop = screen.columns - 1
    if _ORIGIN in screen.mode:
        x += screen.left
        stop = screen.right
    screen.cursor.x = x if x < stop else stop
    screen.pending = False


def row(screen: Screen, p: Parameters) -> None:
    """VPA."""
    y = (p[0] or 1) - 1
    stop = screen.lines - 1
    if _ORIGIN in screen.mode:
        y += screen.top
        stop = screen.bottom
    screen.cursor.y = y if y < stop else stop
    screen.pending = False


def column_relative(screen: Screen, p: Parameters) -> None:
    """HPR: not stopped by margins."""
    stop = screen.right if _ORIGIN in screen.mode else screen.columns - 1
    screen.cursor.x = min(screen.cursor.x + (p[0] or 1), stop)
    screen.pending = False


def row_relative(screen: Screen, p: Parameters) -> None:
    """VPR: not stopped by margins."""
    stop = screen.bottom if _ORIGIN in screen.mode else screen.lines - 1
    screen.cursor.y = min(screen.cursor.y + (p[0] or 1), stop)
    screen.pending = False


def column_back(screen: Screen, p: Parameters) -> None:
    """HPB."""
    screen.cursor.x = max(screen.cursor.x - (p[0] or 1), 0)
    screen.pending = False


def row_back(screen: Screen, p: Parameters) -> None:
    """VPB."""
    screen.cursor.y = max(screen.cursor.y - (p[0] or 1), 0)
    screen.pending = False


def home(screen: Screen) -> None:
    """To the first row and column, those of the margins in origin mode."""
    position(screen, (0, 0))


def tab(screen: Screen, p: Parameters = (1,)) -> None:
    """HT and CHT keep a pending wrap, since nothing moves; with more(1)'s fix (41) it comes first."""
    cursor = screen.cursor
    if _MORE_FIX in screen.mode:
        screen.wrap_if_pending()
    stop = screen.right if cursor.x <= screen.right else screen.columns - 1
    target = screen.tabs.after(cursor.x, p[0] or 1)
    cursor.x = stop if target is None else min(target, stop)


def back_tab(screen: Screen, p: Parameters) -> None:
    """CBT."""
    cursor = screen.cursor
    stop = screen.left if _ORIGIN in screen.mode else 0
    cursor.x = max(screen.tabs.before(cursor.x, p[0] or 1) or 0, stop)
    screen.pending = False


def clear_tabs(screen: Screen, p: Parameters) -> None:
    """TBC."""
    if p[0] == 0:
        screen.tabs.clear(screen.cursor.x)
    elif p[0] == 3:
        screen.tabs.clear_all()


def tab_every_8(screen: Screen, p: Parameters) -> None:
    """DECST8C."""
    if p[0] == 5:
        screen.tabs.every_8(screen.columns)


def next_line_index(screen: Screen) -> None:
    """NEL."""
    screen.pending = False
    screen.index()
    screen.carriage_return()


def index(screen: Screen) -> None:
    """IND."""
    screen.pending = False
    screen.index()


def top_bottom_margins(screen: Screen, p: Parameters) -> None:
    """DECSTBM."""
    top, bottom = p[0] or 1, min(p[1] or screen.lines, screen.lines)
    if top < bottom:
        screen.set_margins(top, bottom)
        home(screen)


def left_right_margins(screen: Screen, p: Parameters) -> None:
    """DECSLRM, in force in mode 69 only (else the sequence is SCOSC)."""
    left, right = p[0] or 1, min(p[1] or screen.columns, screen.columns)
    if left < right:
        screen.left, screen.right = left - 1, right - 1
        screen.settle()
        home(screen)


def alignment(screen: Screen) -> None:
    """DECALN."""
    screen.reset_margins()
    screen.mode.discard(_ORIGIN)
    screen.rows[:] = [("E" * screen.columns, "", False)] * screen.lines
    end_line(screen, -1)
    home(screen)
