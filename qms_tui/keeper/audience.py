"""Who follows an agent's terminal, who of them leads, and the size that it has by that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from qms_tui.keeper.kept_terminal import GUESSED, KeptTerminal
from qms_tui.keeper.watcher import Watcher
from qms_tui.runtime import Size
from qms_tui.runtime.base import TerminalSource

START_NUDGE = 0.25  # seconds after the first size in which a program is ready to hear of another one


class Audience:
    """Of one agent. `is_alive` says whether its program can be given a size."""

    def __init__(
        self,
        kept: KeptTerminal,
        tap: TerminalSource,
        is_alive: Callable[[], bool],
        on_leader: Callable[[], None],
    ) -> None:
        self.watchers: list[Watcher] = []
        self.leader: Watcher | None = None
        """Who of the interfaces here leads."""
        self.foreign = False
        """Whether another user made the container: then only an interface that is typed into leads."""
        self._foreign_size: Size | None = None  # what the other user has set, if that could be found out
        self._kept, self._tap = kept, tap
        self._is_alive, self._on_leader = is_alive, on_leader
        self._is_sizeless = False  # its program may have looked for a size before there was one
        self._telling = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Give no more sizes."""
        for task in self._tasks:
            task.cancel()

    # -- whose program it is ------------------------------------------------------------------------------

    @property
    def knows_size(self) -> bool:
        """Whether the program's size is ours to set, or known."""
        return bool(self._foreign_size) or not self.foreign

    def own(self) -> None:
        """The program is about to be started by us."""
        self.foreign, self._foreign_size = False, None

    async def meet(self, container: str) -> None:
        """Find out who made a container, and have a terminal of its size where that is not known.

        Raises EngineError.
        """
        new = self._kept.container != container
        if self.foreign and not new:
            return
        self.foreign = await self._tap.is_foreign(container)
        if not (new or self.foreign):
            return
        size = await self._tap.size(container)
        self._foreign_size = size if self.foreign else None
        if new:
            self._kept.become(container, size or GUESSED)
        elif size is not None:  # the journal has that of then
            self._kept.terminal.resize(size.columns, size.lines)

    # -- who leads ----------------------------------------------------------------------------------------

    def add(self, watcher: Watcher) -> None:
        """From now on the interface follows; it gets the state first."""
        self.watchers.append(watcher)
        self.choose_leader(told=watcher)
        watcher.send_state()

    def remove(self, watcher: Watcher) -> None:
        """The interface follows no more."""
        if watcher in self.watchers:
            self.watchers.remove(watcher)
            self.choose_leader()

    def choose_leader(self, told: Watcher | None = None) -> None:
        """The screen that was typed into last leads; `told` has not heard who does yet."""
        leader = max(filter(self._may_lead, self.watchers), key=lambda watcher: watcher.rank, default=None)
        changed, self.leader = leader is not self.leader, leader
        if changed:
            self._on_leader()
        if changed and leader is not None:
            self._kept.show_palette(leader.palette)
        if leader is None:
            self._leave_to_other_user(self.watchers if changed else [told] if told else [])
            return
        if changed and leader is not told and leader.size != self._kept.size and self._is_alive():
            self._do(self._hand_over(leader))
            return
        self._announce(leader, self.watchers if changed else [told] if told else [])
        if changed:
            self.resize(leader)

    def _may_lead(self, watcher: Watcher) -> bool:
        """Who only looks at another user's agent changes nothing about it."""
        return not self.foreign or watcher.typed

    def _leave_to_other_user(self, told: Iterable[Watcher]) -> None:
        """None of ours leads: the terminal gets the size that the other user has given it."""
        self._announce(None, told)
        if self._foreign_size is not None and self._foreign_size != self._kept.size and self._is_alive():
            self._take_size(self._foreign_size)
            self._do(self._tell_size())

    async def _hand_over(self, leader: Watcher) -> None:
        """Give it the lead once the program has its size: it keeps its keys until then."""
        self._take_size(leader.size)
        await self._tell_size()
        if self.leader is leader:
            self._announce(leader, self.watchers)

    def _announce(self, leader: Watcher | None, told: Iterable[Watcher]) -> None:
        for watcher in told:
            watcher.leads = watcher is leader
            watcher.send_leader(leader)

    # -- the size -----------------------------------------------------------------------------------------

    def resize(self, watcher: Watcher) -> None:
        """The interface wants its size, which counts if it leads."""
        if watcher is not self.leader:
            return
        self._take_size(watcher.size)
        if self._is_alive():
            self._do(self._tell_size())

    def expect_size(self, *, sizeless: bool) -> None:
        """A program begins; `sizeless` if its terminal has none before it is told one."""
        self._is_sizeless = sizeless

    def give_size(self) -> None:
        """Tell a program that has begun, whose terminal may have none, or another one."""
        self._do(self._tell_size())

    async def nudge(self) -> None:
        """Make a full-screen program repaint: it does so when its size changes, not when told the same."""
        size, container = self._kept.size, self._kept.container
        await self._tap.resize(container, Size(size.columns, max(1, size.lines - 1)))
        await self._tap.resize(container, size)

    def _take_size(self, size: Size) -> None:
        """The terminal has this size from here on."""
        if size != self._kept.size:
            self._kept.resize(size)
            for watcher in self.watchers:
                watcher.send_size(size)

    async def _tell_size(self) -> None:
        """Tell the engine, one size after the other, so that the last one stays."""
        async with self._telling:
            told = await self._tap.resize(self._kept.container, self._kept.size)
        if told and self._is_sizeless:
            self._is_sizeless = False
            if self._kept.size != GUESSED:
                self._do(self._have_it_look_again())

    async def _have_it_look_again(self) -> None:
        """Change the size of a program that has just begun, there and back.

        It is started without a size, so it may have guessed one and set margins for that before it could
        hear of another one. A real change makes it look again, and the terminal forget those margins.
        """
        await asyncio.sleep(START_NUDGE)
        size = self._kept.size
        smaller = Size(size.columns, max(1, size.lines - 1))
        self._take_size(smaller)
        await self._tell_size()
        if self._kept.size == smaller:  # nobody wanted another one meanwhile
            self._take_size(size)
        await self._tell_size()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
