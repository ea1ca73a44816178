"""Lay lines out again for another width: rows that were wrapped are joined and cut anew.

Positions ("marks", as row and column) move with the character they stand on, or behind: a column that is
the screen's width, or more, is behind the row's last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from qms_tui.terminal.rows import EMPTY, FILLER, PLAIN, SPACER, Row

Mark = tuple[int, int]


def reflow(
    rows: Sequence[Row], old_columns: int, columns: int, marks: Iterable[Mark]
) -> tuple[list[Row], list[Mark]]:
    """The same lines at `columns`, and where the marks are now.

    A mark in the blank part of a line stays in the line's last row.
    """
    wanted = sorted(set(marks))
    moved: dict[Mark, Mark] = {}
    out: list[Row] = []
    start = 0
    while start < len(rows):
        end = start
        while rows[end][2] and end + 1 < len(rows):
            end += 1
        inside = []
        while wanted and wanted[0][0] <= end:
            inside.append(wanted.pop(0))
        if start == end and not inside and len(rows[start][0]) <= columns:
            out.append(rows[start])
        else:
            _line(rows[start : end + 1], old_columns, columns, start, inside, moved, out)
        start = end + 1
    return out, [moved.get(mark, mark) for mark in marks]


def _line(
    rows: Sequence[Row],
    old_columns: int,
    columns: int,
    first: int,
    marks: list[Mark],
    moved: dict[Mark, Mark],
    out: list[Row],
) -> None:
    """Cut one line anew onto `out`, noting in `moved` where its marks went."""
    held = max((column for row, column in marks if row - first == len(rows) - 1), default=0)
    text, looks, starts = _joined(rows, old_columns, held)
    goes_on = rows[-1][2]
    cuts = _cuts(text, columns)
    base = len(out)
    for begin, end in pairwise(cuts):
        part = text[begin:end]
        if len(part) == columns - 1 and text[end : end + 1] and text[end + 1 : end + 2] == FILLER:
            part += SPACER
        out.append((part, looks[begin:end].rstrip(PLAIN), True))
    out[-1] = out[-1][0], out[-1][1], goes_on
    for row, column in marks:
        offset = starts[row - first] + column
        if rows[row - first][2]:
            offset = min(offset, starts[row - first + 1])  # a spacer is left out
        at = max(i for i, begin in enumerate(cuts[:-1]) if begin <= offset)
        moved[row, column] = base + at, offset - cuts[at]


def _joined(rows: Sequence[Row], old_columns: int, held: int) -> tuple[str, str, list[int]]:
    """One line's cells, their looks, and where each of its rows began, and its end.

    Blanks at its end are left out, but for those before the column `held` that were written.
    """
    texts: list[str] = []
    looks: list[str] = []
    starts = []
    length = 0
    for text, look, wrapped in rows:
        starts.append(length)
        if wrapped:
            text = (
                text[:-1] if text.endswith(SPACER) and len(text) == old_columns else text.ljust(old_columns)
            )
        else:
            text = text[: max(len(text.rstrip(" ")), len(look.rstrip(PLAIN)), held)]
        length += len(text)
        texts.append(text)
        looks.append(look[: len(text)].ljust(len(text), PLAIN))
    starts.append(length)
    return "".join(texts), "".join(looks), starts


def _cuts(text: str, columns: int) -> list[int]:
    """Where the rows of a line begin, and its end; no wide character is cut."""
    cuts = [0]
    while len(text) - cuts[-1] > columns:
        cut = cuts[-1] + columns
        if text[cut] == FILLER and columns > 1:
            cut -= 1
        cuts.append(cut)
    cuts.append(len(text))
    return cuts


def is_blank(row: Row) -> bool:
    """Whether nothing is to be seen in a row."""
    return row is EMPTY or not (row[0].strip(" " + SPACER) or row[1].strip(PLAIN))
