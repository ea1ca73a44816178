"""Sequences that erase, insert, delete and repeat. Each takes the screen and the parameters (0 where
missing).

Protection follows xterm: cells guarded by SPA/EPA are spared by ED, EL and ECH; cells protected by DECSCA
by DECSED and DECSEL only. Erasing leaves the background colour (BCE) and, as in alacritty and kitty, the
pending wrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from qms_tui.terminal import regions, scrolling
from qms_tui.terminal import rows as cells
from qms_tui.terminal.rows import Row
from qms_tui.terminal.wraps import end_before_blank, end_line, ended

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

Parameters = Sequence[int]


def erase_cells(screen: Screen, y: int, start: int, end: int, *, selective: bool = False) -> None:
    """Blank cells of a row, sparing protected ones if that is asked for or they are guarded."""
    if selective or screen.guarded == "ISO":
        erase_columns(screen, y, y + 1, start, end, selective=selective)
    else:
        screen.rows[y] = cells.erase(screen.rows[y], start, end, screen.blank, screen.columns)
        if start == 0:
            end_before_blank(screen, y, y + 1)


def erase_columns(
    screen: Screen, first: int, last: int, start: int, end: int, *, selective: bool = False
) -> None:
    """The same for several rows at once."""
    rows = tuple(screen.rows[first:last])
    if selective or screen.guarded == "ISO":
        guarded = screen.guarded == ("DEC" if selective else "ISO")
        what = "erase", rows, start, end, "" if selective else screen.blank, guarded
        screen.rows[first:last] = screen.looks.remembered(what, partial(_all_spared, screen, *what[1:]))
    elif start == 0 and end >= screen.columns:
        screen.rows[first:last] = [cells.filled(screen.columns, screen.blank)] * (last - first)
    else:
        screen.rows[first:last] = regions.erased(rows, start, end, screen.blank, screen.columns)
    if start == 0 and first < last:
        end_before_blank(screen, first, last)


def _all_spared(
    screen: Screen, rows: tuple[Row, ...], start: int, end: int, blank: str, is_guarded: bool
) -> tuple[Row, ...]:
    what = "spare", start, end, blank, is_guarded
    known = screen.looks.remembered
    return tuple(
        [known((what, row), partial(_spared, screen, row, start, end, blank, is_guarded)) for row in rows]
    )


def _spared(screen: Screen, row: Row, start: int, end: int, blank: str, is_guarded: bool) -> Row:
    """A row erased but for protected cells if there are any; without `blank` all cells keep their looks."""
    text, looks = cells.cut(row, start, end, screen.columns)
    guard = {code for code in set(looks) if screen.looks.look(code).protected} if is_guarded else set()
    if blank and not guard:
        return cells.erase(row, start, end, blank, screen.columns)
    text = "".join([char if look in guard else " " for char, look in zip(text, looks, strict=True)])
    if blank:
        looks = "".join([look if look in guard else blank for look in looks])
    row = cells.splice(row, start, text, looks)
    return ended(row) if end >= screen.columns else row


def in_display(screen: Screen, p: Parameters, *, selective: bool = False) -> None:
    """ED; 3 clears the history."""
    how, y, x = p[0], screen.cursor.y, screen.cursor.x
    columns = screen.columns
    if how == 0:
        if not screen.pending:
            erase_cells(screen, y, x, columns, selective=selective)
        _erase_rows(screen, y + 1, screen.lines, selective)
    elif how == 1:
        _erase_rows(screen, 0, y, selective)
        erase_cells(screen, y, 0, x + 1, selective=selective)
    elif how == 2:
        _erase_rows(screen, 0, screen.lines, selective)
    elif how == 3 and not selective and not screen.is_alternate:
        screen.history.clear()


def _erase_rows(screen: Screen, first: int, last: int, selective: bool) -> None:
    erase_columns(screen, first, last, 0, screen.columns, selective=selective)


def in_display_selective(screen: Screen, p: Parameters) -> None:
    """DECSED."""
    in_display(screen, p, selective=True)


def in_line(screen: Screen, p: Parameters, *, selective: bool = False) -> None:
    """EL."""
    how, y, x = p[0], screen.cursor.y, screen.cursor.x
    if how == 0:
        if not screen.pending:
            erase_cells(screen, y, x, screen.columns, selective=selective)
    elif how == 1:
        erase_cells(screen, y, 0, x + 1, selective=selective)
    elif how == 2:
        erase_cells(screen, y, 0, screen.columns, selective=selective)


def in_line_selective(screen: Screen, p: Parameters) -> None:
    """DECSEL."""
    in_line(screen, p, selective=True)


def characters(screen: Screen, p: Parameters) -> None:
    """ECH."""
    x = screen.cursor.x
    erase_cells(screen, screen.cursor.y, x, min(x + (p[0] or 1), screen.columns))
    screen.pending = False


def _is_inside(screen: Screen) -> bool:
    cursor = screen.cursor
    is_row = screen.top <= cursor.y <= screen.bottom
    return bool(is_row and screen.left <= cursor.x <= screen.right)


def insert_characters(screen: Screen, p: Parameters) -> None:
    """ICH."""
    screen.pending = False
    x, y = screen.cursor.x, screen.cursor.y
    if screen.left <= x <= screen.right:
        right = screen.right + 1
        screen.rows[y] = cells.insert(screen.rows[y], x, p[0] or 1, right, screen.blank, screen.columns)


def delete_characters(screen: Screen, p: Parameters) -> None:
    """DCH."""
    screen.pending = False
    x, y = screen.cursor.x, screen.cursor.y
    if screen.left <= x <= screen.right:
        right = screen.right + 1
        screen.rows[y] = cells.delete(screen.rows[y], x, p[0] or 1, right, screen.blank, screen.columns)


def insert_lines(screen: Screen, p: Parameters) -> None:
    """IL."""
    screen.pending = False
    if _is_inside(screen):
        scrolling.down(screen, p[0] or 1, screen.cursor.y)
        screen.carriage_return()


def delete_lines(screen: Screen, p: Parameters) -> None:
    """DL."""
    screen.pending = False
    if _is_inside(screen):
        scrolling.up(screen, p[0] or 1, screen.cursor.y)
        screen.carriage_return()


def scroll_up(screen: Screen, p: Parameters) -> None:
    """SU."""
    scrolling.up(screen, p[0] or 1)


def scroll_down(screen: Screen, p: Parameters) -> None:
    """SD; with five parameters it would be xterm's highlight tracking."""
    if len(p) < 5:
        scrolling.down(screen, p[0] or 1)


def _each_row(screen: Screen, x: int, change: str, count: int) -> None:
    act = regions.inserted if change == "insert" else regions.deleted
    first, last = screen.top, screen.bottom + 1
    rows = tuple(screen.rows[first:last])
    screen.rows[first:last] = act(rows, x, count, screen.right + 1, screen.blank, screen.columns)
    if x == 0:
        end_line(screen, first - 1)


def insert_columns(screen: Screen, p: Parameters) -> None:
    """DECIC."""
    if _is_inside(screen):
        _each_row(screen, screen.cursor.x, "insert", p[0] or 1)


def delete_columns(screen: Screen, p: Parameters) -> None:
    """DECDC."""
    if _is_inside(screen):
        _each_row(screen, screen.cursor.x, "delete", p[0] or 1)


def shift_left(screen: Screen, p: Parameters) -> None:
    """SL: the whole region."""
    if _is_inside(screen):
        _each_row(screen, screen.left, "delete", p[0] or 1)


def shift_right(screen: Screen, p: Parameters) -> None:
    """SR."""
    if _is_inside(screen):
        _each_row(screen, screen.left, "insert", p[0] or 1)


def forward_index(screen: Screen) -> None:
    """DECFI: right, or the region moves left."""
    screen.pending = False
    cursor = screen.cursor
    if cursor.x == screen.right:
        delete_columns_at_left(screen)
    elif cursor.x < screen.columns - 1:
        cursor.x += 1


def delete_columns_at_left(screen: Screen) -> None:
    """What DECFI does at the right margin."""
    if _is_inside(screen):
        _each_row(screen, screen.left, "delete", 1)


def back_index(screen: Screen) -> None:
    """DECBI: left, or the region moves right."""
    screen.pending = False
    cursor = screen.cursor
    if cursor.x == screen.left:
        if _is_inside(screen):
            _each_row(screen, screen.left, "insert", 1)
    elif cursor.x > 0:
        cursor.x -= 1


def repeat(screen: Screen, p: Parameters) -> None:
    """REP: the last character again. More than a row of them end with the row, as in VTE and libvterm."""
    if not screen.last:
        return
    last = screen.last[-2:] if screen.last[-1] == cells.FILLER else screen.last[-1]
    edge = screen.edge()
    count, width = p[0] or 1, edge - (screen.left if screen.left <= screen.cursor.x else 0)
    if count * len(last) > width:
        count = (width if screen.pending else max(edge - screen.cursor.x, 1)) // len(last)
    screen.draw(last * max(count, 1))


def protect(screen: Screen, p: Parameters) -> None:
    """DECSCA."""
    screen.guarded = "DEC"
    screen.new_look(protected=p[0] == 1)


def guard_on(screen: Screen) -> None:
    """SPA."""
    screen.guarded = "ISO"
    screen.new_look(protected=True)


def guard_off(screen: Screen) -> None:
    """EPA."""
    screen.new_look(protected=False)


def blank_screen(screen: Screen) -> None:
    """All rows blank, in the current background."""
    screen.rows[:] = [cells.filled(screen.columns, screen.blank)] * screen.lines
    end_line(screen, -1)
