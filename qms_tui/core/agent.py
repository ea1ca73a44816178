"""One agent: its life, the way to its terminal, and what can be asked of it, one thing at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from qms_tui.activity import Lights
from qms_tui.core.events import AgentEvent, Notice, Severity, StateChanged
from qms_tui.core.life import Life
from qms_tui.core.program import Program
from qms_tui.core.state import STARTABLE, STOPPED_BY_YOU, AgentState
from qms_tui.core.terminal import AgentTerminal
from qms_tui.core.view import AgentView
from qms_tui.errors import QmsTuiError, RuntimeFailure
from qms_tui.programs.values import Activity, Meter
from qms_tui.runtime import Found, Runtime, Size, Usage

_log = logging.getLogger(__name__)

FIRST_SIZE = Size(80, 24)  # of a program that no screen shows


class Agent:
    """Holds one agent's program. `on_event(agent, event)` is called within the event loop."""

    def __init__(
        self,
        name: str,
        runtime: Runtime,
        on_event: Callable[[Agent, AgentEvent], None],
        *,
        size: Size = FIRST_SIZE,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`size` is what its program starts with; `ready` is waited for before that."""
        self.name = name
        self._runtime, self._on_event = runtime, on_event
        self._life = Life(name, self._changed)
        self.terminal = AgentTerminal(name, self._tell, self._lost)
        self._program = Program(name, runtime, self._life, self.terminal, size, self._tell, ready)
        self._building = ""
        self._work: asyncio.Task[None] | None = None
        self._build: asyncio.Task[None] | None = None
        self._closed = False

    # -- what there is to know --------------------------------------------------------------------------

    @property
    def state(self) -> AgentState:
        """One word for it."""
        return self._life.stage.state

    @property
    def began(self) -> float:
        """When its program began, in seconds since 1970; 0 while nobody knows."""
        return self._life.stage.began

    @property
    def foreign(self) -> bool:
        """Whether another user has started the program."""
        return self._program.origin.foreign

    @property
    def container_id(self) -> str:
        """The engine's, of what was found last; empty until somebody has looked."""
        return self._program.origin.container_id

    @property
    def view(self) -> AgentView:
        """What it knows of itself."""
        return self.view_with()

    def view_with(
        self,
        activity: Activity | None = None,
        lights: Lights | None = None,
        meter: Meter | None = None,
        usage: Usage | None = None,
        plan: str = "",
    ) -> AgentView:
        """The same, and what others know of it."""
        stage, origin, terminal = self._life.stage, self._program.origin, self.terminal
        return AgentView(
            self.name,
            stage.state,
            stage.state_at,
            stage.ending,
            stage.clearing,
            stage.trouble,
            stage.began,
            stage.ended_at,
            self._runtime.isolates(self.name),
            origin.container_id,
            origin.wrong,
            origin.outdated,
            origin.needs_build,
            origin.foreign,
            self._building,
            terminal.id,
            self._runtime.keeper(self.name),
            terminal.title,
            terminal.remark,
            terminal.leads,
            terminal.leader,
            terminal.typed_at,
            activity,
            lights,
            meter,
            usage,
            plan,
        )

    # -- what can be asked for --------------------------------------------------------------------------

    def resize(self, size: Size) -> None:
        """The next program starts with this size: a screen shows it so. One that runs has that of whoever
        leads.
        """
        self._program.resize(size)

    @property
    def is_opened(self) -> bool:
        """Whether anybody has opened it: until then nobody knows whether it runs."""
        return self._work is not None

    def open(self, *, start: bool = True, ran: bool = False) -> None:
        """Find the agent's program: attach if it runs, show how it ended; start it if there is none, unless
        it shall not be started yet, or is known to have run.
        """
        self._do(partial(self._program.open, start=start and not ran, ran=ran))

    def restart(self, *, fresh: bool = False) -> None:
        """Start the program anew, ending it first if it runs, as far as we know; one that somebody else has
        started meanwhile is held.

        It goes on with its last conversation if it can, unless it shall be `fresh`. Another user's program is
        left alone: here it could only be ended.
        """
        if not self._is_kept_from_restarting():
            program = self._program
            self._do(partial(program.begin if self.state in STARTABLE else program.restart, fresh))

    def start_again(self) -> None:
        """Start the program that has ended by itself, or could not be started, unless it was stopped
        meanwhile.
        """
        if not self._is_kept_from_restarting():
            self._do(self._program.begin_again)

    def rebuild(self) -> None:
        """Build the image anew while the program goes on, then start it anew with its conversation."""
        if self._is_kept_from_restarting():
            return
        if self._build is None or self._build.done():
            self._build = asyncio.get_running_loop().create_task(self._rebuild(), name=f"build {self.name}")

    def stop(self, why: str = STOPPED_BY_YOU) -> None:
        """End the program and clear it away; the screen stays, and says why."""
        self._do(partial(self._program.stop, why))

    async def wake(self, files: Sequence[str] = ()) -> None:
        """Have its program told of these files in its inbox, or of all; the human hears if that fails."""
        if self.state is AgentState.PAUSED:
            self._say(f"{self.name} is paused: it is told of its inbox once it goes on")
            return
        try:
            await self._runtime.wake(self.name, files)
        except QmsTuiError as error:
            self._say(f"{error.message}\n{error.hint}", "warning")
        else:
            self._say(f"{self.name} is told of its inbox.")

    async def unpause(self) -> None:
        """Let its program go on that somebody has paused; the human hears if that fails."""
        if self.state is not AgentState.PAUSED:
            self._say(f"{self.name} is not paused.")
            return
        try:
            await self._runtime.unpause(self.name)
        except QmsTuiError as error:
            self._say(f"{error.message}\n{error.hint}", "warning")

    async def settled(self) -> None:
        """Wait until what was asked for is done."""
        while self._work is not None and not self._work.done():
            await asyncio.wait([self._work])

    async def close(self) -> None:
        """Let go of the program, which goes on if its runtime says so; idempotent."""
        self._closed = True
        if self._build is not None:
            self._build.cancel()
            await asyncio.wait([self._build])
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])
        self._program.detach()

    # -- what happens from outside ----------------------------------------------------------------------

    def look(self) -> None:
        """Something happened to the program's container, or may have: see what is true now."""
        self._program.news.set()
        if self._work is not None and self._work.done():
            self._do(self._program.look)

    def died(self, exit_code: int, at: float) -> None:
        """Its container ended at `at`, says the engine, which may take seconds to clear up after it, and
        answers no question about it until then.
        """
        self._program.died(exit_code, at)

    def starved(self, at: float) -> None:
        """The engine had no memory left for it at `at`."""
        self._say(f"{self.name} reached its memory limit: the engine killed a process of it", "warning")
        self._life.starved(at)

    def lose_engine(self, why: str) -> None:
        """The runtime's engine is away. The attachment may survive that."""
        self._life.lost_engine(why)

    def recognize(self, found: Found) -> None:
        """So the runtime finds its program."""
        self._program.recognize(found)

    def _lost(self, is_over: bool) -> None:
        self._program.detach()
        self._do(self._program.find_out if is_over else self._program.come_back)

    # -- one thing at a time ----------------------------------------------------------------------------

    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """What was under way is given up for what is asked for now."""
        before = self._work

        async def after() -> None:
            if before is not None and not before.done():
                before.cancel()
                await asyncio.wait([before])
            await self._try(work)
            while self._program.news.is_set():
                await self._try(self._program.look)

        if not self._closed:
            self._work = asyncio.get_running_loop().create_task(after(), name=f"agent {self.name}")

    async def _try(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except QmsTuiError as error:
            _log.warning("%s: %s", self.name, error)
            self._life.failed(error)
        except Exception as error:  # one agent's boundary: the others go on
            _log.exception("%s", self.name)
            said = f"unexpected {type(error).__name__}: {error}"
            self._life.failed(RuntimeFailure(said, "see the log file"))

    async def _rebuild(self) -> None:
        self._say_building("begins")
        try:
            await self._runtime.rebuild(self.name, self._say_building)
        except QmsTuiError as error:
            _log.warning("%s: %s", self.name, error)
            self._say(f"{error.message}\n{error.hint}", "error")
        else:
            self.restart()
        finally:
            self._say_building("")

    def _say_building(self, step: str) -> None:
        self._building = step
        self._changed()

    def _is_kept_from_restarting(self) -> bool:
        kept = self.foreign and self.state not in STARTABLE
        if kept:
            self._say(f"{self.name} goes on: only the user who has started it restarts it", "warning")
        return kept

    def _changed(self) -> None:
        self._tell(StateChanged())

    def _say(self, text: str, severity: Severity = "information") -> None:
        self._tell(Notice(text, severity, self.name))

    def _tell(self, event: AgentEvent) -> None:
        if not self._closed:
            self._on_event(self, event)
