"""One of the two screens, and what DECSC keeps of it."""

from __future__ import annotations

from dataclasses import dataclass

from qms_tui.terminal.charsets import Charsets
from qms_tui.terminal.rows import EMPTY, PLAIN, Row


@dataclass(slots=True)
class Saved:
    """What DECSC keeps."""

    x: int = 0
    y: int = 0
    look: str = PLAIN
    pending: bool = False
    origin: bool = False
    charsets: Charsets | None = None


class Page:
    """One of the two screens: its rows, its saved cursor, its keyboard flags."""

    def __init__(self, lines: int) -> None:
        self.rows: list[Row] = [EMPTY] * lines
        self.below: list[Row] = []  # rows that a lower screen has no room for, until the program writes again
        self.saved = Saved()
        self.left_at = Saved()  # where the cursor was when the other page was shown
        self.keyboards: list[int] = []
        self.keyboard = 0
