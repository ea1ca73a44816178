"""Writing characters that may join the one before them: marks, ZWJ sequences, flags, variation selectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qms_tui.terminal.clusters import MAX_CODE_POINTS
from qms_tui.terminal.rows import FILLER
from qms_tui.terminal.width import VS15, cluster_width, joins, width

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

_WRAP = 7 << 5


def draw(screen: Screen, data: str) -> None:
    """Write characters that may join the one before them."""
    for char in data:
        _draw(screen, char)


def _draw(screen: Screen, char: str) -> None:
    x = _before(screen)
    if x is not None:
        cluster = screen.clusters.text(screen.rows[screen.cursor.y][0].ljust(x + 1)[x])
        has_room = len(cluster) < MAX_CODE_POINTS
        if not has_room and width(char) == 0:
            return
        if has_room and joins(cluster, char):
            _join(screen, x, cluster, char)
            return
    if screen.clusters.is_full:
        screen.collect_clusters()
    size = width(char)
    screen.last = char + FILLER * (size == 2)
    if size == 0 and screen.cursor.x == 0 and not screen.pending:
        cluster = screen.clusters.text((screen.rows[screen.cursor.y][0] or " ")[0])
        _set(screen, 0, cluster + char)
    elif size:
        screen.draw(screen.clusters.code(screen.cells(char)[0]) + FILLER * (size - 1))


def _before(screen: Screen) -> int | None:
    """The column of the character that a combining one belongs to."""
    x = screen.cursor.x if screen.pending else screen.cursor.x - 1
    if x < 0:
        return None
    if screen.rows[screen.cursor.y][0][x : x + 1] == FILLER:
        x -= 1
    return int(x)


def _set(screen: Screen, x: int, cluster: str) -> None:
    """Give the cell at `x` another text of the same width."""
    text, looks, wrapped = screen.rows[screen.cursor.y]
    text = text.ljust(x + 1)
    cluster = cluster[:MAX_CODE_POINTS]
    if screen.clusters.is_full:
        screen.collect_clusters()
    code = screen.clusters.code(cluster)
    screen.rows[screen.cursor.y] = text[:x] + code + text[x + 1 :], looks, wrapped
    screen.last = code + FILLER * (text[x + 1 : x + 2] == FILLER)


def _join(screen: Screen, x: int, cluster: str, char: str) -> None:
    is_wide = screen.rows[screen.cursor.y][0][x + 1 : x + 2] == FILLER
    cluster += char
    _set(screen, x, cluster)
    size = cluster_width(cluster)
    if size == 2 and not is_wide:
        _widen(screen, x)
    elif size == 1 and is_wide and char == VS15:
        _narrow(screen, x)


def _widen(screen: Screen, x: int) -> None:
    cursor = screen.cursor
    code = screen.rows[cursor.y][0][x]
    screen.last = code + FILLER
    if x + 2 <= (screen.right + 1 if x <= screen.right else screen.columns):
        cursor.x, screen.pending = x, False
        screen.place(code + FILLER, screen.edge())
    elif _WRAP in screen.mode and screen.columns > 1:
        cursor.x, screen.pending = x, False
        screen.draw(code + FILLER)


def _narrow(screen: Screen, x: int) -> None:
    cursor = screen.cursor
    screen.last = code = screen.rows[cursor.y][0][x]
    cursor.x = x
    screen.put(x, code + " ")
    cursor.x, screen.pending = x + 1, False
