"""Soft wraps: where a line that was too long for its row no longer goes on in the next one.

A row is marked as wrapped when text runs over its end (`Screen.wrap_if_pending`). The mark goes when

- the last cell is written again or erased (alacritty; tmux and xterm.js keep it);
- nothing is left of the next row, by whatever erases from its first column on (tmux, xterm.js);
- another row comes to stand below it: inserted, deleted, scrolled or shifted rows, a new screen (tmux);
- a line feed leaves the row (xterm.js; tmux keeps it).

Moving the cursor and writing over the next row leave it alone (tmux, xterm.js): so a shell's line editor
edits a long line. There is always a row for a marked one to go on in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qms_tui.terminal.rows import Row

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen


def end_line(screen: Screen, y: int) -> None:
    """The line ends in row `y` of the shown page; -1 is the history's newest row."""
    if y >= 0:
        screen.rows[y] = ended(screen.rows[y])
    elif screen.page is screen.main:
        screen.history.end_line()


def end_before_blank(screen: Screen, first: int, last: int) -> None:
    """Lines end above those of the rows `first` to `last` (exclusive) in which nothing is left."""
    rows = screen.rows
    if first == 0 and not rows[0][0].strip(" "):
        end_line(screen, -1)
    above = max(first - 1, 0)
    for y, row in enumerate(rows[above : last - 1], above):
        if row[2] and not rows[y + 1][0].strip(" "):
            rows[y] = ended(row)


def ended(row: Row) -> Row:
    """The row without its mark; the same object if it has none."""
    return (row[0], row[1], False) if row[2] else row
