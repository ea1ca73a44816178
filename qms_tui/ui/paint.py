"""Painting rows of a pane at once, where Textual would take turns.

A widget's refresh() reaches the screen through two message queues and a timer: six turns of the event loop,
in each of which other agents' output is read; and the compositor then goes through every row of every pane,
because all of them share the clip of their container. For the echo of a key, and under a flood of output,
that is too much. Rows of a pane that nothing lies over can be written as they are.

This is the only place that knows these names of Textual; with any doubt it leaves the rows to refresh(), also
where a version of Textual has not one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from textual.geometry import Offset, Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

try:
    from textual._compositor import CompositorUpdate
    from textual.widgets._toast import Toast
except ImportError:  # see above; a test says so to whoever updates Textual
    _IMPORTED = False
    CompositorUpdate, Toast = object, Widget  # type: ignore[assignment, misc]
else:
    _IMPORTED = True

_OF_APP = ("_batch_count", "_display", "_notifications")
_OF_SCREEN = ("_layout_required",)
_OF_WIDGET = ("_repaint_regions", "_set_dirty")


class _Rows(CompositorUpdate):
    """Strips, each at its place on the screen."""

    def __init__(self, rows: Sequence[tuple[Offset, Strip]]) -> None:
        self._rows = rows

    def render_segments(self, console: Console) -> str:
        """As the driver takes it: for each row the cursor's position (CUP), then the text."""
        return "".join(f"\x1b[{at.y + 1};{at.x + 1}H{strip.render(console)}" for at, strip in self._rows)


def paint_rows(widget: Widget, rows: Iterable[int]) -> None:
    """Bring rows of the widget's content to the terminal: now if that is safe, else with the next frame."""
    room = widget.content_region
    wanted = sorted(row for row in rows if 0 <= row < room.height)
    regions = _regions(wanted, room.width)
    if not regions:
        return
    if not _has_names(widget) or not _nothing_over(
        widget, Region(room.x, room.y + wanted[0], room.width, wanted[-1] - wanted[0] + 1)
    ):
        widget.refresh(*regions)
        return
    waiting = widget._repaint_regions.copy()
    widget._set_dirty(*regions)  # what the compositor paints later must not come from its cache
    widget._repaint_regions = waiting  # but of its own accord it need only paint what waited before
    filters, background = widget.get_line_filters(), widget.background_colors[1]
    painted = []
    for row in wanted:
        strip = widget.render_line(row)
        for line_filter in filters:
            strip = strip.apply_filter(line_filter, background)
        painted.append((Offset(room.x, room.y + row), strip))
    widget.app._display(widget.screen, _Rows(painted))  # type: ignore[arg-type]  # as Textual itself does


def _has_names(widget: Widget) -> bool:
    """Whether this version of Textual has all that is used here."""
    owners = ((widget.app, _OF_APP), (widget.screen, _OF_SCREEN), (widget, _OF_WIDGET))
    return _IMPORTED and all(hasattr(owner, name) for owner, names in owners for name in names)


def _nothing_over(widget: Widget, part: Region) -> bool:
    """Whether that part of the screen is the widget's alone: no dialog, no toast, no layout under way."""
    app, screen = widget.app, widget.screen
    return (
        app.screen is screen
        and not app._batch_count
        and not screen._layout_required
        and screen.region.contains_region(widget.region)
        and not (len(app._notifications) and _toast_over(screen, part))
    )


def _toast_over(screen: Screen[object], part: Region) -> bool:
    """Whether a toast lies there; one that has no place yet is painted later, over what is painted now."""
    return any(toast.region.overlaps(part) for toast in screen.query(Toast))


def _regions(rows: Sequence[int], width: int) -> list[Region]:
    """The rows as few regions: neighbours joined."""
    regions: list[Region] = []
    for row in rows:
        if regions and regions[-1].bottom == row:
            regions[-1] = regions[-1].grow((0, 0, 1, 0))
        else:
            regions.append(Region(0, row, width, 1))
    return regions
