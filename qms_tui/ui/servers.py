"""A light for each MCP server in the sidebar."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.widgets import Static

from qms_tui.mcp.lights import Light, Shown, Standing
from qms_tui.text.printable import plain
from qms_tui.ui.lights import ABSENT, FINE, UNKNOWN, WRONG

MOST = 6  # servers that are shown
_LOOKS = {Light.UP: FINE, Light.DOWN: WRONG, Light.OFF: ABSENT, Light.UNKNOWN: UNKNOWN}


class Servers(Static):
    """A line for each server; its mark says the same as its colour. Not there without servers."""

    def __init__(self, show: Callable[[bool], None] | None) -> None:
        """`show` hears whether it is in view; None without servers."""
        super().__init__(id="servers")
        self._tell_of_view = show
        self._shown: Sequence[Shown] = ()
        self.display = show is not None

    def show(self, standing: Standing) -> None:
        """So they stand now."""
        if standing.servers != self._shown:
            self._shown = standing.servers
            self._paint()

    def on_show(self) -> None:
        """They shall be looked at at once, and often."""
        if self._tell_of_view is not None:
            self._tell_of_view(True)

    def on_hide(self) -> None:
        """Nobody sees it: seldom."""
        if self._tell_of_view is not None:
            self._tell_of_view(False)

    def on_resize(self) -> None:
        """Reasons are as long as there is room."""
        self._paint()

    def _paint(self) -> None:
        rows = [_row(each, self.content_size.width) for each in self._shown[:MOST]]
        more = len(self._shown) - len(rows)
        if more > 0:
            rows.append(Content.styled(f" and {more} more: qms-tui mcp", "dim"))
        self.update(Content("\n").join(rows))


def _row(each: Shown, width: int) -> Content:
    mark, color = _LOOKS[each.light]
    left = Content.assemble(" ", (mark, color), f" {each.server}")
    said = plain(f"{each.light}: {each.detail}" if each.detail else each.light)
    room = max(0, width - left.cell_length - 2)
    right = Content.styled(said, "$text-muted" if each.light is Light.UP else color)
    right = right.truncate(room, ellipsis=True)
    return left.truncate(max(0, width - right.cell_length - 1), ellipsis=True, pad=True) + right
