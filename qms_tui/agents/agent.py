"""One agent: its state, its terminal, and the attachment between its program and that terminal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from qms_tui.activity import Activity, Lights, Meter
from qms_tui.agents.events import AgentEvent, Asked, LeaderChanged, Notice, Output, Reshaped, StateChanged
from qms_tui.agents.feeder import Feeder, Line
from qms_tui.agents.state import (
    HELD,
    REACHABLE_SOON,
    STARTABLE,
    STOPPED_BY_YOU,
    UNDER_WAY,
    AgentState,
    removed,
    stopped,
)
from qms_tui.agents.upkeep import keep_looking
from qms_tui.errors import EngineError, QmsTuiError, RuntimeFailure
from qms_tui.runtime import (
    Attachment,
    Closed,
    Condition,
    Ending,
    Fact,
    Found,
    Led,
    Received,
    Remarked,
    Resized,
    Restored,
    RunsAlready,
    Runtime,
    Size,
    Usage,
)
from qms_tui.terminal import ClipboardWrite, Modes, Terminal, TitleChanged, encode_focus, encode_paste

_log = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MOST = 0.1, 1.5  # seconds between tries to attach again, doubling; they are cheap
LAST_WORDS = 1.0  # seconds in which the rest of a dead program's output must have come
TITLE_LENGTH = 80  # characters of a program's title, or of a remark, that are kept
FOREIGN = (
    "Another user has started agents of this project. You can look on, and type. "
    "Only that user starts agents; nothing is started, stopped or typed by itself here."
)
TYPED_MOST = 4096  # keys typed while there is no connection that are kept: minutes of fast typing

Key = Callable[[Modes], bytes | None]
"""A key as the bytes that it is for a program with these modes."""


class Agent:
    """Holds one agent's program. `on_event(agent, event)` is called within the event loop."""

    def __init__(
        self,
        name: str,
        runtime: Runtime,
        size: Size,
        on_event: Callable[[Agent, AgentEvent], None],
        *,
        scrollback: int = 5000,
        feeder: Feeder | None = None,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`ready` is waited for before a program is started."""
        self.name = name
        self.state = AgentState.ABSENT
        self.state_at = time.time()
        """Since when, in seconds since 1970."""
        self.ending: Ending | None = None
        self.clearing = False
        """Whether it has ended and the engine is not done with it: nobody knows if somebody removes it."""
        self.starved_at = 0.0
        """When the engine said last that it had no memory left."""
        self.trouble: QmsTuiError | None = None
        self.title = ""
        self.began = 0.0
        """When its program began, in seconds since 1970; 0 while nobody knows."""
        self.ended_at = 0.0
        """When it ended, as far as the engine says, else when that was seen."""
        self.typed_at = 0.0
        """When the human typed into it last, here; seconds since 1970."""
        self.touched_at = -math.inf
        """The same, by the monotonic clock."""
        self.meter: Meter | None = None
        """What its conversation has used; set by `Activities`."""
        self.usage: Usage | None = None
        """What its program uses, as far as it runs; set by `Rounds`."""
        self.activity: Activity | None = None
        """What its program is doing, as far as it runs and somebody finds out; set by `Activities`."""
        self.plan = ""
        """What will be done to it without the human, while it does not run; set by `Policies`."""
        self.lights: Lights | None = None
        """How its container, program and the like stand; set by `Activities`, as soon as somebody looks."""
        self._runtime = runtime
        self._on_event = on_event
        self._ready = ready
        self._scrollback = scrollback
        self._size = size
        self.terminal = Terminal(size.columns, size.lines, scrollback=scrollback)
        self.terminal.clock = time.time
        self.leads = True
        self.leader = ""
        """Who leads while we follow, for the human; whatever that process calls itself."""
        self.outdated = False
        """Whether its image was built from older files than ours, or has been replaced."""
        self.needs_build = False
        """Whether the image of today must be built for that; else a restart is enough."""
        self.foreign = False
        """Whether another user has started the program: who is here may look, type and end it."""
        self.wrong = ""
        """In what the program is not who it should be, as far as it says."""
        self.container_id = ""
        """The engine's, of what was found last; empty until somebody has looked."""
        self.building = ""
        """How far its image is, while that is built anew."""
        self.remark = ""
        """What the human should know of the terminal for as long as it holds."""
        self._feeder = feeder or Feeder()
        self._line = Line(self._feeder, self)
        self._focused = False
        self._attachment: Attachment | None = None
        self._typed: deque[Key] = deque()
        self._warned = False  # the human has been told of the remark that holds
        self._work: asyncio.Task[None] | None = None
        self._news = asyncio.Event()  # something happened to the program that has not been looked at
        self._closed = False
        self._upkeep: asyncio.Task[None] | None = None
        self._build: asyncio.Task[None] | None = None

    @property
    def isolated(self) -> bool:
        """Whether the program is kept from the host and from other agents."""
        return self._runtime.isolated

    @property
    def since(self) -> float:
        """Since when it is in its state, in seconds since 1970; of a program that runs, when that began."""
        if self.state in HELD:
            return self.began
        return self.ended_at if self.state is AgentState.ENDED else self.state_at

    # -- what the human can ask for ---------------------------------------------------------------------

    def open(self, *, start: bool = True) -> None:
        """Find the agent's program: attach if it runs, show how it ended; start it if there is none, unless
        it shall not be started yet.
        """
        self._do(partial(self._open, start=start))

    def restart(self, *, fresh: bool = False) -> None:
        """Start the program anew, ending it first if it runs, as far as we know; one that somebody else has
        started meanwhile is held.

        It goes on with its last conversation if it can, unless it shall be `fresh`. Another user's program is
        left alone: here it could only be ended.
        """
        if self._is_kept_from_restarting():
            return
        self._do(partial(self._begin if self.state in STARTABLE else self._restart, fresh))

    def rebuild(self) -> None:
        """Build the image anew while the program goes on, then start it anew with its conversation."""
        if self._is_kept_from_restarting():
            return
        if self._build is None or self._build.done():
            self._build = asyncio.get_running_loop().create_task(self._rebuild(), name=f"build {self.name}")

    def _is_kept_from_restarting(self) -> bool:
        kept = self.foreign and self.state not in STARTABLE
        if kept:
            self._tell(
                Notice(f"{self.name} goes on: only the user who has started it restarts it", "warning")
            )
        return kept

    async def wake(self, files: Sequence[str] = ()) -> None:
        """Have its program told of these files in its inbox, or of all; the human hears if that fails."""
        if self.state is AgentState.PAUSED:
            self._tell(Notice(f"{self.name} is paused: it is told of its inbox once it goes on"))
            return
        try:
            await self._runtime.wake(self.name, files)
        except QmsTuiError as error:
            self._tell(Notice(f"{error.message}\n{error.hint}", "warning"))
        else:
            self._tell(Notice(f"{self.name} is told of its inbox."))

    async def unpause(self) -> None:
        """Let its program go on that somebody has paused; the human hears if that fails."""
        try:
            await self._runtime.unpause(self.name)
        except QmsTuiError as error:
            self._tell(Notice(f"{error.message}\n{error.hint}", "warning"))

    def stop(self, why: str = STOPPED_BY_YOU) -> None:
        """End the program and clear it away; the screen stays, and says why."""
        self._do(partial(self._stop, why))

    # -- what happens from outside ----------------------------------------------------------------------

    def look(self) -> None:
        """Something happened to the program's container, or may have: see what is true now."""
        self._news.set()
        if self._work is not None and self._work.done():
            self._do(self._look)

    def died(self, exit_code: int, at: float) -> None:
        """Its container ended at `at`, says the engine, which may take seconds to clear up after it, and
        answers no question about it until then. What the program said last may still come.
        """
        if self.state in (*HELD, AgentState.RECONNECTING) and at >= self.began:
            starved = self.starved_at >= self.began > 0
            self._end(Ending.by(exit_code, starved=starved), clearing=True, at=at)

    def lose_engine(self, why: str) -> None:
        """The runtime's engine is away. The attachment may survive that."""
        if self.state in HELD:
            self.trouble = EngineError(why, hint="qms-tui tries again until it is back")
            self._become(AgentState.UNREACHABLE)

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
        self._detach()

    # -- bytes to the program ---------------------------------------------------------------------------

    def type(self, key: Key) -> None:
        """Give the program a key, which waits while there is no connection: what it is for the program
        depends on the modes that the program has when it gets it.
        """
        self._touched()
        if self._attachment is None:
            self._keep(key)
        elif data := key(self.terminal.modes):
            self._write(data)

    def send(self, data: bytes) -> None:
        """Give the program bytes that are the same in every mode, as `type` does."""
        self.type(lambda modes: data)

    def _write(self, data: bytes) -> None:
        self._lead()
        assert self._attachment is not None
        if not self._attachment.write(data, urgent=True):
            self._tell(Notice(f"{self.name} does not read: the key was not sent", "warning"))

    def paste(self, data: bytes) -> None:
        """Give the program a pasted text, whole or not at all."""
        self._touched()
        if self._attachment is None:
            if self.state in REACHABLE_SOON:
                self._tell(Notice(f"{self.name} cannot be reached now: the paste was refused", "error"))
            return
        self._lead()
        if not self._attachment.write(encode_paste(data, self.terminal.modes)):
            self._tell(Notice(f"{self.name} does not read: the paste was refused", "error"))

    def put(self, data: bytes) -> bool:
        """Give the program bytes that are not the human's, if we lead; False if it did not get them."""
        return self.leads and self._attachment is not None and self._attachment.write(data, urgent=True)

    def focus(self, focused: bool) -> None:
        """Its pane got or lost the focus: it is fed first, and told if it asked and we lead."""
        self._focused = focused
        if focused:
            self._feeder.focused = self
        self._tell_focus()

    def _tell_focus(self) -> None:
        data = encode_focus(self._focused, self.terminal.modes)
        if data and self._attachment is not None and self.leads:
            self._attachment.write(data, urgent=True)

    def resize(self, size: Size) -> None:
        """Ask for the pane's size; the terminal takes it when the program's has it."""
        if size == self._size:
            return
        self._size = size
        if self._attachment is not None:
            self._attachment.resize(size)
        else:
            self._reshape(size)

    def _touched(self) -> None:
        self.typed_at, self.touched_at = time.time(), time.monotonic()

    def _lead(self) -> None:
        """Whoever is typed into leads."""
        if self._attachment is not None:
            self._attachment.lead()

    def _give_kept(self) -> None:
        waited = bool(self._typed)
        while self._typed and self._attachment is not None:
            self.type(self._typed.popleft())
        if waited:
            self._tell(StateChanged())

    @property
    def keys_waiting(self) -> int:
        """How many keys are kept for the program until it can be reached."""
        return len(self._typed)

    def _keep(self, key: Key) -> None:
        if self.state not in REACHABLE_SOON:
            return
        if len(self._typed) == TYPED_MOST:
            self._tell(Notice(f"{self.name} is unreachable: the key was not kept", "warning"))
        else:
            self._typed.append(key)
            self._tell(StateChanged())

    # -- the program's life -----------------------------------------------------------------------------

    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One thing at a time: what was under way is given up for what is asked for now."""
        before = self._work

        async def after() -> None:
            if before is not None and not before.done():
                before.cancel()
                await asyncio.wait([before])
            await self._try(work)
            while self._news.is_set():
                await self._try(self._look)

        if not self._closed:
            self._work = asyncio.get_running_loop().create_task(after(), name=f"agent {self.name}")

    async def _try(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except QmsTuiError as error:
            _log.warning("%s: %s", self.name, error)
            self._fail(error)
        except Exception as error:  # one agent's boundary: the others go on
            _log.exception("%s", self.name)
            self._fail(RuntimeFailure(f"unexpected {type(error).__name__}: {error}", "see the log file"))

    async def _open(self, *, start: bool) -> None:
        self._become(AgentState.ATTACHING)
        found = await self._runtime.find(self.name)
        if found.condition is Condition.EXITED:
            self.take(Restored(await self._runtime.last_state(self.name)))
        if found.condition is not Condition.ABSENT:
            await self._agree(found)
        elif start:
            await self._start(fresh=False)
        else:
            self._become(AgentState.ABSENT)

    async def _begin(self, fresh: bool) -> None:
        self._become(AgentState.ATTACHING)
        found = await self._runtime.find(self.name)
        if found.alive:
            await self._agree(found)
        else:
            await self._start(fresh)

    async def _look(self) -> None:
        self._news.clear()
        if self.state in UNDER_WAY:
            return
        try:
            await self._agree(await self._runtime.find(self.name))
        except QmsTuiError as error:
            _log.info("%s: %s", self.name, error)
            if self.state in (*HELD, AgentState.UNREACHABLE):
                await self._find_out()

    async def _agree(self, found: Found) -> None:
        """Make our state what the runtime found."""
        self._judge(found)
        if found.alive:
            if self._attachment is None:
                await self._attach()
            state = AgentState.PAUSED if found.condition is Condition.PAUSED else AgentState.RUNNING
            if self.state is not state:
                self._become(state)
        elif self.state is AgentState.ABSENT and found.condition is Condition.ABSENT:
            return
        elif self.state is not AgentState.FAILED:
            await self._agree_that_it_ended(found)

    async def _agree_that_it_ended(self, found: Found) -> None:
        if self._attachment is not None:
            await asyncio.sleep(LAST_WORDS)  # its terminal's end is what should tell, and cancels this
            self._detach()
        known = self.ending if self.state is AgentState.ENDED else None
        ending = removed(known) if found.condition is Condition.ABSENT else found.ending
        if known is None or known != ending or self.clearing:
            self._end(ending, at=found.ended)

    async def _start(self, fresh: bool) -> None:
        self._become(AgentState.STARTING)
        self._new_terminal()
        if self._ready is not None:
            await self._ready()
        size, self.began = self._size, time.time()
        try:
            attachment = await self._runtime.start(self.name, size, fresh=fresh)
        except RunsAlready:  # another interface was faster
            self.began = 0.0
            await self._attach()
        else:
            self._hold(attachment, size)

    async def _attach(self) -> None:
        size = self._size
        self._hold(await self._runtime.attach(self.name, size), size)

    def _judge(self, found: Found) -> None:
        """Keep what the runtime found wrong, or foreign; what is new of it the human is told."""
        self.container_id = found.id
        if found.foreign and not self.foreign:
            self._tell(Notice(FOREIGN, "warning", once=True))
        if found.wrong and found.wrong != self.wrong:
            self._tell(Notice(f"{self.name} is not who it should be: {found.wrong}", "error"))
        began = found.began or self.began
        new = found.wrong, found.outdated, found.needs_build, found.foreign, began
        if new != (self.wrong, self.outdated, self.needs_build, self.foreign, self.began):
            self.wrong, self.outdated, self.needs_build, self.foreign, self.began = new
            self._tell(StateChanged())

    async def _rebuild(self) -> None:
        self._say_building("begins")
        try:
            await self._runtime.rebuild(self.name, self._say_building)
        except QmsTuiError as error:
            _log.warning("%s: %s", self.name, error)
            self._tell(Notice(f"{error.message}\n{error.hint}", "error"))
        else:
            self.restart()
        finally:
            self._say_building("")

    def _say_building(self, step: str) -> None:
        self.building = step
        self._tell(StateChanged())

    async def _restart(self, fresh: bool) -> None:
        await self._clear_away()
        await self._start(fresh)

    async def _stop(self, why: str) -> None:
        await self._clear_away()
        self._end(stopped(why))

    async def _clear_away(self) -> None:
        self._become(AgentState.STOPPING)
        self._detach()
        self._typed.clear()
        await self._runtime.stop(self.name)

    def _hold(self, attachment: Attachment, size: Size) -> None:
        self._attachment = attachment
        self.ending, self.usage, self.remark = None, None, ""
        if self._runtime.isolated:  # else nothing can be wrong
            looking = keep_looking(lambda: self._runtime.find(self.name), self._judge)
            self._upkeep = asyncio.get_running_loop().create_task(looking, name=f"look at {self.name}")
        self._become(AgentState.RUNNING)
        with self._line.at_once():  # the screen as it is, with its modes, before the first key
            attachment.listen(self._line.give)
        if size != self._size:
            attachment.resize(self._size)
        if self._focused:
            self._tell_focus()  # who left last has taken it away
        self._give_kept()

    def _detach(self) -> None:
        attachment, self._attachment = self._attachment, None
        if self._upkeep is not None:
            self._upkeep.cancel()
        self._line.clear()
        if attachment is not None:
            attachment.close()

    def _end(self, ending: Ending | None, *, clearing: bool = False, at: float = 0.0) -> None:
        """`at` is 0 where nobody says when."""
        if at or self.state is not AgentState.ENDED:
            self.ended_at = at or time.time()
        self.ending, self.clearing, self.usage = ending, clearing, None
        self.wrong, self.outdated = "", False
        self._typed.clear()
        self.terminal.end_program()
        self._tell_events()
        self._become(AgentState.ENDED)

    # -- facts from the program -------------------------------------------------------------------------

    def pause(self) -> None:
        """Read no more of the program's output for now."""
        if self._attachment is not None:
            self._attachment.pause()

    def resume(self) -> None:
        """Read on."""
        if self._attachment is not None:
            self._attachment.resume()

    def take(self, fact: Fact) -> None:
        """Act on a fact of the attachment, in its turn."""
        if isinstance(fact, Received):
            self._received(fact.data)
        elif isinstance(fact, Resized):
            self._reshape(fact.size)
        elif isinstance(fact, Restored):
            self._restore(fact.state)
        elif isinstance(fact, Led):
            follows, self.leads, self.leader = not self.leads, fact.ours, fact.leader
            if follows and self._focused:
                self._tell_focus()
            self._tell(LeaderChanged())
        elif isinstance(fact, Remarked):
            self._remarked(_clean(fact.text), fact)
        else:
            self._lost(fact)

    def _received(self, data: bytes) -> None:
        self.terminal.feed(data)
        replies = self.terminal.take_replies()
        if replies and self.leads and self._attachment is not None and not self._attachment.answered:
            self._attachment.write(replies, urgent=True)
        self._tell_events()
        self._tell(Output())

    def _tell_events(self) -> None:
        """What happened in the terminal since it was fed."""
        for event in self.terminal.take_events():
            if isinstance(event, TitleChanged):
                self.title = _clean(event.text)
            if self.leads or not isinstance(event, ClipboardWrite):
                self._tell(Asked(event))

    def _remarked(self, text: str, fact: Remarked) -> None:
        """What is serious holds until a remark that is not; its details may change without a notice."""
        self.remark = text if fact.serious else ""
        if fact.again or not (fact.serious and self._warned):
            self._tell(Notice(f"{self.name}: {text}", "warning" if fact.serious else "information"))
        self._warned = fact.serious
        self._tell(StateChanged())

    def _reshape(self, size: Size) -> None:
        self.terminal.resize(size.columns, size.lines)
        self._tell(Reshaped())

    def _restore(self, state: bytes) -> None:
        """Go on from a state that somebody else kept; nothing in it rings, asks or answers again."""
        try:
            self.terminal = Terminal.restored(state)
        except ValueError as error:
            _log.warning("%s: the kept screen cannot be read: %s", self.name, error)
            return
        self.terminal.clock = time.time
        self.title = _clean(self.terminal.title)
        self._tell(Reshaped())

    def _lost(self, closed: Closed) -> None:
        """The terminal's other end closed: the program has ended, or only the connection to it has."""
        self._detach()
        self._do(self._find_out if closed.over else self._come_back)

    async def _come_back(self) -> None:
        """Attach again at once: only the connection is lost, as far as anybody knows."""
        self._become(AgentState.RECONNECTING)
        try:
            await self._attach()
        except QmsTuiError as error:
            _log.info("%s: %s", self.name, error)
            await self._find_out()

    async def _find_out(self) -> None:
        pause = RETRY_FIRST
        while True:
            self._news.clear()
            try:
                ending = await self._runtime.ended(self.name)
                if ending is not None:
                    self._detach()
                    return self._end(ending)
                return await self._agree(await self._runtime.find(self.name))
            except QmsTuiError as error:
                _log.info("%s: %s", self.name, error)
                self.trouble = error
                self._become(AgentState.UNREACHABLE)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._news.wait()
            pause = min(pause * 2, RETRY_MOST)

    def _new_terminal(self) -> None:
        self.terminal = Terminal(self._size.columns, self._size.lines, scrollback=self._scrollback)
        self.terminal.clock = time.time
        self.title, self.wrong, self.outdated, self.foreign = "", "", False, False
        self.container_id, self.remark, self._warned = "", "", False
        self.usage, self.meter = None, None
        self._tell(Reshaped())

    def _become(self, state: AgentState) -> None:
        if state not in (AgentState.FAILED, AgentState.UNREACHABLE):
            self.trouble = None
        self.state, self.state_at = state, time.time()
        self.clearing = self.clearing and state is AgentState.ENDED
        _log.info("%s: %s", self.name, state.value)
        self._tell(StateChanged())

    def _fail(self, trouble: QmsTuiError) -> None:
        self.trouble = trouble
        self._become(AgentState.FAILED)

    def _tell(self, event: AgentEvent) -> None:
        if not self._closed:
            self._on_event(self, event)


def _clean(title: str) -> str:
    return "".join(c for c in title if c.isprintable())[:TITLE_LENGTH]
