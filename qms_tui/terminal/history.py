"""The rows that scrolled off the top, bounded, and a cheap view of them as text."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import overload

from qms_tui.terminal.packing import SAVED_ROW, Packed, packed, unpacked, utf8_size
from qms_tui.terminal.reflow import reflow
from qms_tui.terminal.rows import Row
from qms_tui.terminal.shapes import State, checked
from qms_tui.terminal.wraps import ended

MOST_BYTES = 5_500_000  # of a saved history: the largest part of the largest state (see state.py)
_MOST_OF_CELL = 7  # bytes saved of a cell: four of its character, three of its look
_MOST_OF_WIDTH = 128  # bytes saved of rows of one width, besides the rows themselves
_NEAR = 256  # rows of room from which on each is counted: to measure them all takes as long as to count 1,000
_PIECE = 128  # rows laid out at a time when a resize wants some back
_SAVED = {"maxlen": int, "rows": tuple, "_older": [(int, tuple)]}
_LONGEST = 1000  # rows of one line that are laid out together: a longer line may be cut by a resize


class History(deque[Row]):
    """Rows laid out for the screen's width, newest last, and before them older ones that are not yet.

    Laying 5,000 rows out anew takes 10 to 30 ms, and a human who drags a window's edge makes dozens of sizes
    that nobody reads the history at: so a new width leaves it alone until somebody asks (`settle`).
    """

    def __init__(self, bound: int) -> None:
        super().__init__((), bound)
        self._older: deque[tuple[int, list[Row]]] = deque()  # their width, and rows that are whole lines
        self._columns = 1
        self._free = 0  # rows that may come uncounted; 0 when each is counted
        self._size = 0  # bytes of all rows when saved, while each is counted

    def state(self) -> State:
        """What is saved of it, the bound included."""
        older: list[tuple[int, Packed]] = [(width, packed(rows)) for width, rows in self._older]
        return {"maxlen": self.maxlen, "rows": packed(self), "_older": older}

    def newest(self, count: int) -> State:
        """A state of so many rows at most."""
        self._fetch(self._columns)
        rows = [*islice(reversed(self), count)][::-1]
        return {"maxlen": count, "rows": packed(rows), "_older": []}

    @classmethod
    def restored(cls, state: State) -> History:
        """Take a saved state; ValueError if it is none."""
        checked(state, _SAVED)
        history = cls(state["maxlen"])
        history.extend(unpacked(state["rows"]))
        history._older.extend((width, unpacked(rows)) for width, rows in state["_older"])
        return history

    def clear(self) -> None:
        """Forget all rows."""
        super().clear()
        self._older.clear()
        self._size = 0

    def end_line(self) -> None:
        """The line of the newest row ends there: what stands below it now is another one."""
        newest = self if self else self._older[-1][1] if self._older else None
        if newest:
            newest[-1] = ended(newest[-1])

    def add(self, rows: Sequence[Row]) -> None:
        """Take rows of the screen's width; the oldest go when there are too many or they are too large."""
        if len(rows) < self._free:
            self._free -= len(rows)
            self.extend(rows)
        elif self._free:
            self.extend(rows)
            self.fit(self._columns)
        else:
            self._count(rows)

    def fit(self, columns: int) -> None:
        """Know the screen's width after a change of that or of the rows, and drop what is too much."""
        self._columns, self._free = columns, sys.maxsize
        older = sum(_MOST_OF_WIDTH + _most(len(rows), width) for width, rows in self._older)
        if older + _most(self.maxlen or 0, columns) > MOST_BYTES:
            self._size = saved_size(self) + sum(map(_size_of_older, self._older))
            self._drop_surplus()
            room = self._room()
            self._free = room if room > _NEAR else 0

    def _count(self, rows: Sequence[Row]) -> None:
        """Take rows near the bound, where each of them counts."""
        for row in rows:
            if self and len(self) == self.maxlen:
                self._size -= saved_size((self[0],))
            self.append(row)
            self._size += saved_size((row,))
        self._drop_surplus()
        room = self._room()
        self._free = room if room > 4 * _NEAR else 0

    def _room(self) -> int:
        """How many rows fit in any case."""
        return (MOST_BYTES - self._size) // _most(1, self._columns)

    def _drop_surplus(self) -> None:
        while self._size > MOST_BYTES:
            if self._older:
                self._drop_older()
            else:
                self._size -= saved_size((self.popleft(),))

    def _drop_older(self) -> None:
        """Of the rows of the oldest width, as many as are too much."""
        rows = self._older[0][1]
        surplus = self._size - MOST_BYTES
        count = 0
        while surplus > 0 and count < len(rows):
            surplus -= saved_size((rows[count],))
            count += 1
        self._size = MOST_BYTES + surplus
        del rows[:count]
        if not rows:
            self._older.popleft()
            self._size -= _MOST_OF_WIDTH

    def settle(self, columns: int) -> None:
        """Lay all rows out for the screen's width."""
        if self._older:
            older, newest = [*self._older], [*self]
            self.clear()
            for width, rows in older:
                self.extend(reflow(rows, width, columns, ())[0])
            self.extend(newest)
            self.fit(columns)

    def take(self, count: int, columns: int) -> list[Row]:
        """Remove the newest rows, as many as asked for and so many more that they are whole lines."""
        taken: list[Row] = []
        while self._fetch(columns) and (
            len(taken) < count or (self[-1][2] and len(taken) < count + _LONGEST)
        ):
            taken.append(self.pop())
        return taken[::-1]

    def set_aside(self, columns: int) -> None:
        """What is left was laid out for this width, and the screen gets another one."""
        if self:
            self._older.append((columns, [*self]))
            super().clear()
        surplus = sum(len(rows) for _, rows in self._older) - (self.maxlen or 0)
        while surplus > 0:
            rows = self._older[0][1]
            surplus -= len(rows)
            if surplus >= 0:
                self._older.popleft()
            else:
                del rows[: len(rows) + surplus]

    def all_rows(self) -> Iterator[Row]:
        """Every row, oldest first, whatever its width."""
        for _, rows in self._older:
            yield from rows
        yield from self

    def drop_half(self, columns: int) -> bool:
        """Forget the older half; whether any rows are left."""
        if self._older:
            self._older.popleft()
        else:
            for _ in range((len(self) + 1) // 2):
                self.popleft()
        self.fit(columns)
        return bool(self or self._older)

    def _fetch(self, columns: int) -> bool:
        """Whether there is a newest row; lays some out if it has to."""
        if not self and self._older:
            width, rows = self._older[-1]
            start = max(len(rows) - _PIECE, 0)
            first = max(start - _LONGEST, 0)
            while start > first and rows[start - 1][2]:
                start -= 1
            self.extend(reflow(rows[start:], width, columns, ())[0])
            del rows[start:]
            if not rows:
                self._older.pop()
        return bool(self)


def saved_size(rows: Collection[Row]) -> int:
    """Bytes that rows take in a saved state."""
    if not rows:
        return 0
    texts, looks, _ = zip(*rows, strict=True)
    return utf8_size("".join(texts)) + utf8_size("".join(looks)) + SAVED_ROW * len(rows)


def _size_of_older(older: tuple[int, list[Row]]) -> int:
    return _MOST_OF_WIDTH + saved_size(older[1])


def _most(rows: int, columns: int) -> int:
    """Bytes that so many rows of so many cells take at most."""
    return rows * (columns * _MOST_OF_CELL + SAVED_ROW)


class HistoryView(Sequence[str]):
    """The history as text, oldest row first, made when asked for; it follows the terminal."""

    def __init__(self, rows: Callable[[], deque[Row]], text: Callable[[Row], str]) -> None:
        self._rows = rows
        self._text = text

    def __len__(self) -> int:
        return len(self._rows())

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        rows = self._rows()
        if isinstance(index, int):
            return self._text(rows[index])
        start, stop, step = index.indices(len(rows))
        if step > 0:  # a deque has no slices; islice walks it once
            return [self._text(row) for row in islice(rows, start, stop, step)]
        return [self._text(rows[i]) for i in range(start, stop, step)]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sequence)
            and len(self) == len(other)
            and all(mine == theirs for mine, theirs in zip(self, other, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]
