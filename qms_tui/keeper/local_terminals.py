"""The terminals of programs of this machine, for the keeper: descriptors that the spawner hands out."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import struct
import termios
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from qms_tui.errors import EngineError, QmsTuiError
from qms_tui.ipc.stream import Stream
from qms_tui.keeper.ending import Ended, write_ending
from qms_tui.keeper.local_ending import UNKNOWN, ending_of
from qms_tui.keeper.spawner.client import Refused, SpawnerClient, Spoken
from qms_tui.keeper.spawner.request import Facts
from qms_tui.runtime import Size
from qms_tui.runtime.base import Read
from qms_tui.workers import Counterpart, Workers

_log = logging.getLogger(__name__)
T = TypeVar("T")

CLOSED_PATIENCE = (
    2.0  # seconds in which a program whose terminal has closed must have ended; then it is ended
)
_WINDOW = struct.Struct("HHHH")  # lines, columns, and pixels that nobody knows
SPAWNER = Counterpart(
    "the spawner of local agents",
    EngineError,
    "qms-tui stop --all ends it, and its agents",
    "qms-tui stop --all ends it, and its agents",
)


class TerminalChannel:
    """A terminal's descriptor as a channel, read as its owner wants."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.read: Read = os.read
        os.set_blocking(descriptor, False)

    def fileno(self) -> int:
        """The descriptor, or -1 once closed."""
        return self._descriptor

    def recv(self, size: int, /) -> bytes:
        """At most `size` bytes; b"" at the end (Linux says EIO when the last program has gone)."""
        try:
            return self.read(self._descriptor, size)
        except BlockingIOError:
            raise
        except OSError:
            return b""

    def send(self, data: memoryview, /) -> int:
        """How many bytes the terminal took."""
        return os.write(self._descriptor, data)

    def close(self) -> None:
        """Close the descriptor once."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class _LocalStream(Stream):
    """Ends with its program, also where a background job has the terminal; not before somebody listens."""

    _listens = _is_over = False

    def listen(
        self,
        on_data: Callable[[bytes], None],
        on_closed: Callable[[], None],
        on_drained: Callable[[], None] = lambda: None,
        on_sent: Callable[[int], None] = lambda size: None,
    ) -> None:
        """Begin to read, to the end if the program has ended already."""
        super().listen(on_data, on_closed, on_drained, on_sent)
        self._listens = True
        if self._is_over:
            asyncio.get_running_loop().call_soon(self.finish)

    def program_ended(self) -> None:
        """Hand out what is left, now or as soon as somebody listens."""
        self._is_over = True
        if self._listens:
            self.finish()


@dataclass(slots=True, eq=False)
class _Terminal:
    """One that is held: the connection lets the spawner know, and tells the program's end."""

    facts: Facts
    spoken: Spoken
    channel: TerminalChannel
    stream: _LocalStream
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class LocalTerminals:
    """A TerminalSource: one project's programs of this machine."""

    own = True

    def __init__(self, folder: Path, project: str) -> None:
        """`folder` is the keeper's, and the spawner's."""
        self._folder = folder
        self._spawner = SpawnerClient(folder, project)
        self._workers = Workers(SPAWNER)
        self._terminals: dict[str, _Terminal] = {}

    async def running(self) -> dict[str, str]:
        """Those that run, and those that ended while nobody read what they printed."""
        programs = await self._call(self._spawner.programs, "list local agents")
        return {agent: facts.id for agent, facts in programs.items()}

    async def last(self, agent: str) -> str | None:
        """What is to be known of it is in its journal."""
        return None

    async def open(self, program: str) -> Stream:
        """Its terminal, both ways."""
        self._release(program)
        held = await self._call(
            lambda: self._spawner.hold(program), "hold a local agent", undo=lambda late: late.close()
        )
        channel = TerminalChannel(held.descriptor)
        terminal = _Terminal(held.facts, held.spoken, channel, _LocalStream(channel))
        self._terminals[program] = terminal
        held.spoken.socket.setblocking(False)
        asyncio.get_running_loop().add_reader(held.spoken.socket, self._hear, terminal)
        if not terminal.facts.alive:
            self._end(terminal)
        return terminal.stream

    async def open_input(self, program: str) -> None:
        """Its terminal takes input."""

    async def open_ended(self, program: str) -> None:
        """None is started again: the next one is another program."""

    def read_with(self, program: str, read: Read) -> None:
        """Read from now on with that."""
        self._terminals[program].channel.read = read

    async def resize(self, program: str, size: Size) -> bool:
        """The kernel sends SIGWINCH."""
        terminal = self._terminals.get(program)
        if terminal is None or terminal.channel.fileno() < 0:
            return False
        window = _WINDOW.pack(min(size.lines, 0xFFFF), min(size.columns, 0xFFFF), 0, 0)
        with contextlib.suppress(OSError):
            fcntl.ioctl(terminal.channel.fileno(), termios.TIOCSWINSZ, window)
        return True

    async def size(self, program: str) -> Size | None:
        """As the kernel has it."""
        terminal = self._terminals.get(program)
        if terminal is None or terminal.channel.fileno() < 0:
            return None
        try:
            said = fcntl.ioctl(terminal.channel.fileno(), termios.TIOCGWINSZ, bytes(_WINDOW.size))
        except OSError:
            return None
        lines, columns, _, _ = _WINDOW.unpack(said)
        return Size(columns, lines) if lines and columns else None

    async def ending(self, program: str) -> int | None:
        """One that has closed its terminal and goes on nevertheless is ended: nobody would see it again."""
        terminal = self._terminals.get(program)
        if terminal is None:
            return -1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSED_PATIENCE):
                await terminal.ended.wait()
        if not terminal.ended.is_set():
            agent = terminal.facts.agent
            ended = await self._call(lambda: self._spawner.end(agent), "end it")
            terminal.facts = ended or terminal.facts
        code = terminal.facts.exit_code
        return -1 if code is None else code

    def done(self, program: str) -> None:
        """Keep how it ended, unless its end was asked for; then the spawner may forget it."""
        terminal = self._terminals.get(program)
        if terminal is None:
            return
        facts = terminal.facts
        if not facts.asked:
            ending = UNKNOWN if facts.alive else ending_of(facts)
            write_ending(self._folder / facts.agent, Ended(ending, facts.ended))
        with contextlib.suppress(QmsTuiError):
            terminal.spoken.say("drained")
        self._release(program)

    async def began(self, program: str) -> float:
        """By this machine's clock."""
        terminal = self._terminals.get(program)
        return terminal.facts.began if terminal is not None else 0.0

    async def log(self, program: str, since: float) -> bytes:
        """There is none."""
        return b""

    async def is_foreign(self, program: str) -> bool:
        """Nobody else could."""
        return False

    def close(self) -> None:
        """Let go; programs go on, and wait where nobody reads what they print."""
        for program in list(self._terminals):
            self._release(program)
        self._workers.close()

    def _hear(self, terminal: _Terminal) -> None:
        """It has ended, or the spawner was killed, and its programs with it."""
        messages = terminal.spoken.heard()
        if messages is not None and not messages:
            return
        for message in messages or ():
            with contextlib.suppress(KeyError, ValueError):
                terminal.facts = Facts.decode(message["program"])
        if messages is None:
            asyncio.get_running_loop().remove_reader(terminal.spoken.socket)
        if messages is None or not terminal.facts.alive:
            self._end(terminal)

    def _end(self, terminal: _Terminal) -> None:
        terminal.ended.set()
        terminal.stream.program_ended()

    def _release(self, program: str) -> None:
        terminal = self._terminals.pop(program, None)
        if terminal is not None:
            asyncio.get_running_loop().remove_reader(terminal.spoken.socket)
            terminal.spoken.close()

    async def _call(
        self, function: Callable[[], T], what: str, undo: Callable[[T], object] = lambda result: None
    ) -> T:
        def call() -> T:
            try:
                return function()
            except Refused as refused:
                raise EngineError(f"cannot {what}: {refused}", SPAWNER.hint) from refused

        try:
            return await self._workers.call(call, what=what, undo=undo)
        except EngineError:
            raise
        except QmsTuiError as error:
            raise EngineError(f"cannot {what}: {error.message}", error.hint) from error
