"""Agents as people hold them, through a keeper of the test's own, beside a witness that never leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from qms_tui.agents import Agent, AgentEvent, AgentState, Asked, Reshaped
from qms_tui.config import AgentConfig, Config
from qms_tui.keeper.client import KeeperClient
from qms_tui.keeper.journal.reader import read_entries, read_segments
from qms_tui.keeper.journal.records import Fact
from qms_tui.keeper.paths import agent_folder
from qms_tui.keeper.runtime import KeptRuntime
from qms_tui.project import Project
from qms_tui.runtime import Size
from qms_tui.runtime.docker import DockerRuntime, connect
from qms_tui.runtime.docker.attachment import Direction, Opened, open_socket
from qms_tui.runtime.docker.runtime import Reached
from qms_tui.runtime.stream import Stream
from qms_tui.terminal import Cursor, Modes, Run, Terminal, TerminalEvent

from .engine import ANSWER_SECONDS

SIZE = Size(80, 24)
SCROLLBACK = 5000
QUIET = 0.3  # seconds without output after which a program that waits for a key has said all
Held = TypeVar("Held")


@dataclass(frozen=True)
class Frozen:
    """Everything of a terminal that a human or a program can find out."""

    display: tuple[str, ...]
    styled: tuple[tuple[Run, ...], ...]
    history: tuple[tuple[Run, ...], ...]
    wrapped: tuple[bool, ...]
    cursor: Cursor
    modes: Modes
    title: str
    synchronized: bool
    drawn: bytes
    """What makes another terminal go on alike: margins, tabs, saved cursors, an unfinished sequence."""

    @classmethod
    def of(cls, terminal: Terminal) -> Frozen:
        rows = range(-terminal.history_length, terminal.lines)
        return cls(
            tuple(terminal.display),
            tuple(terminal.styled(y) for y in rows if y >= 0),
            tuple(terminal.styled(y) for y in rows if y < 0),
            tuple(terminal.is_wrapped(y) for y in rows),
            terminal.cursor,
            terminal.modes,
            terminal.title,
            terminal.synchronized,
            terminal.drawn(),
        )

    @property
    def shown(self) -> tuple[object, ...]:
        """What a human sees."""
        return self.styled, self.history, self.cursor, self.modes, self.title

    def differences(self, other: Frozen) -> list[str]:
        """What differs, for a human; empty if both are the same."""
        found = []
        for name, mine in vars(self).items():
            theirs = getattr(other, name)
            if mine != theirs:
                found.append(f"{name}: {_first_difference(mine, theirs)}")
        return found


def _first_difference(mine: object, theirs: object) -> str:
    if not isinstance(mine, tuple) or not isinstance(theirs, tuple) or len(mine) != len(theirs):
        lengths = [len(side) for side in (mine, theirs) if isinstance(side, tuple)]
        return f"{lengths or ''} {mine!r:.600} != {theirs!r:.600}"
    number = next(n for n, pair in enumerate(zip(mine, theirs, strict=True)) if pair[0] != pair[1])
    return f"first in {number}: {mine[number]!r:.600} != {theirs[number]!r:.600}"


class Shown:
    """A terminal in a test's hands; `news` is set with every output."""

    def __init__(self) -> None:
        self.news = asyncio.Event()

    def screen(self) -> Terminal:
        raise NotImplementedError

    async def wait(self, holds: Callable[[], bool], what: str, within: float = ANSWER_SECONDS) -> None:
        """Wait for a condition that output can bring about."""
        try:
            async with asyncio.timeout(within):
                while not holds():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            shown = "\n".join(self.screen().display)
            raise AssertionError(f"waited too long for {what}; shown:\n{shown}") from None

    async def expect(self, text: str, within: float = ANSWER_SECONDS) -> None:
        """Wait for a text on the screen."""
        await self.wait(lambda: text in "\n".join(self.screen().display), repr(text), within)

    async def settle(self, text: str = "", within: float = ANSWER_SECONDS) -> Frozen:
        """Wait for a text and until no more output comes; how the terminal is then."""
        await self.expect(text, within)
        async with asyncio.timeout(within):
            with suppress(TimeoutError):
                while True:
                    self.news.clear()
                    await asyncio.wait_for(self.news.wait(), QUIET)
        return Frozen.of(self.screen())


class Witness(Shown):
    """The never-left client: attached to the engine itself before the start, with a terminal of its own."""

    def __init__(self, opened: Opened, *, feeding: bool = True) -> None:
        super().__init__()
        self.terminal = Terminal(SIZE.columns, SIZE.lines, scrollback=SCROLLBACK)
        self.terminal.muted = True
        self.received = 0
        self.ended = False
        self._feeding = feeding
        self._stream = Stream(opened.channel, early=opened.early, on_close=opened.free)
        self._stream.listen(self._take, self._end)

    def screen(self) -> Terminal:
        return self.terminal

    def close(self) -> None:
        self._stream.close()

    def _take(self, data: bytes) -> None:
        self.received += len(data)
        if self._feeding:
            self.terminal.feed(data)
            self.terminal.take_events()
        self.news.set()

    def _end(self) -> None:
        self.ended = True
        self.news.set()


class WatchedRuntime(DockerRuntime):
    """Attaches a witness to whatever is started, before its first byte."""

    opened: Opened

    async def launch(self, agent: str, hold: Callable[[str], Held]) -> Reached[Held]:  # type: ignore[override]
        def both(container: str) -> Held:
            self.opened = open_socket(self._api, container, Direction.OUTPUT)
            return hold(container)

        return await super().launch(agent, both)  # type: ignore[type-var]


class Client(Shown):
    """One interface's agent, with its events and what it showed first."""

    def __init__(self, name: str, runtime: KeptRuntime, docker: WatchedRuntime) -> None:
        super().__init__()
        self.docker = docker
        self.asked: list[TerminalEvent] = []
        self.states: list[AgentState] = []
        self.restored: list[Frozen] = []
        """The terminal each time that it was restored."""
        self.seconds = 0.0
        """From asking until the terminal was there first."""
        self._began = 0.0
        self._runtime = runtime
        self.agent = Agent(name, runtime, SIZE, self._hear, scrollback=SCROLLBACK)
        self._terminal = self.agent.terminal

    def screen(self) -> Terminal:
        return self.agent.terminal

    async def start(self) -> Witness:
        """Make the container, with a witness."""
        self.agent.open()
        await self.agent.settled()
        assert self.agent.state is AgentState.RUNNING, self.agent.trouble
        return Witness(self.docker.opened)

    async def come_back(self) -> Frozen:
        """Attach to what runs; the terminal as it is shown first."""
        self._began = time.perf_counter()
        self.agent.open()
        await self.wait(lambda: bool(self.restored), "the terminal")
        return self.restored[0]

    async def close(self) -> None:
        await self.agent.close()
        await self._runtime.close()

    def type(self, keys: bytes) -> None:
        self.agent.send(keys)

    def _hear(self, agent: Agent, event: AgentEvent) -> None:
        if isinstance(event, Asked):
            self.asked.append(event.event)
        elif isinstance(event, Reshaped) and self.agent.terminal is not self._terminal:
            self._terminal = self.agent.terminal
            self.seconds = self.seconds or time.perf_counter() - self._began
            self.restored.append(Frozen.of(self._terminal))
        elif not self.states or self.states[-1] is not agent.state:
            self.states.append(agent.state)
        self.news.set()


class House:
    """A project with a keeper of its own."""

    def __init__(self, root: Path, image: str) -> None:
        self.root = root
        self._image = image
        self._engine = ""
        self._clients: list[Client] = []
        self._witnesses: list[Witness] = []

    def client(self, name: str, host: str | None = None, **agent: Any) -> Client:
        """An interface that has not asked for anything yet; `host` is its way to the engine."""
        config = Config(every_agent=AgentConfig(**{"image": self._image, **agent}))
        docker = WatchedRuntime(connect(host), Project(self.root), config, {})
        client = Client(name, KeptRuntime(docker, self.keeper()), docker)
        self._clients.append(client)
        return client

    async def start(self, name: str, *command: str, **agent: Any) -> tuple[Client, Witness]:
        """An agent that runs this, held by a client and a witness."""
        client = self.client(name, command=command, **agent)
        witness = await client.start()
        self._witnesses.append(witness)
        return client, witness

    def keeper(self) -> KeeperClient:
        """A way to the keeper."""
        if not self._engine:
            engine = connect()
            self._engine = engine.host
            engine.close()
        return KeeperClient(self.root, self._engine, ("--scrollback", str(SCROLLBACK)))

    def kill_keeper(self) -> None:
        """As an out-of-memory killer does."""
        status = self.keeper().status()
        assert status is not None, "no keeper runs"
        os.kill(status["pid"], signal.SIGKILL)

    def journal(self, name: str) -> list[Fact]:
        """Everything in an agent's journal."""
        self.keeper()
        folder = agent_folder(self.root, self._engine, name)
        return [entry.fact for entry in read_entries(read_segments(folder))]

    async def leave(self) -> None:
        """Every client and witness goes; the keeper and the agents stay."""
        for witness in self._witnesses:
            witness.close()
        for client in self._clients:
            await client.close()
        self._witnesses.clear()
        self._clients.clear()

    def end(self) -> None:
        """The keeper goes."""
        self.keeper().stop()
