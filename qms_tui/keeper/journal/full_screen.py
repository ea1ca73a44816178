"""What a full-screen program showed, each line once, however often it was painted.

A row is told when it has stood still for a moment, before the screen is erased, and when the program leaves.
Rows are compared with those that stood there at the last look, as diff does, so that lines that moved are not
new; a line that was told a while ago (a pager goes back) is not either. A row in which only digits and signs
change, while its neighbours do not, is a counter, a clock or a spinner: it is told once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from msgspec import Struct

from qms_tui.keeper.journal.lines import is_trivial, letters
from qms_tui.terminal import Terminal

STILL = 0.5  # seconds; about as long as it takes to begin to read
_REMEMBERED = 4000  # lines told


@dataclass(slots=True)
class _Row:
    """What stands in a row, since when, and whether it was looked at."""

    text: str
    since: float
    seen: bool = False


class _Told(Struct, frozen=True):
    """A row as it was when it was told, between its neighbours."""

    text: str
    above: str
    below: str


class FullScreen:
    """Follows the alternate screen from when it is shown until it is left."""

    def __init__(self, terminal: Terminal, now: float) -> None:
        self._rows = [_Row(_text(terminal, y), now) for y in range(terminal.lines)]
        self._last: list[str] = []
        self._told: dict[str, None] = {}
        self._at: dict[int, _Told] = {}

    def changed(self, terminal: Terminal, rows: frozenset[int], now: float) -> None:
        """These rows may have changed; a text that only moved has stood there before."""
        if len(self._rows) != terminal.lines:
            rows = frozenset(range(terminal.lines))
        texts = {y: _text(terminal, y) for y in rows}
        known = {row.text: row for row in self._rows}
        new = self._rows[: terminal.lines]
        new += [_Row("", now) for _ in range(terminal.lines - len(new))]
        for y, text in texts.items():
            if text != new[y].text:
                new[y] = known.get(text) or _Row(text, now)
        self._rows = new

    def still(self, now: float) -> Iterator[str]:
        """New lines among the rows that have stood still until now."""
        if any(not row.seen and now - row.since >= STILL for row in self._rows):
            yield from self._look([y for y, row in enumerate(self._rows) if now - row.since >= STILL])

    def all(self) -> Iterator[str]:
        """New lines among all rows, which are about to vanish."""
        yield from self._look([*range(len(self._rows))])

    def _look(self, places: list[int]) -> Iterator[str]:
        texts = [self._rows[y].text for y in places]
        matcher = SequenceMatcher(None, self._last, texts, autojunk=False)
        for kind, _, _, start, end in matcher.get_opcodes():
            if kind in ("insert", "replace"):
                yield from self._new(places[start:end])
        self._last = texts
        for y in places:
            self._rows[y].seen = True

    def _new(self, places: list[int]) -> Iterator[str]:
        """What has not been told before; trivial lines go with their neighbours."""
        fresh = [not is_trivial(self._rows[y].text) and self._is_new(y) for y in places]
        for at, y in enumerate(places):
            text = self._rows[y].text
            beside = any(fresh[max(at - 1, 0) : at + 2])
            if fresh[at] or (is_trivial(text) and beside):
                yield text
        for at, y in enumerate(places):
            if fresh[at]:
                self._remember(y)

    def _is_new(self, y: int) -> bool:
        text = self._rows[y].text
        old = self._at.get(y)
        is_counter = old is not None and letters(old.text) == letters(text) and self._beside(y) == old
        return text not in self._told and not is_counter

    def _beside(self, y: int) -> _Told | None:
        """The row as it was told, if its neighbours are the same."""
        old = self._at[y]
        return old if (old.above, old.below) == self._neighbours(y) else None

    def _neighbours(self, y: int) -> tuple[str, str]:
        above = self._rows[y - 1].text if y else ""
        below = self._rows[y + 1].text if y + 1 < len(self._rows) else ""
        return above, below

    def _remember(self, y: int) -> None:
        text = self._rows[y].text
        self._at[y] = _Told(text, *self._neighbours(y))
        self._told[text] = None
        if len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]


def _text(terminal: Terminal, y: int) -> str:
    return "".join(run.text for run in terminal.styled(y)).rstrip()
