"""The program behind a held terminal: listened to from its start or taken up later, until it has ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from qms_tui.errors import EngineError
from qms_tui.ipc.stream import Stream
from qms_tui.keeper.audience import Audience
from qms_tui.keeper.gaps import is_whole, missed, remark
from qms_tui.keeper.input import ProgramInput
from qms_tui.keeper.kept_terminal import GUESSED, KeptTerminal
from qms_tui.keeper.remarks import Remarks
from qms_tui.keeper.replies import SOON
from qms_tui.runtime import Size
from qms_tui.runtime.base import TerminalSource
from qms_tui.terminal import NO_STATUS

_log = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MOST = 0.1, 1.5  # seconds between looks at an engine that is away, doubling
ENDED_MOST = 30.0  # seconds, likewise, of a container that has ended: somebody may start it again
LOG_SLACK = 5.0  # seconds before the last byte from which the engine's log is read: clocks differ
EARLY_PATIENCE = 0.05  # seconds in which what was printed while the log was read comes in


class HeldProgram:
    """Of one agent, whose terminal, audience and remarks these are; `on_change`: it is alive, or no more."""

    def __init__(
        self,
        name: str,
        tap: TerminalSource,
        kept: KeptTerminal,
        audience: Audience,
        remarks: Remarks,
        on_change: Callable[[], None],
    ) -> None:
        self.input = ProgramInput(lambda: tap.open_input(self._kept.container))
        self._name, self._tap, self._kept = name, tap, kept
        self._audience, self._remarks, self._on_change = audience, remarks, on_change
        self._stream: Stream | None = None
        self._next: Stream | None = None  # of the ended container, for when it is started again
        self._holding = asyncio.Lock()
        self._watching_over: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether output is being read."""
        return self._stream is not None and not self._stream.closed

    @property
    def _container(self) -> str:
        return self._kept.container

    def close(self) -> None:
        """Let go of the program, which goes on."""
        if self._watching_over is not None:
            self._watching_over.cancel()
        self.let_go()
        self._take_next("")

    def resume(self) -> None:
        """Read on: what was read is fed."""
        if self._stream is not None:
            self._stream.resume()

    async def hold(self, container: str, size: Size) -> None:
        """Listen to a container that is about to be started. Raises EngineError."""
        async with self._holding:
            if self._tap.own and self._container == container:
                return  # it began before this keeper looked round, which has taken it up by itself
            self.let_go()
            self._take_next("")
            stream = await self._tap.open(container)
            self._audience.own()
            self._kept.begin(container, size)
            self._audience.expect_size(sizeless=not self._tap.own)  # our own has its size from its start on
            self.input.open_soon()
            self._answer()
            self._listen(stream)

    async def take_up(self, container: str, *, handed_over: bool) -> None:
        """Listen to a container that runs, and mend the gap since it was listened to. Raises EngineError.

        `handed_over`: by a keeper that ended orderly just now, and journaled all that it had read.
        """
        async with self._holding:
            if self.alive and self._container == container:
                return
            self.let_go()
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

    async def recall(self) -> None:
        """Have the screen with which an agent ended under an earlier keeper; where nothing is journaled, what
        the engine has logged of what has ended.
        """
        self._kept.remember()
        if self._container:
            return
        try:
            container = await self._tap.last(self._name)
        except EngineError as error:
            _log.info("%s: %s", self._name, error)
            return
        log = await self._read_log(container, 0.0) if container else None
        if log and not self._container:  # nor has it been held meanwhile
            self._kept.show_log(log)

    def _take_next(self, container: str) -> Stream | None:
        """What was opened when a container ended, if it is this one; closed if it is not."""
        stream, self._next = self._next, None
        if stream is not None and (stream.closed or self._container != container):
            stream.close()
            return None
        if stream is not None:
            stream.pause()
        return stream

    async def _mend(self, container: str, stream: Stream, handed_over: bool) -> None:
        kept, stayed = self._kept, bool(self._container)  # it was this keeper that listened before
        kept.remember()
        await self._audience.meet(container)
        await self._forget_former_program()
        log = await self._read_log(container, kept.heard - LOG_SLACK)
        live = await _arrived(stream)
        found = missed(bytes(kept.known), log, live) if log is not None else None
        proven = handed_over and log is not None and is_whole(bytes(kept.known), log, live)
        await kept.begin_file()
        self.input.open_soon()
        now = time.time()
        kept.note_gap(now, found)
        # Of a full screen the log shows nothing, else all but a line that is still unfinished.
        is_shown = stayed or not (found or kept.terminal.modes.alternate_screen)
        is_complete = not kept.heard or proven or (found is not None and is_shown)
        self._remarks.say_gap("" if is_complete else remark(now - kept.heard))
        if found:
            await self._take_missed(found, now)
        self._answer()
        self._take(live)
        self._listen(stream)
        if kept.terminal.modes.alternate_screen and self._audience.knows_size:
            await self._audience.nudge()

    async def _take_missed(self, data: bytes, now: float) -> None:
        """What was printed while nobody listened; what it asks is answered if the program still waits."""
        heard = self._kept.heard
        began = await self._tap.began(self._container) if now - heard > SOON and heard else 0.0
        self._kept.terminal.muted = self._audience.foreign or now - max(heard, began) > SOON
        self._take(data)
        self._kept.backlog.flush()

    async def _go_on(self, container: str, stream: Stream) -> None:
        """Nothing is missed: what was printed meanwhile waits in the terminal, or has just been read."""
        self._kept.remember()
        is_known = self._container == container
        rest = self._kept.rest() if is_known else b""
        if not is_known:
            self._kept.become(container, await self._tap.size(container) or GUESSED)
        self._answer()
        self._take(rest)  # before it is nowhere but in our memory
        await self._kept.begin_file()
        self._listen(stream)
        if not is_known:
            await self._audience.nudge()  # what it has printed before is not known any more

    async def _forget_former_program(self) -> None:
        """What it reported is not said of one that has been started in its container since."""
        has_records = self._kept.terminal.status != NO_STATUS
        if has_records and await self._tap.began(self._container) > self._kept.heard:
            self._kept.forget_program()

    async def _read_log(self, container: str, since: float) -> bytes | None:
        try:
            return await self._tap.log(container, max(since, 0.0))
        except EngineError as error:
            _log.info("%s: %s", self._name, error)
            return None

    def _answer(self) -> None:
        """From here on the program hears what it asks, unless another user's keeper tells it."""
        self._kept.terminal.muted = self._audience.foreign

    def _listen(self, stream: Stream) -> None:
        self._stream = stream
        if self._tap.own:
            self._kept.begin_reading()
            self._tap.read_with(self._container, self._kept.read)
        if stream.closed:
            self._lost()
            return
        self._on_change()
        stream.listen(self._take, self._lost, on_sent=self.input.sent)
        if self._tap.own:
            self.input.use(stream)
        stream.resume()

    def let_go(self) -> None:
        """Listen no more; the program goes on."""
        self._kept.backlog.flush()
        self.input.close()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _take(self, data: bytes) -> None:
        """Watchers first: a human waits there."""
        if not data:
            return
        for watcher in self._audience.watchers:
            watcher.send_output(data)
        self._kept.take(data)
        if self._kept.backlog.is_full and self._stream is not None:
            self._stream.pause()

    # -- the program's end --------------------------------------------------------------------------------

    def _lost(self) -> None:
        """The program has ended, or the engine has gone: nobody waits for an answer any more."""
        self._kept.lose_program()
        self.input.close()
        self._stream = None
        self._on_change()
        for watcher in list(self._audience.watchers):
            watcher.send_end()
        if self._watching_over is not None:
            self._watching_over.cancel()
        self._watching_over = asyncio.get_running_loop().create_task(self._find_out())

    async def _find_out(self) -> None:
        """Whether it has ended; listen again if it goes on, or is started again."""
        async with self._holding:  # at once: what a program asks first is in no log
            if not self.alive:
                self._next = await self._tap.open_ended(self._container)
        pause, ended = RETRY_FIRST, False
        while not self.alive:
            try:
                code = await self._tap.ending(self._container)
                if code is None:
                    await self.take_up(self._container, handed_over=False)
                    self._have_size_again()
                elif not ended:
                    self._ended(code)
                    ended = True
                if code is not None and (code < 0 or self._tap.own):
                    break
            except EngineError as error:
                _log.info("%s: %s", self._name, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, ENDED_MOST if ended else RETRY_MOST)
        if not self.alive:
            self._take_next("")

    def _ended(self, code: int) -> None:
        self._kept.end_program(code)
        self._tap.done(self._container)
        if self._next is not None:
            self._next.listen(self._started_again, self._forget_next)

    def _started_again(self, data: bytes) -> None:
        """The ended container's first output: its program is another one."""
        stream, self._next = self._next, None
        if stream is None:
            return
        self._kept.forget_program()
        self._kept.begin_program()
        self._audience.expect_size(sizeless=True)
        self.input.open_soon()
        self._answer()
        self._listen(stream)
        self._take(data)
        self._have_size_again()

    def _have_size_again(self) -> None:
        """A container that is started again has forgotten its terminal's size."""
        if not self._audience.foreign:
            self._audience.give_size()

    def _forget_next(self) -> None:
        self._next = None


async def _arrived(stream: Stream) -> bytes:
    """What the stream has for us already."""
    parts: list[bytes] = []
    stream.listen(parts.append, lambda: None)
    stream.resume()
    await asyncio.sleep(EARLY_PATIENCE)
    stream.pause()
    return b"".join(parts)
