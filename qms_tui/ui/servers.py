"""A light for each MCP server in the sidebar, looked at anew as long as it is in view, and seldom else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from textual.content import Content
from textual.widgets import Static

from qms_tui.mcp.lights import Light, Shown, Standing
from qms_tui.text.printable import plain
from qms_tui.ui.lights import ABSENT, FINE, UNKNOWN, WRONG

EVERY = 2.0  # seconds between looks
SELDOM = 15.0  # seconds more while nobody sees it and all are up: what is wrong stands on the panes too
MOST = 6  # servers that are shown
_LOOKS = {Light.UP: FINE, Light.DOWN: WRONG, Light.OFF: ABSENT, Light.UNKNOWN: UNKNOWN}
Look = Callable[[], Awaitable[Standing]]


class Servers(Static):
    """A line for each server; its mark says the same as its colour. Not there without servers."""

    def __init__(self, look: Look | None, tell: Callable[[Standing], None] = lambda standing: None) -> None:
        """`tell` hears of each look."""
        super().__init__(id="servers")
        self._look, self._tell = look, tell
        self._shown: Sequence[Shown] = ()
        self._in_view = asyncio.Event()
        self.display = look is not None

    def on_mount(self) -> None:
        if self._look is not None:
            self.run_worker(self._keep_looking(self._look))

    def on_show(self) -> None:
        """Look at once, and go on."""
        self._in_view.set()

    def on_hide(self) -> None:
        """Nobody sees it: seldom."""
        self._in_view.clear()

    def on_resize(self) -> None:
        """Reasons are as long as there is room."""
        self._paint()

    async def _keep_looking(self, look: Look) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(0 if self._is_one_down else SELDOM):
                    await self._in_view.wait()
            found = await look()
            self._tell(found)
            if found.servers != self._shown:
                self._shown = found.servers
                self._paint()
            await asyncio.sleep(EVERY)

    @property
    def _is_one_down(self) -> bool:
        return any(each.light is not Light.UP for each in self._shown)

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
