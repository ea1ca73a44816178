"""The rows that scrolled off the top, bounded, and a cheap view of them as text."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import overload

from qms_tui.terminal.rows import Row


class HistoryView(Sequence[str]):
    """The history as text, oldest row first, made when asked for; it follows the terminal."""

    def __init__(self, rows: deque[Row], text: Callable[[Row], str]) -> None:
        self._rows = rows
        self._text = text

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, int):
            return self._text(self._rows[index])
        start, stop, step = index.indices(len(self._rows))
        if step > 0:  # a deque has no slices; islice walks it once
            return [self._text(row) for row in islice(self._rows, start, stop, step)]
        return [self._text(self._rows[i]) for i in range(start, stop, step)]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sequence)
            and len(self) == len(other)
            and all(mine == theirs for mine, theirs in zip(self, other, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]
