"""The last step before the terminal that we run in: no cell has anything in it that it would obey."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from qms_tui.printable import painted


class SafeCells(LineFilter):
    """Every line of every widget passes here: panes, frames, toasts, dialogs, whatever is named in them.

    A terminal is exact to its program, and so are names to their files: only what is painted of them is not.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same cells, as wide as before; the same list where there is nothing to leave out."""
        text = "".join([segment.text for segment in segments])
        if painted(text) is text:
            return segments
        return [Segment(painted(text), style, control) for text, style, control in segments]
