"""Outer terminals that count the cells of characters otherwise than we do, and read what the app writes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from wcwidth import iter_graphemes, wcswidth, wcwidth

Count = Callable[[str], Iterable[tuple[str, int]]]
"""Text to what the terminal takes for one character each, and how many cells each gets."""

_TOKEN = re.compile(
    r"\x1b\[(?P<row>\d*);?(?P<column>\d*)H|\x1b\[(?P<at>\d*)G|\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP.*?\x1b\\|\x1b.|(?P<text>[^\x00-\x1f\x7f]+)|[\x00-\x1f\x7f]"
)


def per_code_point(text: str) -> Iterable[tuple[str, int]]:
    """xterm: each code point by itself."""
    return ((char, max(0, wcwidth(char))) for char in text)


def marks_take_cells(text: str) -> Iterable[tuple[str, int]]:
    """The worst: nothing has no width."""
    return ((char, max(1, wcwidth(char))) for char in text)


def clusters_take_one(text: str) -> Iterable[tuple[str, int]]:
    """Whatever is made of several code points has one cell."""
    return ((each, 1 if len(each) > 1 else max(0, wcwidth(each))) for each in iter_graphemes(text))


def selectors_do_nothing(text: str) -> Iterable[tuple[str, int]]:
    """tmux 3.3 and VTE: an emoji of narrow default stays narrow."""
    return ((each, max(0, wcwidth(each[0]))) for each in iter_graphemes(text))


def selectors_widen(text: str) -> Iterable[tuple[str, int]]:
    """Every selector makes two cells."""
    return ((each, 2 if "\ufe0f" in each else max(0, wcswidth(each))) for each in iter_graphemes(text))


def emoji_are_narrow(text: str) -> Iterable[tuple[str, int]]:
    """Tables from before there were any."""
    return (
        (each, 1 if ord(each[0]) > 0x1F000 else max(0, wcwidth(each[0]))) for each in iter_graphemes(text)
    )


def ambiguous_is_wide(text: str) -> Iterable[tuple[str, int]]:
    """As set for East Asian fonts."""
    for each in iter_graphemes(text):
        is_ambiguous = len(each) == 1 and unicodedata.east_asian_width(each) == "A"
        yield each, 2 if is_ambiguous else max(0, wcswidth(each))


WAYS: tuple[Count, ...] = (
    per_code_point,
    marks_take_cells,
    clusters_take_one,
    selectors_do_nothing,
    selectors_widen,
    emoji_are_narrow,
)


class CountingTerminal:
    """Knows of a terminal what places text: CUP, CHA, cells that overwrite others, no wrapping."""

    def __init__(self, columns: int, lines: int, count: Count) -> None:
        self._columns, self._count = columns, count
        self._rows = [[" "] * columns for _ in range(lines)]
        self._row = self._column = 0

    @property
    def display(self) -> list[str]:
        """A character a cell; the second cell of a wide one is empty, so a column is not an index."""
        return ["".join(row) for row in self._rows]

    def cell(self, row: int, column: int) -> str:
        return self._rows[row][column]

    def text(self, row: int, start: int, end: int) -> str:
        """What stands in the columns from `start` to before `end`."""
        return "".join(self._rows[row][start:end])

    def feed(self, data: str) -> None:
        for token in _TOKEN.finditer(data):
            if token["text"]:
                for char, cells in self._count(token["text"]):
                    self._put(char, cells)
            elif token["row"] is not None:
                self._row, self._column = int(token["row"] or 1) - 1, int(token["column"] or 1) - 1
            elif token["at"] is not None:
                self._column = min(int(token["at"] or 1), self._columns) - 1
            elif token[0] == "\r":
                self._column = 0

    def _put(self, char: str, cells: int) -> None:
        cells = min(cells, self._columns - self._column)
        row, start, end = self._rows[self._row], self._column, self._column + cells
        if cells <= 0:
            return
        if row[start] == "":
            row[start - 1] = " "  # the left half of a wide character goes with its right one
        if end < self._columns and row[end] == "":
            row[end] = " "
        row[start:end] = [char] + [""] * (cells - 1)
        self._column = min(end, self._columns - 1) if end == self._columns else end
