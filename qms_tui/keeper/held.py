"""One agent's terminal as the keeper holds it: its output read, journaled, fed and passed on."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from qms_tui.errors import EngineError
from qms_tui.ipc.stream import Stream
from qms_tui.keeper.backlog import Backlog, Slices
from qms_tui.keeper.beginning import Beginning
from qms_tui.keeper.gaps import is_whole, missed, remark
from qms_tui.keeper.input import ProgramInput
from qms_tui.keeper.journal.writer import JournalWriter
from qms_tui.keeper.last_read import LastRead
from qms_tui.keeper.past import note_container, note_tail, read_past
from qms_tui.keeper.programs import encoded
from qms_tui.keeper.replies import SOON, Palette
from qms_tui.keeper.shown import Shown, cleaned
from qms_tui.keeper.turns import Turns
from qms_tui.keeper.watcher import Watcher
from qms_tui.runtime import Size
from qms_tui.runtime.base import TerminalSource
from qms_tui.terminal import NO_STATUS, Terminal

_log = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MOST = 0.1, 1.5  # seconds between looks at an engine that is away, doubling
ENDED_MOST = 30.0  # seconds, likewise, of a container that has ended: somebody may start it again
KNOWN_MOST = 8192  # bytes of the newest output that a gap is laid beside
LOG_SLACK = 5.0  # seconds before the last byte from which the engine's log is read: clocks differ
START_NUDGE = 0.25  # seconds after the first size in which a program is ready to hear of another one
GUESSED = Size(80, 24)  # what programs take a terminal for that has no size
JOURNAL_RETRY = 5.0  # seconds between tries to write to a disk that was full; a try saves the terminal
GAP_TOLD = 10.0  # seconds after a gap in which interfaces that come back are told of it
JOURNAL_WELL = "the journal is written to disk again"
DISK_WELL = "there is room on its disk again"
EARLY_PATIENCE = 0.05  # seconds in which what was printed while the log was read comes in


class HeldAgent:
    """Journals everything; answers the program's queries, unless another user has started it."""

    def __init__(
        self,
        name: str,
        tap: TerminalSource,
        folder: Path,
        scrollback: int,
        slices: Slices,
        turns: Turns,
        palette: Palette,
        on_news: Callable[[str, str], None] = lambda agent, fact: None,
        on_note: Callable[..., None] = lambda agent, text, **how: None,
    ) -> None:
        """`folder` is that of the agent's journal. `on_news` hears which fact is another one (see `fact`),
        `on_note` of remarks.
        """
        self.name = name
        self.container = ""
        self.palette = palette
        self.terminal = self._silenced(Terminal(80, 24, scrollback=scrollback))
        self.backlog = Backlog(slices, self._feed, self._fed)
        """What was passed on and journaled, and has not reached the terminal."""
        self.input = ProgramInput(lambda: tap.open_input(self.container))
        self._tap, self._turns = tap, turns
        self._folder = folder
        self._last_read = LastRead(folder)
        self._journal = JournalWriter(folder)
        self._is_rotating = False  # in a turn to come
        self._scrollback = scrollback
        self._stream: Stream | None = None
        self._next: Stream | None = None  # of the ended container, for when it is started again
        self._on_news, self._on_note = on_news, on_note
        self._shown = Shown()
        self._beginning: Beginning | None = None
        self.typed_at, self.touched_at = 0.0, -math.inf
        """When a human typed into it last: in seconds since 1970, and of the monotonic clock."""
        self.keys = 0
        """How many pieces humans have typed."""
        self._known = bytearray()
        self._heard = 0.0  # when the last output came, in seconds since 1970
        self._watchers: list[Watcher] = []
        self._leader: Watcher | None = None
        self.foreign = False
        """Whether another user made the container: then only an interface that is typed into leads."""
        self._foreign_size: Size | None = None  # what the other user has set, if that could be found out
        self._telling = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting = False  # its program may have looked for a size before there was one
        self._trouble = self._disk = ""
        self._mending: asyncio.Task[None] | None = None
        self._gap, self._gap_until = "", 0.0
        self._holding = asyncio.Lock()
        self._watching_over: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether output is being read."""
        return self._stream is not None and not self._stream.closed

    @property
    def watchers(self) -> int:
        """How many interfaces follow."""
        return len(self._watchers)

    @property
    def trouble(self) -> str:
        """What is wrong with the journal, for a human; empty if nothing is."""
        return self._journal.trouble

    @property
    def size(self) -> Size:
        """The terminal's."""
        return Size(self.terminal.columns, self.terminal.lines)

    @property
    def leader(self) -> Watcher | None:
        """Who of the interfaces here leads."""
        return self._leader

    @property
    def gap(self) -> str:
        """What those who come back just now should know of what was printed meanwhile."""
        return self._gap if time.monotonic() < self._gap_until else ""

    def fact(self, name: str) -> Any:
        """One of the facts that a watch is told, as JSON has them (see watch_words.py)."""
        if name == "terminal":
            return {"id": self.container, "alive": self.alive}
        if name == "title":
            return {"text": cleaned(self.terminal.title), "at": self._shown.titled_at}
        if name == "rang_at":
            return self._shown.rang_at
        if name == "status":
            return encoded(self.terminal.status)
        if name == "typed":
            return {"at": self.typed_at, "moment": self.touched_at, "keys": self.keys}
        return self._remark if name == "remark" else True

    def typed_by_human(self) -> None:
        """A piece of what a human types comes."""
        self.typed_at, self.touched_at = time.time(), time.monotonic()
        self.keys += 1
        self._on_news(self.name, "typed")

    # -- holding ------------------------------------------------------------------------------------------

    async def hold(self, container: str, size: Size) -> None:
        """Listen to a container that is about to be started. Raises EngineError."""
        async with self._holding:
            if self._tap.own and self.container == container:
                return  # it began before this keeper looked round, which has taken it up by itself
            self._let_go()
            self._take_next("")
            stream = await self._tap.open(container)
            self.container, self.foreign, self._foreign_size = container, False, None
            self._new_terminal(Terminal(size.columns, size.lines, scrollback=self._scrollback))
            state = self.terminal.save()
            self._beginning = Beginning(state)
            self._journal.rotate(state)
            note_container(self._folder, container)
            self._journal.start(container, "", time.time())
            self._look_after_journal()
            self._starting = not self._tap.own  # our own has its size from its start on
            self.input.open_soon()
            self._answer()
            self._listen(stream)

    async def take_up(self, container: str, *, handed_over: bool = False) -> None:
        """Listen to a container that runs, and mend the gap since it was listened to. Raises EngineError.

        `handed_over`: by a keeper that ended orderly just now, and journaled all that it had read.
        """
        async with self._holding:
            if self.alive and self.container == container:
                return
            self._let_go()
            stream = self._take_next(container) or await self._tap.open(container)
            try:
                if self._tap.own:
                    await self._go_on(container, stream)
                else:
                    await self._mend(container, stream, handed_over)
            except BaseException:
                stream.close()
                raise

    async def settled(self) -> None:
        """Wait until what is being taken up is held."""
        async with self._holding:
            return

    def _take_next(self, container: str) -> Stream | None:
        """What was opened when a container ended, if it is this one; closed if it is not."""
        stream, self._next = self._next, None
        if stream is not None and (stream.closed or self.container != container):
            stream.close()
            return None
        if stream is not None:
            stream.pause()
        return stream

    async def _mend(self, container: str, stream: Stream, handed_over: bool) -> None:
        stayed = bool(self.container)  # it was this keeper that listened before
        self.remember()
        await self._meet(container)
        await self._forget_former_program()
        log = await self._read_log(container, self._heard - LOG_SLACK)
        live = await _arrived(stream)
        found = missed(bytes(self._known), log, live) if log is not None else None
        is_complete = found is not None and stayed
        if handed_over and log is not None:
            is_complete = is_complete or is_whole(bytes(self._known), log, live)
        await self._turns.own()
        self._journal.rotate(self._saved())
        note_container(self._folder, container)
        self.input.open_soon()
        now = time.time()
        self._journal.gap(self._heard or now, now, filled=found is not None, size=len(found or b""))
        self._gap_until = time.monotonic() + GAP_TOLD
        self._gap = "" if is_complete else self._incomplete(found, now)
        if self._gap:
            self._on_note(self.name, self._gap, holds=False, again=False)
        if found:
            await self._take_missed(found, now)
        self._answer()
        self._take(live)
        self._listen(stream)
        if self.terminal.modes.alternate_screen and (self._foreign_size or not self.foreign):
            await self._nudge()

    async def _take_missed(self, data: bytes, now: float) -> None:
        """What was printed while nobody listened; what it asks is answered if the program still waits."""
        is_long = now - self._heard > SOON
        began = await self._tap.began(self.container) if is_long and self._heard else 0.0
        self.terminal.muted = self.foreign or now - max(self._heard, began) > SOON
        self._take(data)
        self.backlog.flush()

    async def _go_on(self, container: str, stream: Stream) -> None:
        """Nothing is missed: what was printed meanwhile waits in the terminal, or has just been read."""
        self.remember()
        is_known = self.container == container
        rest = self._last_read.rest(self._journal.position) if is_known else b""
        if not is_known:
            size = await self._tap.size(container) or GUESSED
            self._new_terminal(Terminal(size.columns, size.lines, scrollback=self._scrollback))
            self.container = container
        self._answer()
        self._take(rest)  # before it is nowhere but in our memory
        await self._turns.own()
        self._journal.rotate(self._saved())
        note_container(self._folder, container)
        self._listen(stream)
        if not is_known:
            await self._nudge()  # what it has printed before is not known any more

    async def _meet(self, container: str) -> None:
        """Find out who made the container, and have a terminal of its size where that is not known."""
        new = self.container != container
        if self.foreign and not new:
            return
        self.foreign = await self._tap.is_foreign(container)
        if not (new or self.foreign):
            return
        size = await self._tap.size(container)
        self._foreign_size = size if self.foreign else None
        if new:
            found = size or GUESSED
            self._new_terminal(Terminal(found.columns, found.lines, scrollback=self._scrollback))
            self.container, self._heard = container, 0.0
        elif size is not None:  # the journal has that of then
            self.terminal.resize(size.columns, size.lines)

    async def _forget_former_program(self) -> None:
        """What it reported is not said of one that has been started in its container since."""
        has_records = self.terminal.status != NO_STATUS
        if has_records and await self._tap.began(self.container) > self._heard:
            self.terminal.forget_status()
            self._show()

    def _incomplete(self, found: bytes | None, now: float) -> str:
        """What the interfaces are told of a gap; the log shows all but a line that is still unfinished."""
        if not self._heard or (found == b"" and not self.terminal.modes.alternate_screen):
            return ""
        return remark(now - self._heard)

    def remember(self) -> None:
        """Have the screen with which an agent ended under an earlier keeper, as far as the journal goes."""
        past = None if self.container else read_past(self._folder, KNOWN_MOST)
        if past is not None:
            self._new_terminal(past.terminal)
            self.container, self._heard = past.container, past.until
            self._known[:] = past.tail

    async def recall(self) -> None:
        """As `remember`; where nothing is journaled, have what the engine has logged of what has ended."""
        self.remember()
        if self.container:
            return
        try:
            container = await self._tap.last(self.name)
        except EngineError as error:
            _log.info("%s: %s", self.name, error)
            return
        log = await self._read_log(container, 0.0) if container else None
        if log and not self.container:  # nor has it been held meanwhile
            self._new_terminal(Terminal(GUESSED.columns, GUESSED.lines, scrollback=self._scrollback))
            self.terminal.clock = partial(float, 0.0)  # the log does not say when
            self.terminal.feed(log)
            self.terminal.end_program()
            self._show()

    async def _read_log(self, container: str, since: float) -> bytes | None:
        try:
            return await self._tap.log(container, max(since, 0.0))
        except EngineError as error:
            _log.info("%s: %s", self.name, error)
            return None

    async def _nudge(self) -> None:
        """Make a full-screen program repaint: it does so when its size changes, not when told the same."""
        size = self.size
        await self._tap.resize(self.container, Size(size.columns, max(1, size.lines - 1)))
        await self._tap.resize(self.container, size)

    def _new_terminal(self, terminal: Terminal) -> None:
        self.backlog.clear()
        self.terminal = self._silenced(terminal)
        self._known.clear()
        self._shown, self._beginning = Shown(), None
        for watcher in self._watchers:
            watcher.send_state()
        for name in ("title", "rang_at", "status"):
            self._on_news(self.name, name)

    def _listen(self, stream: Stream) -> None:
        self._stream = stream
        if self._tap.own:
            self._last_read.begin()
            self._tap.read_with(self.container, self._read)
        if stream.closed:
            self._lost()
            return
        self._on_news(self.name, "terminal")
        stream.listen(self._take, self._lost, on_sent=self.input.sent)
        if self._tap.own:
            self.input.use(stream)
        stream.resume()

    def _read(self, descriptor: int, most: int) -> bytes:
        return self._last_read.read(descriptor, most, self._journal.position)

    def close(self) -> None:
        """Let go of the program, which goes on, and of the journal."""
        for task in (self._watching_over, self._mending, *self._tasks):
            if task is not None:
                task.cancel()
        self._let_go()
        self._take_next("")
        self._journal.close()
        self._last_read.close()

    def _let_go(self) -> None:
        self.backlog.flush()
        self.input.close()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    # -- output -------------------------------------------------------------------------------------------

    def _take(self, data: bytes) -> None:
        """Watchers first: a human waits there. The journal before the terminal, which may answer: what has
        been answered is known to the next keeper.
        """
        if not data:
            return
        for watcher in self._watchers:
            watcher.send_output(data)
        if self._beginning is not None:
            self._beginning = self._beginning.add(data)
        self._journal.output(data)
        self._heard = time.time()
        self._known += data
        del self._known[:-KNOWN_MOST]
        self.backlog.add(data)
        if self.backlog.is_full and self._stream is not None:
            self._stream.pause()
        self._look_after_journal()

    def _feed(self, data: bytes) -> None:
        self.terminal.feed(data)
        if replies := self.terminal.take_replies():
            self.input.reply(replies)
        self._show()
        self._on_news(self.name, "printed")

    def _show(self) -> None:
        """Tell the watches what the program shows of itself."""
        for name in self._shown.take(self.terminal.take_events()):
            self._on_news(self.name, name)

    def _fed(self) -> None:
        """The terminal is where the journal is."""
        if self._journal.full and not self._is_rotating:
            self._is_rotating = True
            self._turns.do(self._rotate)
        if self._stream is not None:
            self._stream.resume()

    def _rotate(self) -> None:
        self._is_rotating = False
        if self._journal.full:  # nor has it begun a new file meanwhile, or been closed
            self._journal.rotate(self._saved())
            self._look_after_journal()

    def _saved(self) -> bytes:
        """The terminal's state after all that is journaled."""
        self.backlog.flush()
        return self.terminal.save()

    def _answer(self) -> None:
        """From here on the program hears what it asks, unless another user's keeper tells it."""
        self.terminal.muted = self.foreign

    def _silenced(self, terminal: Terminal) -> Terminal:
        """The same, not answering, with our clock and our colours."""
        terminal.muted, terminal.clock = True, time.time
        self.palette.show(terminal)
        return terminal

    def keep_journal(self) -> None:
        """Write the journal anew, soon, if its folder was removed."""
        if self.container and self._journal.removed:
            self._turns.do(self._replace_removed)

    def _replace_removed(self) -> None:
        if self._journal.removed:
            self.write_journal_anew()

    def write_journal_anew(self) -> None:
        """Somebody has removed it."""
        if not self.container:
            return
        _log.warning("%s: somebody has removed the journal", self.name)
        self._journal.rotate(self._saved())
        note_container(self._folder, self.container)
        note_tail(self._folder, bytes(self._known))
        self._look_after_journal()

    def _look_after_journal(self) -> None:
        if self._journal.trouble and (self._mending is None or self._mending.done()):
            self._mending = asyncio.get_running_loop().create_task(self._mend_journal())

    async def _mend_journal(self) -> None:
        """Try now and then to write to disk again, and say how it stands."""
        while self._journal.trouble:
            await self._turns.own()  # a disk that is full is full for all agents
            if not self._journal.retry(self._saved()):
                self._say_trouble()
                await asyncio.sleep(JOURNAL_RETRY)
        if self._trouble:
            self._say_trouble()

    def _say_trouble(self) -> None:
        self._trouble = self._journal.trouble
        _log.warning("%s: %s", self.name, self._trouble or JOURNAL_WELL)
        self._say_remark(JOURNAL_WELL)

    def say_disk(self, text: str, *, new: bool) -> None:
        """So it stands with what the agent takes on disk; there is nothing to say if that is empty.

        `new` if it is more than other figures.
        """
        changed, self._disk = text != self._disk, text
        if changed:
            self._say_remark(DISK_WELL, again=new)

    @property
    def _remark(self) -> str:
        """What a human should know for as long as it holds; the interfaces cut it where it is long."""
        trouble = self._trouble and (self.trouble or self._trouble)
        return " · ".join(part for part in (self._disk, trouble) if part)

    def _say_remark(self, otherwise: str, *, again: bool = False) -> None:
        text, holds = self._remark or otherwise, bool(self._remark)
        for watcher in self._watchers:
            watcher.send_remark(text, holds=holds, again=again)
        self._on_note(self.name, text, holds=holds, again=again)
        self._on_news(self.name, "remark")

    def _lost(self) -> None:
        """The program has ended, or the engine has gone: nobody waits for an answer any more."""
        self.terminal.muted = True
        self.backlog.flush()
        self.input.close()
        self._stream = self._beginning = None
        self._on_news(self.name, "terminal")
        for watcher in list(self._watchers):
            watcher.send_end()
        if self._watching_over is not None:
            self._watching_over.cancel()
        self._watching_over = asyncio.get_running_loop().create_task(self._find_out())

    async def _find_out(self) -> None:
        """Whether it has ended; listen again if it goes on, or is started again."""
        async with self._holding:  # at once: what a program asks first is in no log
            if not self.alive:
                self._next = await self._tap.open_ended(self.container)
        pause, ended = RETRY_FIRST, False
        while not self.alive:
            try:
                code = await self._tap.ending(self.container)
                if code is None:
                    await self.take_up(self.container)
                    self._have_size_again()
                elif not ended:
                    self._ended(code)
                    ended = True
                if code is not None and (code < 0 or self._tap.own):
                    break
            except EngineError as error:
                _log.info("%s: %s", self.name, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, ENDED_MOST if ended else RETRY_MOST)
        if not self.alive:
            self._take_next("")

    def _ended(self, code: int) -> None:
        self._journal.end(code if code >= 0 else None, "")
        self.terminal.end_program()
        self._show()
        self._tap.done(self.container)
        if self._next is not None:
            self._next.listen(self._started_again, self._not_started_again)

    def _started_again(self, data: bytes) -> None:
        """The ended container's first output: its program is another one."""
        stream, self._next = self._next, None
        if stream is None:
            return
        self.terminal.forget_status()
        self._show()
        self._journal.start(self.container, "", time.time())
        self._starting = True
        self.input.open_soon()
        self._answer()
        self._listen(stream)
        self._take(data)
        self._have_size_again()

    def started(self) -> None:
        """What was listened to beforehand runs by now, and gets its size."""
        self._do(self._tell_size())

    def _have_size_again(self) -> None:
        """A container that is started again has forgotten its terminal's size."""
        if not self.foreign:
            self._do(self._tell_size())

    def _not_started_again(self) -> None:
        self._next = None

    # -- watchers -----------------------------------------------------------------------------------------

    def add(self, watcher: Watcher) -> None:
        """From now on the interface follows; it gets the state first."""
        self._watchers.append(watcher)
        self.choose_leader(told=watcher)
        watcher.send_state()
        if self._remark:
            watcher.send_remark(self._remark, holds=True)
        elif self.gap:
            watcher.send_remark(self.gap, holds=False)

    def state(self) -> tuple[bytes, bytes]:
        """That of the terminal, and the output behind it: for the first screen all that was said at once."""
        beginning, self._beginning = self._beginning, None
        if beginning is not None:
            return beginning.state, beginning.output
        return self.terminal.save(), self.backlog.waiting

    def remove(self, watcher: Watcher) -> None:
        """The interface follows no more."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)
            self.choose_leader()

    def choose_leader(self, told: Watcher | None = None) -> None:
        """Whoever was typed into last leads; `told` has not been told of anybody yet."""
        leader = max(filter(self._may_lead, self._watchers), key=lambda watcher: watcher.rank, default=None)
        changed, self._leader = leader is not self._leader, leader
        if changed:
            self._on_news(self.name, "leader")
        if changed and leader is not None:
            self._show_palette(leader.palette)
        if leader is None:
            self._leave_to_other_user(self._watchers if changed else [told] if told else [])
            return
        if changed and leader is not told and leader.size != self.size and self.alive:
            self._do(self._hand_over(leader))
            return
        self._announce(leader, self._watchers if changed else [told] if told else [])
        if changed:
            self.resize(leader)

    def _show_palette(self, palette: str) -> None:
        self.palette.take(palette)
        self.palette.show(self.terminal)

    def _may_lead(self, watcher: Watcher) -> bool:
        """Who only looks at another user's agent changes nothing about it."""
        return not self.foreign or watcher.typed

    def _leave_to_other_user(self, told: Iterable[Watcher]) -> None:
        """None of ours leads: the terminal gets the size that the other user has given it."""
        self._announce(None, told)
        if self._foreign_size is not None and self._foreign_size != self.size and self.alive:
            self._take_size(self._foreign_size)
            self._do(self._tell_size())

    async def _hand_over(self, leader: Watcher) -> None:
        """Give it the lead once the program has its size: it keeps its keys until then."""
        self._take_size(leader.size)
        await self._tell_size()
        if self._leader is leader:
            self._announce(leader, self._watchers)

    def _announce(self, leader: Watcher | None, told: Iterable[Watcher]) -> None:
        for watcher in told:
            watcher.leads = watcher is leader
            watcher.send_leader(leader)

    def resize(self, watcher: Watcher) -> None:
        """The interface wants its size, which counts if it leads."""
        if watcher is not self._leader:
            return
        self._take_size(watcher.size)
        if self.alive:
            self._do(self._tell_size())

    def _take_size(self, size: Size) -> None:
        """The terminal has this size from here on."""
        if size != self.size:
            self.backlog.flush()
            self._beginning = None
            self.terminal.resize(size.columns, size.lines)
            self._journal.size(size.columns, size.lines)
            for watcher in self._watchers:
                watcher.send_size(size)

    async def _tell_size(self) -> None:
        """Tell the engine, one size after the other, so that the last one stays."""
        async with self._telling:
            told = await self._tap.resize(self.container, self.size)
        if told and self._starting:
            self._starting = False
            if self.size != GUESSED:
                self._do(self._have_it_look_again())

    async def _have_it_look_again(self) -> None:
        """Change the size of a program that has just begun, there and back.

        It is started without a size, so it may have guessed one and set margins for that before it could
        hear of another one. A real change makes it look again, and the terminal forget those margins.
        """
        await asyncio.sleep(START_NUDGE)
        size = self.size
        smaller = Size(size.columns, max(1, size.lines - 1))
        self._take_size(smaller)
        await self._tell_size()
        if self.size == smaller:  # nobody wanted another one meanwhile
            self._take_size(size)
        await self._tell_size()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _arrived(stream: Stream) -> bytes:
    """What the stream has for us already."""
    parts: list[bytes] = []
    stream.listen(parts.append, lambda: None)
    stream.resume()
    await asyncio.sleep(EARLY_PATIENCE)
    stream.pause()
    return b"".join(parts)
