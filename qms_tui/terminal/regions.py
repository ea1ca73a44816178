"""What scrolling, shifting and filling make of several rows at once.

A sequence of two bytes can have every row of the screen built anew, so a program that repeats it could keep
us busy for seconds per chunk. Rows are values: what the same rows became last time is remembered. Measured,
milliseconds per 4 KiB at 200x50: DECFI 200 -> 10, LF between margins 350 -> 25, DECERA 53 -> 5.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Concatenate, ParamSpec

from qms_tui.terminal import rows as cells
from qms_tui.terminal.rows import FILLER, PLAIN, Row
from qms_tui.terminal.wraps import ended

Rows = tuple[Row, ...]

P = ParamSpec("P")

_RECENT = 4  # results remembered per kind of change; a screen of 200x50 in colour takes 50 kB
_MAX_ROWS = 200  # of a region that is remembered
_ROWS = 512  # remembered one by one, for when something else changes a row now and then

_insert = lru_cache(_ROWS)(cells.insert)
_delete = lru_cache(_ROWS)(cells.delete)


def _remembered(act: Callable[Concatenate[Rows, P], Rows]) -> Callable[Concatenate[Rows, P], Rows]:
    """`act` that remembers its last results; found by comparing, since hashing all rows costs more."""
    recent: deque[tuple[tuple[object, ...], Rows, Rows]] = deque(maxlen=_RECENT)

    def chosen(rows: Rows, /, *arguments: P.args, **keywords: P.kwargs) -> Rows:
        for known_arguments, known, made in recent:
            if known_arguments == arguments and known == rows:
                return made
        made = act(rows, *arguments, **keywords)
        if len(rows) <= _MAX_ROWS:
            recent.appendleft((arguments, rows, made))
        return made

    return chosen


@_remembered
def inserted(rows: Rows, x: int, count: int, right: int, look: str, columns: int) -> Rows:
    """`rows.insert` on each."""
    return _unjoined([_insert(row, x, count, right, look, columns) for row in rows], x)


@_remembered
def deleted(rows: Rows, x: int, count: int, right: int, look: str, columns: int) -> Rows:
    """`rows.delete` on each."""
    return _unjoined([_delete(row, x, count, right, look, columns) for row in rows], x)


def _unjoined(rows: list[Row], x: int) -> Rows:
    """Lines that went on at the start of the next row no longer do when that start moved away."""
    return (*map(ended, rows[:-1]), rows[-1]) if x == 0 else tuple(rows)


@_remembered
def erased(rows: Rows, left: int, right: int, look: str, columns: int) -> Rows:
    """`rows.erase` on each."""
    return tuple([cells.erase(row, left, right, look, columns) for row in rows])


@_remembered
def covered(rows: Rows, left: int, text: str, looks: str) -> Rows:
    """`rows.splice` on each; what is filled in is no part of a line that goes on."""
    return tuple([ended(cells.splice(row, left, text, looks)) for row in rows])


@_remembered
def scrolled(rows: Rows, left: int, right: int, count: int, look: str, columns: int) -> Rows:
    """The columns `left` to `right` moved up by `count` rows, down if it is negative; blanks come in."""
    texts = [row[0] for row in rows]
    if min(map(len, texts)) < columns:
        texts = [text.ljust(columns) for text in texts]
    if FILLER in "".join([text[left] + text[right : right + 1] for text in texts]):
        texts = [cells.sever(cells.sever(text, left), right) for text in texts]
    texts = _moved(texts, left, right, count, " ")
    looks = [row[1] for row in rows]
    if look != PLAIN or any(looks):
        if min(map(len, looks)) < columns:
            looks = [part.ljust(columns, PLAIN) for part in looks]
        looks = _moved(looks, left, right, count, look)
    keeps = left > 0 and right < columns  # what a line went on from, and with
    return tuple(zip(texts, looks, [keeps and row[2] for row in rows], strict=True))


def _moved(parts: list[str], left: int, right: int, count: int, blank: str) -> list[str]:
    blanks = [blank * (right - left)] * abs(count)
    inner = [part[left:right] for part in parts]
    inner = inner[count:] + blanks if count > 0 else blanks + inner[:count] if count else inner
    return [part[:left] + new + part[right:] for part, new in zip(parts, inner, strict=True)]
