"""One of the two screens, and what DECSC keeps of it."""

from __future__ import annotations

from dataclasses import dataclass

from qms_tui.terminal.charsets import Charsets
from qms_tui.terminal.packing import packed, unpacked
from qms_tui.terminal.rows import EMPTY, PLAIN, Row
from qms_tui.terminal.shapes import State, assign, checked, plain
from qms_tui.terminal.wraps import ended

_SAVED = {"x": int, "y": int, "look": str, "pending": bool, "origin": bool}
_KEYBOARD = {"keyboards": [int], "keyboard": int}
_PAGE = {"rows": tuple, "below": tuple, "saved": dict, "left_at": dict, **_KEYBOARD}


@dataclass(slots=True)
class Saved:
    """What DECSC keeps."""

    x: int = 0
    y: int = 0
    look: str = PLAIN
    pending: bool = False
    origin: bool = False
    charsets: Charsets | None = None

    def state(self) -> State:
        """What is saved of it."""
        return plain(self, _SAVED) | {"charsets": self.charsets and self.charsets.state()}

    @classmethod
    def restored(cls, state: State) -> Saved:
        """Take a saved state; ValueError if it is none."""
        checked(state, {**_SAVED, "charsets": dict | None})
        charsets = state["charsets"]
        return cls(**{**state, "charsets": None if charsets is None else Charsets.restored(charsets)})


class Page:
    """One of the two screens: its rows, its saved cursor, its keyboard flags."""

    def __init__(self, lines: int) -> None:
        self.rows: list[Row] = [EMPTY] * lines
        self.below: list[Row] = []  # rows that a lower screen has no room for, until the program writes again
        self.saved = Saved()
        self.left_at = Saved()  # where the cursor was when the other page was shown
        self.keyboards: list[int] = []
        self.keyboard = 0

    def drop_below(self) -> None:
        """The program writes again: what has no room is lost."""
        if self.below:
            self.below = []
            self.rows[-1] = ended(self.rows[-1])

    def state(self) -> State:
        """What is saved of it."""
        return plain(self, _KEYBOARD) | {
            "rows": packed(self.rows),
            "below": packed(self.below),
            "saved": self.saved.state(),
            "left_at": self.left_at.state(),
        }

    def restore(self, state: State) -> None:
        """Take a saved state; ValueError if it is none, or has another number of rows."""
        checked(state, _PAGE)
        rows = unpacked(state["rows"])
        if len(rows) != len(self.rows):
            raise ValueError("a saved screen has another height than it says")
        self.rows, self.below = rows, unpacked(state["below"])
        self.saved, self.left_at = Saved.restored(state["saved"]), Saved.restored(state["left_at"])
        assign(self, {name: state[name] for name in _KEYBOARD}, _KEYBOARD)
