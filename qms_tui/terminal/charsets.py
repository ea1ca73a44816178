"""Character sets: which of G0 to G3 is shown, and what the 7-bit codes mean in it (ECMA-35, VT510).

Only line drawing and the British pound differ from ASCII here: text comes in UTF-8, so GR and the national
sets of the VT series have no use (they are taken as ASCII).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pyte.charsets import VT100_MAP

from qms_tui.terminal.shapes import State, checked

Table = dict[int, str]

ASCII: Table = {}
# pyte's is the Linux console's: it has a shade for NL's symbol, and a no-break space for the blank (VT220
# Programmer Reference, table 2-4).
LINE_DRAWING: Table = {code: VT100_MAP[code] for code in range(0x5F, 0x7F)} | {0x5F: " ", 0x68: "\u2424"}
BRITISH: Table = {ord("#"): "£"}

_TABLES = [ASCII, LINE_DRAWING, BRITISH]  # a saved state has their numbers
_SAVED = {"sets": (int, int, int, int), "locked": int, "single": int | None}

_BY_FINAL = {"0": LINE_DRAWING, "2": LINE_DRAWING, "A": BRITISH}
_SLOT = {"(": 0, ")": 1, "*": 2, "+": 3, "-": 1, ".": 2, "/": 3}


@dataclass(slots=True)
class Charsets:
    """The four designated sets, the one locked into GL, and the one for the next character only."""

    sets: list[Table] = field(default_factory=lambda: [ASCII] * 4)
    locked: int = 0
    single: int | None = None

    def designate(self, intermediate: str, final: str) -> None:
        """ESC ( 0 and its like; unknown sets are taken as ASCII."""
        is_94 = intermediate in "()*+"
        self.sets[_SLOT[intermediate]] = _BY_FINAL.get(final, ASCII) if is_94 else ASCII

    @property
    def is_plain(self) -> bool:
        """Whether text can be written as it comes."""
        return self.single is None and not self.sets[self.locked]

    def translate(self, text: str) -> str:
        """`text` in the current sets; uses up a single shift."""
        if self.single is not None:
            first, self.single = self.sets[self.single], None
            return text[:1].translate(first) + text[1:].translate(self.sets[self.locked])
        return text.translate(self.sets[self.locked])

    def copy(self) -> Charsets:
        """As DECSC saves it."""
        return Charsets(self.sets[:], self.locked, self.single)

    def state(self) -> State:
        """What is saved of it."""
        numbers = tuple(_TABLES.index(table) for table in self.sets)
        return {"sets": numbers, "locked": self.locked, "single": self.single}

    @classmethod
    def restored(cls, state: State) -> Charsets:
        """Take a saved state; ValueError if it is none."""
        checked(state, _SAVED)
        locked, single = state["locked"], state["single"]
        if not all(0 <= number < len(_TABLES) for number in state["sets"]):
            raise ValueError("a saved terminal has an unknown character set")
        if not 0 <= locked < 4 or not 0 <= (single or 0) < 4:
            raise ValueError("a saved terminal has more than four character sets")
        return cls([_TABLES[number] for number in state["sets"]], locked, single)
