"""An agent's program: found, started, attached and ended with its runtime, so that its life is true."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from msgspec import Struct

from qms_tui.core.events import AgentEvent, Notice, StateChanged
from qms_tui.core.life import Life
from qms_tui.core.state import HELD, UNDER_WAY, AgentState, stopped
from qms_tui.core.terminal import AgentTerminal
from qms_tui.core.upkeep import keep_looking
from qms_tui.errors import QmsTuiError
from qms_tui.runtime import Condition, Ending, Found, HeldTerminal, RunsAlready, Runtime, Size

_log = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MOST = 0.1, 1.5  # seconds between tries to attach again, doubling; they are cheap
LAST_WORDS = 1.0  # seconds in which the rest of a dead program's output must have come
FOREIGN = (
    "Another user has started agents of this project. You can look on, and type. "
    "Only that user starts agents; nothing is started, stopped or typed by itself here."
)


class Origin(Struct, frozen=True):
    """Who the program is and what it runs in, as the runtime found it last; see `AgentView`."""

    container_id: str = ""
    wrong: str = ""
    outdated: bool = False
    needs_build: bool = False
    foreign: bool = False


class Program:
    """Each coroutine does one thing that the agent was asked for, and may be cancelled at any time.

    They raise QmsTuiError for what the runtime cannot do.
    """

    def __init__(
        self,
        name: str,
        runtime: Runtime,
        life: Life,
        terminal: AgentTerminal,
        size: Size,
        tell: Callable[[AgentEvent], None],
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`ready` is waited for before a program is started."""
        self._name, self._runtime, self._life, self._terminal = name, runtime, life, terminal
        self._size = size
        self._tell, self._ready = tell, ready
        self.origin = Origin()
        self.news = asyncio.Event()
        """Set when something happened to it that has not been looked at."""
        self._upkeep: asyncio.Task[None] | None = None

    # -- what is asked for ------------------------------------------------------------------------------

    async def open(self, *, start: bool, ran: bool = False) -> None:
        """Attach if it runs, show how it ended; else start it, if it shall. One that is known to have run,
        and is not there, has ended."""
        self._life.attach()
        found = await self._runtime.find(self._name)
        if found.condition is Condition.EXITED:
            await self._runtime.recall(self._name)
        if found.condition is not Condition.ABSENT:
            await self._agree(found)
        elif start:
            await self._start(fresh=False)
        elif ran:
            self._end(await self._runtime.ended(self._name))
        else:
            self._life.nothing_there()

    async def begin(self, fresh: bool) -> None:
        """Start it, unless somebody else has."""
        self._life.attach()
        found = await self._runtime.find(self._name)
        if found.alive:
            await self._agree(found)
        else:
            await self._start(fresh)

    async def begin_again(self) -> None:
        """Start it after it has ended by itself, unless somebody has cleared away what was left of it.

        Then it was stopped, while we could not hear of that.
        """
        cleared = self._life.removal() if self._life.stage.state is AgentState.ENDED else None
        self._life.attach()
        found = await self._runtime.find(self._name)
        # Programs of this machine leave nothing behind that could be missed.
        is_gone = found.condition is Condition.ABSENT and self._runtime.isolates(self._name)
        if found.alive:
            await self._agree(found)
        elif cleared is not None and is_gone:
            self._end(cleared)
        else:
            await self._start(fresh=False)

    def resize(self, size: Size) -> None:
        """The next one starts with this size."""
        self._size = size

    async def restart(self, fresh: bool) -> None:
        """End it, then start it."""
        await self._clear_away()
        await self._start(fresh)

    async def stop(self, why: str) -> None:
        """End it."""
        await self._clear_away()
        self._end(stopped(why))

    # -- what happens to it -----------------------------------------------------------------------------

    async def look(self) -> None:
        """See what is true of it now."""
        self.news.clear()
        if self._life.stage.state in UNDER_WAY:
            return
        try:
            await self._agree(await self._runtime.find(self._name))
        except QmsTuiError as error:
            _log.info("%s: %s", self._name, error)
            if self._life.stage.state in (*HELD, AgentState.UNREACHABLE):
                await self.find_out()

    async def come_back(self) -> None:
        """Attach again at once: only the connection is lost, as far as anybody knows."""
        self._life.lost_connection()
        try:
            await self._attach()
        except QmsTuiError as error:
            _log.info("%s: %s", self._name, error)
            await self.find_out()

    async def find_out(self) -> None:
        """Ask until the runtime says how it is."""
        pause = RETRY_FIRST
        while True:
            self.news.clear()
            try:
                ending = await self._runtime.ended(self._name)
                if ending is not None:
                    self.detach()
                    return self._end(ending)
                return await self._agree(await self._runtime.find(self._name))
            except QmsTuiError as error:
                _log.info("%s: %s", self._name, error)
                self._life.unreachable(error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.news.wait()
            pause = min(pause * 2, RETRY_MOST)

    def died(self, exit_code: int, at: float) -> None:
        """The engine says that it ended at `at`. What it said last may still come."""
        if self._life.dies(at):
            self._forget()
            self._life.died(exit_code, at)

    def recognize(self, found: Found) -> None:
        """Keep what the runtime found wrong, or foreign; what is new of it the human is told."""
        before = self.origin
        if found.foreign and not before.foreign:
            self._tell(Notice(FOREIGN, "warning", self._name, once=True, lasting=True))
        if found.wrong and found.wrong != before.wrong:
            text = f"{self._name} is not who it should be: {found.wrong}"
            self._tell(Notice(text, "error", self._name))
        self.origin = Origin(found.id, found.wrong, found.outdated, found.needs_build, found.foreign)
        if self._life.began_at(found.began) or self.origin != before:
            self._tell(StateChanged())

    def detach(self) -> None:
        """Let go of it, which goes on; idempotent."""
        if self._upkeep is not None:
            self._upkeep.cancel()
        self._terminal.detach()

    # -- how it is done ---------------------------------------------------------------------------------

    async def _agree(self, found: Found) -> None:
        """Make its life what the runtime found."""
        self.recognize(found)
        state = self._life.stage.state
        if found.alive:
            if not self._terminal.id:
                await self._attach()
            self._life.runs(paused=found.condition is Condition.PAUSED)
        elif state is AgentState.ABSENT and found.condition is Condition.ABSENT:
            return
        elif state is not AgentState.FAILED:
            await self._agree_that_it_ended(found)

    async def _agree_that_it_ended(self, found: Found) -> None:
        if self._terminal.id:
            await asyncio.sleep(LAST_WORDS)  # its terminal's end is what should tell, and cancels this
            self.detach()
        ending = self._life.removal() if found.condition is Condition.ABSENT else found.ending
        if not self._life.has_ended_so(ending):
            self._end(ending, at=found.ended)

    async def _start(self, fresh: bool) -> None:
        self.origin = Origin()
        self._terminal.renew()
        self._life.start()
        if self._ready is not None:
            await self._ready()
        self._life.launch()
        try:
            held = await self._runtime.start(self._name, self._size, fresh=fresh)
        except RunsAlready:  # another interface was faster
            self._life.begun_elsewhere()
            await self._attach()
        else:
            self._hold(held)

    async def _attach(self) -> None:
        self._hold(await self._runtime.hold(self._name))

    def _hold(self, held: HeldTerminal) -> None:
        self._terminal.hold(held)
        if self._runtime.isolates(self._name):  # else nothing can be wrong
            looking = keep_looking(lambda: self._runtime.find(self._name), self.recognize)
            self._upkeep = asyncio.get_running_loop().create_task(looking, name=f"look at {self._name}")
        self._life.held()
        self._terminal.listen()

    async def _clear_away(self) -> None:
        self.detach()
        self._life.stop()
        await self._runtime.stop(self._name)

    def _end(self, ending: Ending | None, *, at: float = 0.0) -> None:
        """`at` is 0 where nobody says when."""
        self._forget()
        self._life.ended(ending, at=at)

    def _forget(self) -> None:
        """What was so while it ran."""
        self.origin = Origin(self.origin.container_id, foreign=self.origin.foreign)
        self._terminal.end_program()
