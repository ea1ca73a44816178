"""Clusters of several code points, kept as one code point per cell inside rows.

The table is bounded: when it is full, those no longer on any row are forgotten (the screen says which are);
when still too many are in use, further clusters lose their marks.
"""

from __future__ import annotations

import re

from qms_tui.terminal.rows import FIRST_CLUSTER
from qms_tui.terminal.shapes import State, assign, plain

MAX_CLUSTERS = (
    8192  # distinct ones alive at a time: enough for a screenful of emoji and Devanagari, 3 MB at worst
)
MAX_CODE_POINTS = 32  # of one cluster; the longest emoji has 10, Zalgo text has hundreds

_SAVED = {"_texts": {str: str}, "_next": int}
_CLUSTER = re.compile("[\U00100000-\U0010ffff]")


class Clusters:
    """Cluster texts and the code points that stand for them."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._codes: dict[str, str] = {}
        self._next = 0

    def state(self) -> State:
        """What is saved of it: also what no row uses any more, since a full table acts differently."""
        return plain(self, _SAVED)

    def restore(self, state: State) -> None:
        """Take a saved state; ValueError if it is none."""
        assign(self, state, _SAVED)
        self._codes = {text: code for code, text in self._texts.items()}

    @property
    def is_full(self) -> bool:
        """Whether a new cluster finds no room."""
        return len(self._texts) >= MAX_CLUSTERS

    def code(self, text: str) -> str:
        """The code point that stands for `text` in a row; the bare first character if there is no room."""
        if len(text) == 1 and ord(text) < FIRST_CLUSTER:
            return text
        text = text[:MAX_CODE_POINTS]
        code = self._codes.get(text)
        if code is None:
            if self.is_full:
                return text[0] if ord(text[0]) < FIRST_CLUSTER else "\ufffd"
            code = self._free()
            self._codes[text], self._texts[code] = code, text
        return code

    def text(self, code: str) -> str:
        """What a cell's code point stands for."""
        return self._texts.get(code, code)

    def expand(self, cells: str) -> str:
        """The text of cells, clusters written out."""
        if not self._texts or cells.isascii():
            return cells
        return _CLUSTER.sub(lambda match: self._texts.get(match[0], "\ufffd"), cells)

    def keep(self, alive: set[str]) -> None:
        """Forget the clusters whose code points are not in `alive`."""
        self._texts = {code: text for code, text in self._texts.items() if code in alive}
        self._codes = {text: code for code, text in self._texts.items()}

    def _free(self) -> str:
        while chr(FIRST_CLUSTER + self._next) in self._texts:
            self._next = (self._next + 1) % (MAX_CLUSTERS * 2)
        code = chr(FIRST_CLUSTER + self._next)
        self._next = (self._next + 1) % (MAX_CLUSTERS * 2)
        return code
