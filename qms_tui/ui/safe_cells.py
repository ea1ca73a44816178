"""The last step before rows are put together: no cell has anything in it that the terminal would obey.

And none whose width is anybody's guess (see odd_cells.py).
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from qms_tui.text.printable import painted
from qms_tui.ui.odd_cells import hold, is_odd


class SafeCells(LineFilter):
    """Every line of every widget passes here: panes, frames, toasts, dialogs, whatever is named in them.

    A terminal is exact to its program, and so are names to their files: only what is painted of them is not.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same cells, as wide as before; the same list where there is nothing to leave out."""
        text = "".join([segment.text for segment in segments])
        if painted(text) is not text:
            segments = [Segment(painted(text), style, control) for text, style, control in segments]
        if is_odd(text):
            segments = [Segment(hold(text), style, control) for text, style, control in segments]
        return segments
