"""A terminal in a pane of another size: which part of it is shown, and what stands beside it. Pure.

Another interface leads and has set the size. All of the terminal is shown if it fits, at the top left; else
the part around the cursor, as low as something is written: there is a shell's prompt.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from qms_tui.terminal import Terminal


class View(Struct, frozen=True):
    """The part of a terminal that a pane shows: how many rows are cut above, how many columns on the left."""

    top: int = 0
    left: int = 0


WHOLE = View()


def look_at(terminal: Terminal, columns: int, lines: int, before: View) -> View:
    """What a pane of `columns` x `lines` shows; `before` is kept where the cursor did not leave it."""
    if terminal.columns <= columns and terminal.lines <= lines:
        return WHOLE
    cursor = terminal.cursor
    lowest = max(0, _written(terminal, max(cursor.row + 1, lines)) - lines)
    if not cursor.visible:
        return View(top=lowest)
    return View(
        top=_around(cursor.row, lines, terminal.lines, lowest, before.top),
        left=_around(cursor.column, columns, terminal.columns, 0, before.left),
    )


def _written(terminal: Terminal, least: int) -> int:
    """How many rows there are down to the last one with text on it, at least `least`."""
    for row in range(terminal.lines - 1, least - 1, -1):
        if any(run.text.strip() for run in terminal.styled(row)):
            return row + 1
    return min(least, terminal.lines)


def _around(cursor: int, room: int, extent: int, home: int, before: int) -> int:
    """The first cell to show so that the cursor is in view: home, as before, or with it in the middle."""
    most = max(0, extent - room)
    for first in (home, before):
        if first <= min(cursor, most) and cursor < first + room:
            return first
    return max(0, min(cursor - room // 2, most))


def hidden(terminal: Terminal, columns: int, lines: int, view: View) -> str:
    """How many rows and columns are out of view on each side, with arrows; empty if none are."""
    sides = {
        "↑": view.top,
        "↓": terminal.lines - view.top - lines,
        "←": view.left,
        "→": terminal.columns - view.left - columns,
    }
    return " ".join(f"{arrow}{cells}" for arrow, cells in sides.items() if cells > 0)


@lru_cache(maxsize=1024)  # rows of the panes in view
def beside(row: int, width: int, columns: int, lines: int) -> str:
    """What a pane `width` wide shows right of a row of a terminal of `columns` x `lines`, or below the last.

    An edge and dots: nothing that a program would print over so much room, and quiet.
    """
    dots = "".join("·" if (x + 2 * (row % 2)) % 4 == 0 else " " for x in range(width))
    if row < lines:
        return ("│" + dots[columns + 1 :])[: max(0, width - columns)]
    if row == lines:
        return ("─" * columns + "┘" + dots[columns + 1 :])[:width]
    return dots
