"""Agents as the core has them, held straight at the engine: no keeper in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from qms_tui.runtime import (
    Closed,
    Ending,
    Fact,
    Found,
    News,
    Printed,
    Received,
    RuntimeEvent,
    Size,
    Usage,
)
from qms_tui.terminal import Terminal

from .direct import DirectAttachment, DirectRuntime


class StraightTerminal:
    """A HeldTerminal with a terminal of its own."""

    def __init__(self, id: str, attachment: DirectAttachment, terminal: Terminal) -> None:
        self.id, self.terminal = id, terminal
        self._attachment = attachment
        self._on_news: Callable[[News], None] = lambda news: None

    def listen(self, on_news: Callable[[News], None]) -> None:
        self._on_news = on_news
        self._attachment.listen(self._take)

    def _take(self, fact: Fact) -> None:
        if isinstance(fact, Received):
            self.terminal.feed(fact.data)
            self._attachment.write(self.terminal.take_replies(), urgent=True)
            self._on_news(Printed())
        elif isinstance(fact, Closed):
            self._on_news(fact)

    def look(self, on_sight: Callable[[bytes], None]) -> None:
        on_sight(self.terminal.save_visible())

    def type(self, data: bytes, keys: int, on_done: Callable[[bool], None]) -> None:
        on_done(self._attachment.write(data, urgent=True))

    def close(self) -> None:
        self._attachment.close()


class Straight:
    """A Runtime, of which no screen can show anything."""

    name, outlives = "docker", True

    def isolates(self, agent: str) -> bool:
        return True

    def keeper(self, agent: str) -> None: ...

    def __init__(self, direct: DirectRuntime) -> None:
        self._direct = direct
        self._terminals: dict[str, StraightTerminal] = {}

    def text(self, agent: str) -> str:
        """What its terminal shows."""
        return "\n".join(self._terminals[agent].terminal.display) if agent in self._terminals else ""

    def show_colors(self, colors: Mapping[int, tuple[int, int, int]]) -> None:
        pass

    async def find(self, agent: str) -> Found:
        return await self._direct.find(agent)

    async def start(self, agent: str, size: Size, *, fresh: bool = False) -> StraightTerminal:
        terminal = Terminal(size.columns, size.lines)
        return self._held(agent, await self._direct.start(agent, size, fresh=fresh), terminal)

    async def hold(self, agent: str) -> StraightTerminal:
        size, before = Size(70, 20), self._terminals.get(agent)
        terminal = before.terminal if before is not None else Terminal(size.columns, size.lines)
        return self._held(agent, await self._direct.attach(agent, size), terminal)

    def _held(self, agent: str, attachment: DirectAttachment, terminal: Terminal) -> StraightTerminal:
        held = self._terminals[agent] = StraightTerminal(attachment.container, attachment, terminal)
        return held

    async def recall(self, agent: str) -> None:
        pass

    async def ended(self, agent: str) -> Ending | None:
        return await self._direct.ended(agent)

    async def stop(self, agent: str) -> None:
        await self._direct.stop(agent)

    async def unpause(self, agent: str) -> None:
        await self._direct.unpause(agent)

    async def rebuild(self, agent: str, on_step: Callable[[str], None]) -> None:
        await self._direct.rebuild(agent, on_step)

    async def wake(self, agent: str, files: Sequence[str]) -> None:
        await self._direct.wake(agent, files)

    async def usage(self, agent: str) -> Usage | None:
        return await self._direct.usage(agent)

    def watch(self, on_event: Callable[[RuntimeEvent], None]) -> Callable[[], None]:
        return self._direct.watch(on_event)

    async def close(self) -> None:
        await self._direct.close()
