"""The program's cursor, drawn into its cell."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip

from qms_tui.terminal import Cursor, CursorShape


def with_cursor(strip: Strip, cursor: Cursor, focused: bool) -> Strip:
    """The strip with the cursor drawn into its cell; in a pane without the keyboard only hinted at."""
    column = cursor.column
    width = max(1, cell_len(strip.crop(column).text[:1]))
    before, cell, after = strip.divide([column, column + width, strip.cell_length])
    bar = cursor.shape is CursorShape.BAR and not cell.text.strip()
    look = (
        RichStyle(reverse=True)
        if focused and cursor.shape is CursorShape.BLOCK
        else RichStyle(underline=True)
    )
    drawn = [
        Segment("▏", segment.style) if bar else Segment(segment.text, (segment.style or RichStyle()) + look)
        for segment in cell
    ]
    return Strip.join([before, Strip(drawn, cell.cell_length), after])
