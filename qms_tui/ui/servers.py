"""A light for each MCP server in the sidebar."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from qms_tui.api.snapshot import Server, ServerState
from qms_tui.text.printable import plain
from qms_tui.ui.lights import ABSENT, FINE, UNKNOWN, WRONG
from qms_tui.ui.words import SERVERS

MOST = 6  # servers that are shown
_LOOKS = {
    ServerState.UP: FINE,
    ServerState.DOWN: WRONG,
    ServerState.OFF: ABSENT,
    ServerState.UNKNOWN: UNKNOWN,
}


class Servers(Static):
    """A line for each server; its mark says the same as its colour. Not there without servers."""

    def __init__(self) -> None:
        super().__init__(id="servers")
        self._shown: Sequence[Server] = ()
        self.display = False

    def show(self, servers: Sequence[Server]) -> None:
        """So they stand now."""
        if servers != self._shown:
            self._shown = servers
            self.display = bool(servers)
            self._paint()

    def on_resize(self) -> None:
        """Reasons are as long as there is room."""
        self._paint()

    def _paint(self) -> None:
        rows = [_row(each, self.content_size.width) for each in self._shown[:MOST]]
        more = len(self._shown) - len(rows)
        if more > 0:
            rows.append(Content.styled(f" and {more} more: qms-tui mcp", "dim"))
        self.update(Content("\n").join(rows))


def _row(each: Server, width: int) -> Content:
    mark, color = _LOOKS[each.state]
    left = Content.assemble(" ", (mark, color), f" {each.name}")
    state = SERVERS[each.state]
    said = plain(f"{state}: {each.detail}" if each.detail else state)
    room = max(0, width - left.cell_length - 2)
    right = Content.styled(said, "$text-muted" if each.state is ServerState.UP else color)
    right = right.truncate(room, ellipsis=True)
    return left.truncate(max(0, width - right.cell_length - 1), ellipsis=True, pad=True) + right
