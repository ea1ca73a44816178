"""Rectangular areas of the VT420: copy, erase, fill, change attributes (DEC STD 070, xterm ctlseqs).

Coordinates are relative to the margins in origin mode. What is not a rectangle does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from qms_tui.terminal import editing, late, regions, sgr
from qms_tui.terminal import rows as cells
from qms_tui.terminal.rows import Row
from qms_tui.terminal.wraps import end_before_blank, end_line, ended

if TYPE_CHECKING:
    from qms_tui.terminal.looks import Look, Looks
    from qms_tui.terminal.screen import Screen

Parameters = Sequence[int]


class _Area(NamedTuple):
    """Rows and columns from 0, ends exclusive."""

    top: int
    left: int
    bottom: int
    right: int


def _area(screen: Screen, p: Parameters) -> _Area | None:
    top, left, bottom, right = (*p, 0, 0, 0, 0)[:4]
    is_origin = 6 << 5 in screen.mode
    dy, dx = (screen.top, screen.left) if is_origin else (0, 0)
    end_y, end_x = (screen.bottom + 1, screen.right + 1) if is_origin else (screen.lines, screen.columns)
    area = _Area(
        min((top or 1) - 1 + dy, end_y),
        min((left or 1) - 1 + dx, end_x),
        min(bottom + dy, end_y) if bottom else end_y,
        min(right + dx, end_x) if right else end_x,
    )
    return area if area.top < area.bottom and area.left < area.right else None


def fill(screen: Screen, p: Parameters) -> None:
    """DECFRA."""
    area = _area(screen, p[1:])
    if area and (32 <= p[0] <= 126 or 160 <= p[0] <= 65535) and late.width().width(chr(p[0])) == 1:
        size = area.right - area.left
        rows = tuple(screen.rows[area.top : area.bottom])
        screen.rows[area.top : area.bottom] = regions.covered(
            rows, area.left, chr(p[0]) * size, screen.look * size
        )
        end_line(screen, area.top - 1)


def erase(screen: Screen, p: Parameters) -> None:
    """DECERA."""
    if area := _area(screen, p):
        rows = tuple(screen.rows[area.top : area.bottom])
        look, columns = screen.blank, screen.columns
        screen.rows[area.top : area.bottom] = regions.erased(rows, area.left, area.right, look, columns)
        if area.left == 0:
            end_before_blank(screen, area.top, area.bottom)


def erase_selective(screen: Screen, p: Parameters) -> None:
    """DECSERA."""
    if area := _area(screen, p):
        editing.erase_columns(screen, area.top, area.bottom, area.left, area.right, selective=True)


def copy(screen: Screen, p: Parameters) -> None:
    """DECCRA; there is one page only."""
    area = _area(screen, p)
    where = _area(screen, (*p[5:7], 0, 0)[:2])
    if not area or not where:
        return
    columns = min(area.right - area.left, where.right - where.left)
    parts = [
        cells.cut(row, area.left, area.left + columns, screen.columns)
        for row in screen.rows[area.top : area.bottom]
    ]
    end_line(screen, where.top - 1)
    for y, (text, looks) in enumerate(parts[: where.bottom - where.top], where.top):
        screen.rows[y] = ended(cells.splice(screen.rows[y], where.left, text, looks))


def change_attributes(screen: Screen, p: Parameters) -> None:
    """DECCARA."""
    body = ";".join(str(code) for code in p[4:] if code in (0, 1, 4, 5, 7, 22, 24, 25, 27))
    if body:
        _restyle(screen, p, body, lambda look: sgr.applied(look, body))


def reverse_attributes(screen: Screen, p: Parameters) -> None:
    """DECRARA."""
    flips = {1: sgr.BOLD, 5: sgr.BLINK, 7: sgr.INVERSE}
    bits = 0
    for code in p[4:]:
        bits ^= sgr.BOLD | sgr.BLINK | sgr.INVERSE if code == 0 else flips.get(code, 0)
    is_underline = 4 in p[4:] or 0 in p[4:]

    def flip(look: Look) -> Look:
        underline = int(not look.underline) if is_underline else look.underline
        return look._replace(attributes=look.attributes ^ bits, underline=underline)

    _restyle(screen, p, (bits, is_underline), flip)


def _restyle(screen: Screen, p: Parameters, name: Hashable, change: Callable[[Look], Look]) -> None:
    """Give the cells of an area other looks; `name` is the same for the same change."""
    area = _area(screen, p)
    if not area:
        return
    if screen.looks.is_full:
        screen.collect_looks()
    for y in range(area.top, area.bottom):
        start, end = area.left, area.right
        if screen.stream_attributes:  # the stream from the first corner to the last
            start = area.left if y == area.top else 0
            end = area.right if y == area.bottom - 1 else screen.columns
        what = "restyle", name, screen.rows[y], start, end
        screen.rows[y] = screen.looks.remembered(what, partial(_restyled, screen, *what[1:], change))


def _restyled(
    screen: Screen, name: Hashable, row: Row, start: int, end: int, change: Callable[[Look], Look]
) -> Row:
    text, looks = cells.full(row, screen.columns)
    codes = screen.looks.remembered(("codes", name), lambda: _Codes(screen.looks, change))
    new = "".join(map(codes.__getitem__, looks[start:end]))
    return text, looks[:start] + new + looks[end:], row[2]


class _Codes(dict[str, str]):
    """Code points of looks and of what they change to, found out when first asked for."""

    def __init__(self, looks: Looks, change: Callable[[Look], Look]) -> None:
        super().__init__()
        self._looks, self._change = looks, change

    def __missing__(self, code: str) -> str:
        new = self[code] = self._looks.code(self._change(self._looks.look(code)))
        return new


def extent(screen: Screen, p: Parameters) -> None:
    """DECSACE."""
    if p[0] <= 2:
        screen.stream_attributes = p[0] != 2
