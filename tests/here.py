"""Agents on PTYs of this process, held by a keeper within its event loop, on real sockets.

What people use has keeper and spawner as processes of their own (tests/keeper/spawner, tests/e2e).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ptyprocess import PtyProcess

from qms_tui.ipc import reachable
from qms_tui.ipc.stream import Stream
from qms_tui.keeper.client import KEEPER, KeeperClient
from qms_tui.keeper.keeper import Keeper
from qms_tui.keeper.local_terminals import TerminalChannel, _LocalStream
from qms_tui.keeper.paths import SOCKET
from qms_tui.keeper.protocol import Want
from qms_tui.keeper.replies import write_palette
from qms_tui.keeper.watching import Watching
from qms_tui.runtime import Ending, Found, HeldTerminal, RuntimeEvent, Size, Usage
from qms_tui.runtime.base import Read
from qms_tui.workers import Workers
from tests.local_runtime import LocalRuntime

CLOSED_PATIENCE = 2.0  # seconds in which a program whose terminal has closed must have ended


@dataclass(eq=False)
class _Program:
    agent: str
    process: PtyProcess
    exit: int
    began: float
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    channel: TerminalChannel | None = None
    stream: _LocalStream | None = None


class PtySource:
    """A TerminalSource: the programs that this process has started."""

    own = True

    def __init__(self, end: Callable[[str], object]) -> None:
        self._programs: dict[str, _Program] = {}
        self._end = end

    def add(self, id: str, agent: str, process: PtyProcess) -> None:
        exit = os.pidfd_open(process.pid)
        program = self._programs[id] = _Program(agent, process, exit, time.time())
        asyncio.get_running_loop().add_reader(exit, self._ended, program)

    def _ended(self, program: _Program) -> None:
        self._forget_exit(program)
        program.ended.set()
        if program.stream is not None:
            program.stream.program_ended()

    def _forget_exit(self, program: _Program) -> None:
        descriptor, program.exit = program.exit, -1
        if descriptor >= 0:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)

    async def running(self) -> dict[str, str]:
        return {}

    async def last(self, agent: str) -> str | None:
        return None

    async def open(self, program: str) -> Stream:
        one = self._programs[program]
        one.channel = TerminalChannel(os.dup(one.process.fd))
        one.stream = _LocalStream(one.channel)
        if one.ended.is_set():
            one.stream.program_ended()
        return one.stream

    async def open_input(self, program: str) -> None: ...

    async def open_ended(self, program: str) -> None: ...

    async def resize(self, program: str, size: Size) -> bool:
        one = self._programs[program]
        if one.process.closed:
            return False
        one.process.setwinsize(size.lines, size.columns)
        return True

    async def ending(self, program: str) -> int | None:
        one = self._programs[program]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSED_PATIENCE):
                await one.ended.wait()
        if not one.ended.is_set():
            self._end(one.agent)
        return -1

    def done(self, program: str) -> None: ...

    def read_with(self, program: str, read: Read) -> None:
        channel = self._programs[program].channel
        assert channel is not None
        channel.read = read

    async def began(self, program: str) -> float:
        return self._programs[program].began

    async def log(self, program: str, since: float) -> bytes:
        return b""

    async def size(self, program: str) -> Size | None:
        lines, columns = self._programs[program].process.getwinsize()
        return Size(columns, lines)

    async def is_foreign(self, program: str) -> bool:
        return False

    def close(self) -> None:
        for program in self._programs.values():
            self._forget_exit(program)


class HereRuntime:
    """A Runtime. Its agents end with it."""

    name = "local"
    outlives = False

    def __init__(
        self,
        folder: Path,
        command: Callable[[str], Sequence[str]],
        environment: Callable[[str], Mapping[str, str]],
        resuming: Callable[[str], Sequence[str]] | None = None,
        *,
        scrollback: int = 5000,
    ) -> None:
        self.programs = LocalRuntime(folder, command, environment, resuming)
        self._place = Path(tempfile.mkdtemp(prefix="qms-here-"))
        self._workers = Workers(KEEPER)
        self.client = KeeperClient(folder, "here", folder=self._place)
        self.watching = Watching(self.client, self._workers)
        self._source = PtySource(self._end)
        self._scrollback = scrollback
        self.held: Keeper | None = None
        """The keeper, once there was something to hold."""
        self._serving: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._ids: dict[str, str] = {}
        self._count = 0
        self._ends: set[asyncio.Task[None]] = set()

    def keeper(self, agent: str) -> Path:
        return self.client.address

    def show_colors(self, colors: Mapping[int, tuple[int, int, int]]) -> None:
        self.client.palette = write_palette(colors)

    def isolates(self, agent: str) -> bool:
        return False

    async def find(self, agent: str) -> Found:
        found = await self.programs.find(agent)
        return Found(found.condition, found.ending, id=self._ids.get(agent, ""))

    async def start(self, agent: str, size: Size, *, fresh: bool = False) -> HeldTerminal:
        await self.open()
        process = await self.programs.launch(agent, size, fresh=fresh)
        self._count += 1
        id = self._ids[agent] = f"{agent}-{self._count}"
        self._source.add(id, agent, process)
        await self._tell(Want.HOLD, agent, size)
        return await self.watching.terminal(agent, id)

    async def hold(self, agent: str) -> HeldTerminal:
        await self.open()
        await self._tell(Want.TAKE_UP, agent, Size(80, 24))
        return await self.watching.terminal(agent, self._ids[agent])

    async def recall(self, agent: str) -> None:
        await self.open()

    async def open(self) -> None:
        """Have a keeper, and watch it."""
        async with self._starting:
            if self.held is None:
                await self._serve()
        await self.watching.open()

    async def _serve(self) -> None:
        ready = asyncio.Event()
        self.held = Keeper(self._place, self._source, self._scrollback)
        with reachable(self._place / SOCKET) as address:
            running = self.held.run(address, ready.set)
            self._serving = asyncio.get_running_loop().create_task(running, name="keeper")
            await ready.wait()

    async def _tell(self, want: Want, agent: str, size: Size) -> None:
        id = self._ids[agent]
        await self._workers.call(
            lambda: self.client.open(want, agent, id, size).close(), what=f"hold {agent}"
        )

    async def ended(self, agent: str) -> Ending | None:
        return await self.programs.ended(agent)

    async def stop(self, agent: str) -> None:
        await self.programs.stop(agent)

    def _end(self, agent: str) -> None:
        task = asyncio.get_running_loop().create_task(self.programs.stop(agent))
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)

    async def unpause(self, agent: str) -> None:
        await self.programs.unpause(agent)

    async def rebuild(self, agent: str, on_step: Callable[[str], None]) -> None:
        await self.programs.rebuild(agent, on_step)

    async def wake(self, agent: str, files: Sequence[str]) -> None:
        await self.programs.wake(agent, files)

    async def usage(self, agent: str) -> Usage | None:
        return await self.programs.usage(agent)

    def watch(self, on_event: Callable[[RuntimeEvent], None]) -> Callable[[], None]:
        return self.programs.watch(on_event)

    async def close(self) -> None:
        """End every agent, and their keeper; idempotent."""
        await self.programs.close()
        self.watching.close()
        await self._workers.undone(within=5.0)
        self._workers.close()
        serving, self._serving = self._serving, None
        if self.held is not None and serving is not None:
            self.held.stop()
            await serving
        shutil.rmtree(self._place, ignore_errors=True)
