"""How the MCP servers stand, looked at again and again; seldom while nobody sees it and all are up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from qms_tui.mcp.lights import Light, Standing

EVERY = 2.0  # seconds between looks
SELDOM = 15.0  # seconds more while nobody sees it and all are up: what is wrong stands on the panes too
Look = Callable[[], Awaitable[Standing]]


class Servers:
    """Looks with `look`; `on_look` hears of each result, within the event loop. Without, there is nothing."""

    def __init__(self, look: Look | None, on_look: Callable[[Standing], None]) -> None:
        self._look, self._on_look = look, on_look
        self._last: Standing | None = None
        self._in_view = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, within the running loop."""
        if self._look is not None:
            looking = self._keep_looking(self._look)
            self._task = asyncio.get_running_loop().create_task(looking, name="MCP servers")

    def show(self, in_view: bool) -> None:
        """Whether somebody sees them: look at once, and go on."""
        if in_view:
            self._in_view.set()
        else:
            self._in_view.clear()

    def close(self) -> None:
        """Look no more; idempotent."""
        if self._task is not None:
            self._task.cancel()

    async def _keep_looking(self, look: Look) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(0 if self._is_one_down else SELDOM):
                    await self._in_view.wait()
            self._last = await look()
            self._on_look(self._last)
            await asyncio.sleep(EVERY)

    @property
    def _is_one_down(self) -> bool:
        return self._last is not None and any(one.light is not Light.UP for one in self._last.servers)
