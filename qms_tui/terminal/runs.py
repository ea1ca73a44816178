"""A row's cells as runs of text in one style."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qms_tui.terminal.rows import FILLER, PLAIN, SPACER, Row
from qms_tui.terminal.style import Run

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

_CELL = re.compile(f"(?s)([^{FILLER}])({FILLER}*)")
_SAME = re.compile(r"(?s)(.)\1*")


def cells_of(row: Row, screen: Screen) -> Iterator[tuple[str, int]]:
    """The characters of a row and how many columns each takes, together as wide as the screen."""
    for cell in _CELL.finditer(row[0].ljust(screen.columns).replace(SPACER, " ")):
        yield screen.clusters.text(cell[1]), len(cell[0])


def runs_of(row: Row, screen: Screen) -> tuple[Run, ...]:
    """The runs of a row, together as wide as the screen."""
    columns = screen.columns
    text, looks = row[0].ljust(columns), row[1].ljust(columns, PLAIN)
    is_plain = text.isascii() and FILLER not in text and SPACER not in text
    runs = []
    for match in _SAME.finditer(looks):
        start, end = match.span()
        part = text[start:end]
        if not is_plain:
            part = screen.clusters.expand(part.replace(FILLER, "").replace(SPACER, " "))
        runs.append(Run(part, end - start, screen.looks.style(match[1])))
    return tuple(runs)
