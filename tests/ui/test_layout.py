"""How panes are arranged: a table of counts and sizes, and what must hold for all of them."""

from __future__ import annotations

import pytest
from textual.geometry import Region

from qms_tui.runtime import Size
from qms_tui.ui.layout import BORDER, MIN_COLUMNS, MIN_LINES, Arrangement, Layout, arrange, nearest, spans


@pytest.mark.parametrize(
    ("count", "columns", "lines", "expected"),
    [
        (1, 80, 23, Arrangement(1, 1)),
        (2, 80, 23, Arrangement(1, 1, tabs=True)),
        (2, 124, 40, Arrangement(2, 1)),
        (2, 123, 40, Arrangement(1, 2)),
        (2, 200, 49, Arrangement(2, 1)),
        (3, 200, 49, Arrangement(3, 1)),
        (3, 130, 49, Arrangement(1, 3)),
        (4, 130, 49, Arrangement(2, 2)),
        (5, 200, 49, Arrangement(3, 2)),
        (6, 200, 49, Arrangement(3, 2)),
        (7, 80, 23, Arrangement(1, 1, tabs=True)),
        (9, 300, 79, Arrangement(3, 3)),
    ],
)
def test_automatic_arrangement(count: int, columns: int, lines: int, expected: Arrangement) -> None:
    assert arrange(count, Size(columns, lines)) == expected


@pytest.mark.parametrize("count", range(1, 13))
@pytest.mark.parametrize("room", [Size(40, 9), Size(80, 23), Size(130, 49), Size(200, 49), Size(400, 120)])
@pytest.mark.parametrize("layout", list(Layout))
def test_every_pane_has_a_place(count: int, room: Size, layout: Layout) -> None:
    grid = arrange(count, room, layout)
    if grid.tabs:
        return
    assert grid.columns * (grid.rows - 1) < count <= grid.columns * grid.rows
    tracks, taken = spans(count, grid)
    assert len(taken) == count
    assert sum(taken) == tracks * grid.rows
    if layout is Layout.AUTO and count > 1:
        assert room.columns // grid.columns - BORDER >= MIN_COLUMNS
        assert room.lines // grid.rows - BORDER >= MIN_LINES


def test_layouts_go_round() -> None:
    seen, layout = [], Layout.AUTO
    for _ in Layout:
        seen.append(layout)
        layout = layout.next
    assert seen == list(Layout)
    assert layout is Layout.AUTO


def test_nearest_pane_faces_this_one() -> None:
    left, top, bottom = Region(0, 0, 60, 40), Region(60, 0, 60, 20), Region(60, 20, 60, 20)
    panes = [left, top, bottom]
    assert nearest("right", left, panes) == top
    assert nearest("left", bottom, panes) == left
    assert nearest("up", bottom, panes) == top
    assert nearest("down", top, panes) == bottom
    assert nearest("up", left, panes) == left
