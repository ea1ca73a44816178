"""How many panes stand beside and above each other. Pure: counts and cells in, a grid out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum

from msgspec import Struct
from textual.geometry import Region

from qms_tui.runtime import Size

MIN_COLUMNS = 60  # cells of terminal that keep Claude Code and most programs readable
MIN_LINES = 10  # rows of terminal, borders not included
BORDER = 2  # cells that a pane's frame takes in each direction


class Layout(Enum):
    """What the human chose; `AUTO` takes the first of the others that fits."""

    AUTO = "auto"
    COLUMNS = "side by side"
    GRID = "grid"
    TABS = "one at a time"

    @classmethod
    def remembered(cls, word: str) -> Layout:
        """The layout that is remembered by this word."""
        return cls[word.upper()]

    @property
    def word(self) -> str:
        """What it is remembered by."""
        return self.name.lower()

    @property
    def next(self) -> Layout:
        """The layout after this one, for a key that goes round."""
        every = list(Layout)
        return every[(every.index(self) + 1) % len(every)]


class Arrangement(Struct, frozen=True):
    """A grid of panes, filled row by row; in tabs only the focused pane is shown."""

    columns: int
    rows: int
    tabs: bool = False


def arrange(count: int, room: Size, layout: Layout = Layout.AUTO) -> Arrangement:
    """Lay out `count` panes (at least one) in `room` cells, frames included."""
    count = max(1, count)
    if layout is Layout.TABS:
        return Arrangement(1, 1, tabs=count > 1)
    if layout is Layout.COLUMNS:
        return Arrangement(count, 1)
    if layout is Layout.AUTO and _fits(Arrangement(count, 1), room):
        return Arrangement(count, 1)
    grids = [Arrangement(columns, math.ceil(count / columns)) for columns in range(1, count + 1)]
    fitting = [grid for grid in grids if _fits(grid, room)]
    if fitting:
        return max(fitting, key=lambda grid: _balance(grid, count, room))
    if layout is Layout.GRID:
        side = math.ceil(math.sqrt(count))
        return Arrangement(side, math.ceil(count / side))
    return Arrangement(1, 1, tabs=count > 1)


def spans(count: int, arrangement: Arrangement) -> tuple[int, list[int]]:
    """Tracks of the grid, and how many of them each pane takes, so that the last row is filled too."""
    last = count - arrangement.columns * (arrangement.rows - 1)
    tracks = math.lcm(arrangement.columns, last)
    full = [tracks // arrangement.columns] * (count - last)
    return tracks, full + [tracks // last] * last


def places(tracks: int, taken: Sequence[int]) -> list[Region]:
    """Where each pane stands in a grid of so many tracks, of which the panes take so many (see `spans`)."""
    regions: list[Region] = []
    x = y = 0
    for span in taken:
        regions.append(Region(x, y, span, 1))
        x += span
        if x == tracks:
            x, y = 0, y + 1
    return regions


def _fits(grid: Arrangement, room: Size) -> bool:
    columns = room.columns // grid.columns - BORDER
    lines = room.lines // grid.rows - BORDER
    return columns >= MIN_COLUMNS and lines >= MIN_LINES


def _balance(grid: Arrangement, count: int, room: Size) -> tuple[int, float]:
    """Fewest unfilled places first, then the pane whose shape is nearest to 80x24."""
    shape = (room.columns / grid.columns) / (room.lines / grid.rows)
    return -(grid.columns * grid.rows - count), -abs(math.log(shape / (80 / 24)))


def nearest(direction: str, here: Region, panes: Sequence[Region]) -> Region:
    """The closest pane to the left, right, up or down that shares rows or columns with `here`."""

    def beyond(pane: Region) -> int:
        """Cells between the facing edges; negative if the pane is not on that side."""
        return {
            "left": here.x - pane.right,
            "right": pane.x - here.right,
            "up": here.y - pane.bottom,
            "down": pane.y - here.bottom,
        }[direction]

    def faces(pane: Region) -> bool:
        if direction in ("left", "right"):
            return pane.y < here.bottom and here.y < pane.bottom
        return pane.x < here.right and here.x < pane.right

    candidates = [pane for pane in panes if pane != here and beyond(pane) >= 0 and faces(pane)]
    return min(candidates, key=beyond, default=here)
