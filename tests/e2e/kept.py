"""Agents as people hold them, through a keeper of the test's own, beside a witness that never leaves."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import docker
import pytest

import qms_tui
from qms_tui.config import AgentConfig, BuildConfig, Config
from qms_tui.core import Agent, AgentState
from qms_tui.core.events import AgentEvent, Notice
from qms_tui.daemon import mapping
from qms_tui.ipc.stream import Stream
from qms_tui.keeper.client import KeeperClient
from qms_tui.keeper.journal.reader import read_entries, read_segments
from qms_tui.keeper.journal.records import Fact
from qms_tui.keeper.paths import agent_folder
from qms_tui.keeper.replies import RGB, write_palette
from qms_tui.keeper.runtime import KeptRuntime
from qms_tui.project import Project
from qms_tui.runtime import Size
from qms_tui.runtime.base import Closing, Opened, Reached
from qms_tui.runtime.docker import DockerRuntime, connect
from qms_tui.runtime.docker.attachment import Direction, open_socket
from qms_tui.terminal import Terminal, TerminalEvent
from qms_tui.ui.terminals.events import Asked, LinkEvent, Reshaped, Warned
from qms_tui.ui.terminals.terminals import Terminals
from qms_tui.ui.whereabouts import whereabouts

from . import engine as engines
from . import project as projects
from .shown import Frozen, Shown

SIZE = Size(80, 24)
SCROLLBACK = 5000
FLOOD_LINE = 50  # bytes, see acts.py
FLOOD_SECONDS = 100.0
Held = TypeVar("Held", bound=Closing)


class Witness(Shown):
    """The never-left client: attached to the engine itself before the start, with a terminal of its own."""

    def __init__(self, opened: Opened, *, feeding: bool = True) -> None:
        super().__init__()
        self.terminal = Terminal(SIZE.columns, SIZE.lines, scrollback=SCROLLBACK)
        self.terminal.muted = True
        self.received = 0
        self.ended = False
        self.states: list[Frozen] | None = None
        """How the terminal was after each output, once there is a list for it."""
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
        if self.states is not None:
            self.states.append(Frozen.of(self.terminal))
        self.news.set()

    def _end(self) -> None:
        self.ended = True
        self.news.set()


class WatchedRuntime(DockerRuntime):
    """Attaches a witness to whatever is started, before its first byte."""

    opened: Opened

    async def launch(self, agent: str, hold: Callable[[str], Held], *, fresh: bool = False) -> Reached[Held]:
        def both(container: str) -> Held:
            self.opened = open_socket(self._api, container, Direction.OUTPUT)
            try:
                return hold(container)
            except BaseException:
                self.opened.free()
                raise

        return await super().launch(agent, both, fresh=fresh)

    def free_witness(self) -> None:
        """Let go of the witness's connection, whether a witness has taken it or not."""
        if hasattr(self, "opened"):
            self.opened.free()


class Client(Shown):
    """One interface's agent, with its events and what it showed first."""

    def __init__(self, name: str, runtime: KeptRuntime, docker: WatchedRuntime, terminals: Terminals) -> None:
        super().__init__()
        self.docker = docker
        self.asked: list[TerminalEvent] = []
        self.states: list[AgentState] = []
        self.notices: list[str] = []
        self.restored: list[Frozen] = []
        """The terminal each time that it was restored."""
        self.seconds = 0.0
        """From asking until the terminal was there first."""
        self._began = 0.0
        self._runtime = runtime
        self.agent = Agent(name, runtime, self._hear, size=SIZE)
        self._terminals, self.link = terminals, terminals.link(name)
        self._terminal = self.link.terminal

    def screen(self) -> Terminal:
        return self.link.terminal

    @property
    def remark(self) -> str:
        """What its pane says of it."""
        return self.link.remark or self.agent.view.remark

    async def start(self, *, feeding: bool = True) -> Witness:
        """Make the container, with a witness."""
        self.agent.open()
        await self.agent.settled()
        assert self.agent.state is AgentState.RUNNING, self.agent.view.trouble
        return Witness(self.docker.opened, feeding=feeding)

    def open(self) -> None:
        """Ask for the agent."""
        self._began = time.perf_counter()
        self.agent.open()

    async def come_back(self) -> Frozen:
        """Attach to what runs; the terminal as it is shown first."""
        self.open()
        return await self.comes_again(1)

    async def comes_again(self, number: int) -> Frozen:
        """Wait until the terminal has been restored so many times; how it was then first."""
        await self.wait(lambda: len(self.restored) >= number, f"the terminal, restored {number} times")
        return self.restored[number - 1]

    async def close(self) -> None:
        self._terminals.close()
        await self.agent.close()
        await self._runtime.close()

    def type(self, keys: bytes) -> None:
        self.link.send(keys)

    def show_colors(self, colors: Mapping[int, RGB]) -> None:
        """Those of its screen."""
        self._runtime.show_colors(colors)
        self._terminals._palette = write_palette(colors)

    def drop(self) -> None:
        """Its connection to the keeper breaks."""
        assert self.link.attachment is not None
        self.link.attachment._stream._gone()

    def _hear(self, agent: Agent, event: AgentEvent) -> None:
        self.link.follow(whereabouts(mapping.agent(agent.view)))
        if isinstance(event, Notice):
            self.notices.append(event.text)
        elif not self.states or self.states[-1] is not agent.state:
            self.states.append(agent.state)
        self.news.set()

    def hear_of_terminal(self, event: LinkEvent) -> None:
        """What happened in one of the interface's terminals, or to all."""
        if isinstance(event, Warned):
            self.notices.append(event.text)
        elif event.agent != self.link.agent:
            return
        elif isinstance(event, Asked):
            self.asked.append(event.event)
        elif isinstance(event, Reshaped) and self.link.terminal is not self._terminal:
            self._terminal = self.link.terminal
            self.seconds = self.seconds or time.perf_counter() - self._began
            self.restored.append(Frozen.of(self._terminal))
        self.news.set()


class House:
    """A project with a keeper of its own."""

    def __init__(self, root: Path, image: str, host: str | None = None) -> None:
        """`host` is the engine's address, if it is not the one that everybody gets."""
        self.root = root
        self.build = BuildConfig()
        """What an agent's image is built of, when it is built anew."""
        self._host = host
        self._image = image
        self._engine = ""
        self._clients: list[Client] = []
        self._runtimes: list[WatchedRuntime] = []
        self._witnesses: list[Witness] = []

    def client(self, name: str, host: str | None = None, **agent: Any) -> Client:
        """An interface that has not asked for anything yet; `host` is its way to the engine."""
        return self.clients(name, host=host, **agent)[0]

    def clients(self, *names: str, host: str | None = None, **agent: Any) -> list[Client]:
        """One interface with several agents, the first one in focus."""
        config = Config(every_agent=AgentConfig(**{"image": self._image, **agent}), build=self.build)
        docker = WatchedRuntime(connect(host or self._host), Project(self.root), config, {})
        client = self.keeper()
        runtime = KeptRuntime(docker, client)
        made: list[Client] = []

        def tell(event: LinkEvent) -> None:
            for client in made:
                client.hear_of_terminal(event)

        terminals = Terminals(tell, scrollback=SCROLLBACK, size=SIZE)
        terminals._who = client._interface, client._name  # what is typed here is for this one to decide
        made += [Client(name, runtime, docker, terminals) for name in names]
        made[0].link.focus(True)
        self._clients += made
        self._runtimes.append(docker)
        return made

    async def start(
        self, name: str, *command: str, feeding: bool = True, **agent: Any
    ) -> tuple[Client, Witness]:
        """An agent that runs this, held by a client and a witness."""
        client = self.client(name, command=command, **agent)
        witness = await client.start(feeding=feeding)
        self._witnesses.append(witness)
        return client, witness

    async def flooded(self, name: str, megabytes: int) -> None:
        """An agent that printed so much after its only interface had gone."""
        act = ("/usr/bin/python3", "/etc/acts.py", "flood", str(megabytes))
        client, witness = await self.start(name, *act, feeding=False)
        await client.expect("ready")
        client.type(b"g")
        await client.close()
        size = megabytes * 1_000_000
        await witness.wait(lambda: witness.received > size, "the flood", FLOOD_SECONDS)

    def keeper(self) -> KeeperClient:
        """A way to the keeper."""
        if not self._engine:
            engine = connect(self._host)
            self._engine = engine.host
            engine.close()
        setting = ("--engine-setting", self._host) if self._host else ()
        return KeeperClient(self.root, self._engine, ("--scrollback", str(SCROLLBACK), *setting))

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

    async def let_go(self, client: Client) -> None:
        """One client goes, for good."""
        self._clients.remove(client)
        await client.close()

    async def leave(self) -> None:
        """Every client and witness goes; the keeper and the agents stay."""
        for witness in self._witnesses:
            witness.close()
        for client in self._clients:
            await client.close()
        for runtime in self._runtimes:
            runtime.free_witness()
        self._witnesses.clear()
        self._clients.clear()
        self._runtimes.clear()

    def clear(self, engine: docker.APIClient) -> None:
        """Its containers go."""
        for row in engine.containers(all=True, filters={"label": f"{engines.PROJECT_LABEL}={self.root}"}):
            engines.remove_container(engine, row["Id"])

    def end(self) -> None:
        """The keeper goes."""
        self.keeper().stop()


@contextmanager
def house(engine: docker.APIClient, image: str, folder: Path, host: str | None = None) -> Iterator[House]:
    """A new project in `folder`, whose keeper is found by this process and those that it starts."""
    root = folder / "project"
    root.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("PYTHONPATH", str(Path(qms_tui.__file__).parents[1]))
        made = House(projects.make_qms_project(root), image, host)
        try:
            yield made
        finally:
            try:
                made.end()
            finally:
                engines.remove_project(engine, str(root))
