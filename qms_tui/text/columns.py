"""Tables of text: columns as wide as what stands in them takes cells."""

from __future__ import annotations

from collections.abc import Sequence

from qms_tui.text.printable import plain


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line for each row, safe to show; all have the same number of cells."""
    shown = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*shown, strict=True)]
    return ["  ".join(map(fill, row, widths)).rstrip() for row in shown]


def fill(text: str, cells: int) -> str:
    """The text with spaces behind it, in so many cells of a terminal."""
    return text + " " * (cells - width(text))


def width(text: str) -> int:
    """How many cells of a terminal a line of text takes."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # its tables are no part of the start

    cells = wcswidth(text)
    return cells if cells >= 0 else len(text)
