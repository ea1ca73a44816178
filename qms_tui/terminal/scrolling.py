"""Moving the rows of the scrolling region, or what lies between the left and right margin of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qms_tui.terminal import regions
from qms_tui.terminal import rows as cells
from qms_tui.terminal.wraps import end_line

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen


def up(screen: Screen, count: int, top: int | None = None, *, wraps: bool = False) -> None:
    """Move the region's rows up from `top` (its top margin if not given), blanks come in below.

    What leaves the top of the main screen becomes history. With `wraps` the last row's line goes on in the
    blank one below it.
    """
    first = screen.top if top is None else top
    last = screen.bottom + 1
    count = min(count, last - first)
    if screen.left > 0 or screen.right < screen.columns - 1:
        _columns(screen, first, last, count)
        return
    rows = screen.rows
    if first == 0 and top is None and screen.page is screen.main:
        screen.remember(rows[:count])
    else:
        end_line(screen, first - 1)
    blanks = [cells.filled(screen.columns, screen.blank)] * count
    rows[first:last] = rows[first + count : last] + blanks
    if not wraps:
        end_line(screen, last - count - 1)


def down(screen: Screen, count: int, top: int | None = None) -> None:
    """Move the region's rows down from `top` (its top margin if not given), blanks come in above."""
    first = screen.top if top is None else top
    last = screen.bottom + 1
    count = min(count, last - first)
    if screen.left > 0 or screen.right < screen.columns - 1:
        _columns(screen, first, last, -count)
        return
    rows = screen.rows
    blanks = [cells.filled(screen.columns, screen.blank)] * count
    rows[first:last] = blanks + rows[first : last - count]
    end_line(screen, first - 1)
    end_line(screen, last - 1)


def _columns(screen: Screen, first: int, last: int, count: int) -> None:
    """Between left and right margin only: up by `count`, down if it is negative."""
    rows = tuple(screen.rows[first:last])
    left, right = screen.left, screen.right + 1
    if left == 0:
        end_line(screen, first - 1)
    screen.rows[first:last] = regions.scrolled(rows, left, right, count, screen.blank, screen.columns)
