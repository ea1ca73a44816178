"""Tab stops: columns in order, so that a jump over many of them costs no more than one over few."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from qms_tui.terminal.shapes import State, assign, plain

_SAVED = {"_stops": [int]}


class TabStops:
    """Columns counted from 0; at first every eighth of them, as on a VT420."""

    def __init__(self, columns: int) -> None:
        self._stops: list[int] = []
        self.every_8(columns)

    def state(self) -> State:
        """What is saved of it."""
        return plain(self, _SAVED)

    def restore(self, state: State) -> None:
        """Take a saved state; ValueError if it is none."""
        assign(self, state, _SAVED)

    def every_8(self, columns: int) -> None:
        """DECST8C, and what a terminal starts with."""
        self._stops = list(range(8, columns, 8))

    def widen(self, old: int, columns: int) -> None:
        """Stops for the columns that a wider screen adds; those beyond a narrower one stay."""
        known = self._stops[-1] if self._stops else -1
        self._stops += [x for x in range(-(-old // 8) * 8, columns, 8) if x > known]

    def set(self, x: int) -> None:
        """HTS."""
        at = bisect_left(self._stops, x)
        if self._stops[at : at + 1] != [x]:
            self._stops.insert(at, x)

    def clear(self, x: int) -> None:
        """TBC."""
        at = bisect_left(self._stops, x)
        if self._stops[at : at + 1] == [x]:
            del self._stops[at]

    def clear_all(self) -> None:
        """TBC 3."""
        self._stops.clear()

    def after(self, x: int, count: int) -> int | None:
        """The `count`-th stop right of a column."""
        at = bisect_right(self._stops, x) + count - 1
        return self._stops[at] if at < len(self._stops) else None

    def before(self, x: int, count: int) -> int | None:
        """The `count`-th stop left of a column."""
        at = bisect_left(self._stops, x) - count
        return self._stops[at] if at >= 0 else None
