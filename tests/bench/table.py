"""Rows of the table: what was measured, what came out, and how it stands to the bar and to a peer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class Unavailable(Exception):
    """What a row needs is not on this machine; says what."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A number to reach: at most, or `at_least`; by our figure, or `of_ratio`: by ours divided by theirs."""

    limit: float
    at_least: bool = False
    of_ratio: bool = False

    def holds(self, value: float) -> bool:
        """Whether the figure reaches the bar."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.limit:g}{' x peer' if self.of_ratio else ''}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; `what` says in words what was measured."""

    name: str
    what: str
    unit: str
    ours: float
    peer: float | None = None
    peer_name: str = "tmux"
    bar: Bar | None = None

    @property
    def ratio(self) -> float | None:
        """Ours divided by the peer's."""
        return self.ours / self.peer if self.peer else None

    @property
    def verdict(self) -> str:
        """`ok`, `no`, or nothing where no bar was set or the peer is missing."""
        if self.bar is None:
            return ""
        value = self.ratio if self.bar.of_ratio else self.ours
        return "?" if value is None else "ok" if self.bar.holds(value) else "no"


@dataclass(frozen=True, slots=True)
class Bench:
    """What rows are measured with: `quick` for a look in seconds, `folder` for files that go afterwards."""

    folder: Path
    quick: bool = False
    asked_seconds: float | None = None
    """How long to look at what only waits, if the human has said so."""

    def times(self, full: int, quick: int) -> int:
        """How often to repeat."""
        return quick if self.quick else full

    def seconds(self, full: float, quick: float) -> float:
        """How long to look at what only waits."""
        return self.asked_seconds or (quick if self.quick else full)

    def fresh(self, name: str) -> Path:
        """A new folder whose name begins so."""
        number = len(list(self.folder.iterdir()))
        made = self.folder / f"{name}-{number}"
        made.mkdir()
        return made


Measure = Callable[[Bench], Iterable[Line]]
ROWS: dict[str, Measure] = {}
"""Every row by the name that `--rows` takes, in the order in which the table shows them."""


def row(name: str) -> Callable[[Measure], Measure]:
    """Make a function a row of the table; it may give several lines."""

    def register(measure: Measure) -> Measure:
        ROWS[name] = measure
        return measure

    return register


@dataclass(slots=True)
class Table:
    """Lines as text, printed as they come; what they mean follows at the end."""

    lines: list[Line] = field(default_factory=list)

    HEADINGS = ("what", "ours", "peer", "ours/peer", "bar", "")
    WIDTHS = (28, 10, 25, 10, 10, 3)

    def heading(self) -> str:
        """The first line."""
        return self._text(self.HEADINGS)

    def add(self, line: Line) -> str:
        """Take the line and give it as text."""
        self.lines.append(line)
        peer = "" if line.peer is None else f"{_figure(line.peer)} {line.unit} {line.peer_name}"
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        bar = str(line.bar or "")
        return self._text((line.name, f"{_figure(line.ours)} {line.unit}", peer, ratio, bar, line.verdict))

    def meanings(self) -> str:
        """In words, what each line is."""
        return "\n".join(f"{line.name}: {line.what}." for line in self.lines)

    def _text(self, cells: Sequence[str]) -> str:
        return " ".join(cell.ljust(width) for cell, width in zip(cells, self.WIDTHS, strict=True)).rstrip()


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _figure(value: float) -> str:
    """Three digits that matter."""
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{decimals}f}"
