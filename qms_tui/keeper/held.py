"""One agent's terminal as the keeper holds it: its output read, journaled, fed and passed on."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from qms_tui.errors import EngineError
from qms_tui.keeper.gaps import missed
from qms_tui.keeper.journal.writer import JournalWriter
from qms_tui.keeper.past import note_container, read_past
from qms_tui.runtime import Size
from qms_tui.runtime.docker.tap import Tap
from qms_tui.runtime.stream import Stream
from qms_tui.terminal import Terminal

_log = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MOST = 0.1, 1.5  # seconds between looks at an engine that is away, doubling
KNOWN_MOST = 8192  # bytes of the newest output that a gap is laid beside
LOG_SLACK = 5.0  # seconds before the last byte from which the engine's log is read: clocks differ
JOURNAL_RETRY = 10.0  # seconds between tries to write to a disk that was full
EARLY_PATIENCE = 0.05  # seconds in which what was printed while the log was read comes in


class Watcher(Protocol):
    """An interface that follows an agent."""

    leads: bool
    size: Size

    @property
    def rank(self) -> tuple[int, int]:
        """Whoever has the highest leads."""

    def send_output(self, data: bytes) -> None:
        """The program printed this."""

    def send_size(self, size: Size) -> None:
        """The terminal has this size from here on."""

    def send_leader(self, leader: Watcher) -> None:
        """This one leads from here on."""

    def send_state(self) -> None:
        """The terminal became another one."""

    def send_remark(self, text: str, *, holds: bool) -> None:
        """A human should know this; what `holds` does so until a remark that does not."""

    def send_end(self) -> None:
        """The program's end of the terminal closed."""


class HeldAgent:
    """Journals everything; never answers the program's queries."""

    def __init__(self, name: str, tap: Tap, folder: Path, scrollback: int) -> None:
        """`folder` is that of the agent's journal."""
        self.name = name
        self.container = ""
        self.terminal = Terminal(80, 24, scrollback=scrollback)
        self.terminal.muted = True
        self._tap = tap
        self._folder = folder
        self._journal = JournalWriter(folder)
        self._scrollback = scrollback
        self._stream: Stream | None = None
        self._known = bytearray()
        self._heard = 0.0  # when the last output came, in seconds since 1970
        self._watchers: list[Watcher] = []
        self._leader: Watcher | None = None
        self._trouble = ""
        self._tried = 0.0
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

    # -- holding ------------------------------------------------------------------------------------------

    async def hold(self, container: str, size: Size) -> None:
        """Listen to a container that is about to be started. Raises EngineError."""
        async with self._holding:
            self._let_go()
            stream = await self._tap.open(container)
            self.container = container
            self._new_terminal(Terminal(size.columns, size.lines, scrollback=self._scrollback))
            self._journal.rotate(self.terminal.save())
            note_container(self._folder, container)
            self._journal.start(container, "", time.time())
            self._listen(stream)

    async def take_up(self, container: str) -> None:
        """Listen to a container that runs, and mend the gap since it was listened to. Raises EngineError."""
        async with self._holding:
            if self.alive and self.container == container:
                return
            self._let_go()
            stream = await self._tap.open(container)
            try:
                await self._mend(container, stream)
            except BaseException:
                stream.close()
                raise

    async def _mend(self, container: str, stream: Stream) -> None:
        self.remember()
        if self.container != container:
            self._new_terminal(Terminal(80, 24, scrollback=self._scrollback))
            self._heard = 0.0
        self.container = container
        log = await self._read_log(container, self._heard - LOG_SLACK)
        live = await _arrived(stream)
        found = missed(bytes(self._known), log, live) if log is not None else None
        self._journal.rotate(self.terminal.save())
        note_container(self._folder, container)
        now = time.time()
        self._journal.gap(self._heard or now, now, filled=found is not None, size=len(found or b""))
        self._take((found or b"") + live)
        self._listen(stream)
        if self.terminal.modes.alternate_screen:
            await self._nudge()

    def remember(self) -> None:
        """Have the screen with which an agent ended under an earlier keeper, as far as the journal goes."""
        past = None if self.container else read_past(self._folder, KNOWN_MOST)
        if past is not None:
            self._new_terminal(past.terminal)
            self.container, self._heard = past.container, past.until
            self._known[:] = past.tail

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
        self.terminal = terminal
        terminal.muted = True
        self._known.clear()
        for watcher in self._watchers:
            watcher.send_state()

    def _listen(self, stream: Stream) -> None:
        self._stream = stream
        if stream.closed:
            self._lost()
        else:
            stream.listen(self._take, self._lost)
            stream.resume()

    def close(self) -> None:
        """Let go of the program, which goes on, and of the journal."""
        if self._watching_over is not None:
            self._watching_over.cancel()
        self._let_go()
        self._journal.close()

    def _let_go(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    # -- output -------------------------------------------------------------------------------------------

    def _take(self, data: bytes) -> None:
        """Watchers first: a human waits there."""
        if not data:
            return
        for watcher in self._watchers:
            watcher.send_output(data)
        self._journal.output(data)
        self._heard = time.time()
        self._known += data
        del self._known[:-KNOWN_MOST]
        self.terminal.feed(data)
        self.terminal.take_events()
        if self._journal.full:
            self._journal.rotate(self.terminal.save())
        if self._journal.trouble or self._trouble:
            self._mend_journal()

    def _mend_journal(self) -> None:
        """Try now and then to write to disk again, and say how it stands when that changes."""
        now = time.monotonic()
        if self._journal.trouble and now > self._tried + JOURNAL_RETRY:
            self._tried = now
            self._journal.retry(self.terminal.save())
        if bool(self._journal.trouble) != bool(self._trouble):
            self._say_trouble()

    def _say_trouble(self) -> None:
        self._trouble = self._journal.trouble
        text = self._trouble or "the journal is written to disk again"
        _log.warning("%s: %s", self.name, text)
        for watcher in self._watchers:
            watcher.send_remark(text, holds=bool(self._trouble))

    def _lost(self) -> None:
        """The program has ended, or the engine has gone."""
        self._stream = None
        for watcher in list(self._watchers):
            watcher.send_end()
        self._watching_over = asyncio.get_running_loop().create_task(self._find_out())

    async def _find_out(self) -> None:
        """Whether it has ended; listen again if it goes on."""
        pause = RETRY_FIRST
        while not self.alive:
            try:
                code = await self._tap.ending(self.container)
                if code is not None:
                    self._journal.end(code if code >= 0 else None, "")
                    break
                await self.take_up(self.container)
            except EngineError as error:
                _log.info("%s: %s", self.name, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_MOST)

    # -- watchers -----------------------------------------------------------------------------------------

    def add(self, watcher: Watcher) -> None:
        """From now on the interface follows; it gets the state first."""
        self._watchers.append(watcher)
        self.choose_leader(told=watcher)
        watcher.send_state()
        if self._trouble:
            watcher.send_remark(self.trouble or self._trouble, holds=True)

    def remove(self, watcher: Watcher) -> None:
        """The interface follows no more."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)
            self.choose_leader()

    def choose_leader(self, told: Watcher | None = None) -> None:
        """Whoever was typed into last leads; `told` has not been told of anybody yet."""
        leader = max(self._watchers, key=lambda watcher: watcher.rank, default=None)
        changed, self._leader = leader is not self._leader, leader
        if leader is None:
            return
        newcomers: Iterable[Watcher] = self._watchers if changed else [told] if told else []
        for watcher in newcomers:
            watcher.leads = watcher is leader
            watcher.send_leader(leader)
        if changed:
            self.resize(leader)

    def resize(self, watcher: Watcher) -> None:
        """The interface wants its size, which counts if it leads."""
        if watcher is not self._leader:
            return
        size = watcher.size
        if size != self.size:
            self.terminal.resize(size.columns, size.lines)
            self._journal.size(size.columns, size.lines)
            for each in self._watchers:
                each.send_size(size)
        if self.alive:
            self._resizing = asyncio.get_running_loop().create_task(self._tap.resize(self.container, size))


async def _arrived(stream: Stream) -> bytes:
    """What the stream has for us already."""
    parts: list[bytes] = []
    stream.listen(parts.append, lambda: None)
    await asyncio.sleep(EARLY_PATIENCE)
    stream.pause()
    return b"".join(parts)
