"""The keeper: holds every agent of one project, for the interfaces that come and go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qms_tui import __version__
from qms_tui.errors import EngineError, KeeperError, QmsTuiError, UsageError
from qms_tui.keeper.backlog import Slices
from qms_tui.keeper.guest import Guest
from qms_tui.keeper.held import HeldAgent
from qms_tui.keeper.paths import SOCKET
from qms_tui.keeper.programs import encoded
from qms_tui.keeper.protocol import NEWER_HOLDS, OPEN_AGAIN, PROTOCOL, Hello, Want
from qms_tui.keeper.replies import Palette
from qms_tui.keeper.turns import Turns
from qms_tui.keeper.watch import Watch
from qms_tui.keeper.watcher import ANOTHER_USER
from qms_tui.project import AGENT_NAME
from qms_tui.runtime import Size
from qms_tui.runtime.base import TerminalSource

if TYPE_CHECKING:
    from qms_tui.keeper.disk.watch import DiskWatch
    from qms_tui.keeper.gateway import GatewayProcess

_log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between looks whether the files are still there
MOST_COMPLAINTS = 1000  # about guests, of which the log has one
LONELY = 30.0  # seconds without agents and interfaces after which the keeper ends by itself
_FOLLOWING = (Want.ATTACH, Want.LAST)
_OF_ONE_AGENT = (*_FOLLOWING, Want.HOLD, Want.TAKE_UP)


class Keeper:
    """Serves on one socket until it is told to stop, or nobody needs it any more."""

    def __init__(
        self,
        folder: Path,
        tap: TerminalSource,
        scrollback: int,
        gateway: GatewayProcess | None = None,
        disk: DiskWatch | None = None,
        *,
        takes_over: bool = False,
    ) -> None:
        """`folder` is the project's state folder, in which the journals are.

        Containers have a gateway to MCP servers, and limits on disk; programs of this machine have neither.
        `takes_over`: from an older keeper, which has ended orderly when we run.
        """
        self._gateway, self._disk, self._takes_over = gateway, disk, takes_over
        self._folder = folder
        self._tap = tap
        self._scrollback = scrollback
        self._slices, self._turns, self._palette = Slices(), Turns(), Palette()
        self.agents: dict[str, HeldAgent] = {}
        self._guests: list[Guest] = []
        self._watches: list[Watch] = []
        self._typed: dict[str, int] = {}  # by interface: the order in which they were typed into
        self._count = 0
        self._complaints = 0
        self._stopped, self._has_looked = asyncio.Event(), asyncio.Event()

    async def run(self, address: Path, ready: Callable[[], None]) -> None:
        """Hold what runs, serve, until stopped; `ready` is called when interfaces may come.

        `address` is that of the socket in our folder, short enough to bind. It need not last.
        """
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(self._new_guest, str(address))
        try:
            ready()
            await self._take_up_all()
            self._has_looked.set()
            watching = [loop.create_task(each) for each in (self._watch_over(), self._watch_files())]
            if self._disk is not None:
                disk = self._disk.run(lambda: self._has_agents, self._say_disk)
                watching.append(loop.create_task(disk))
            await self._stopped.wait()
            for task in watching:
                task.cancel()
            await asyncio.wait(watching)
        finally:
            server.close()
            for guest in self._guests:
                guest.close()
            for agent in self.agents.values():
                agent.close()
            self._tap.close()
            if self._gateway is not None:
                await self._gateway.close()

    def stop(self) -> None:
        """End; the agents go on."""
        self._stopped.set()

    def _new_guest(self) -> Guest:
        self._count += 1
        guest = Guest(self, self._count)
        self._guests.append(guest)
        return guest

    # -- what guests ask for ------------------------------------------------------------------------------

    async def receive(self, guest: Guest, hello: Hello) -> dict[str, Any]:
        """Give the guest what it came for. An older one would not understand it, or would end us to have a
        keeper of its own, which the next one of our own would have to end in turn.
        """
        if hello.want == Want.STOP:
            self.stop()
        elif hello.protocol < PROTOCOL:
            raise KeeperError(NEWER_HOLDS, OPEN_AGAIN)
        elif hello.want in _OF_ONE_AGENT:
            if not AGENT_NAME.fullmatch(hello.agent):
                raise UsageError(f"{hello.agent!r} is no agent's name", hint="see: qms-tui ps")
            agent = await self._prepared(hello)
            if hello.want in _FOLLOWING:
                guest.agent = agent
            elif hello.want == Want.HOLD:
                guest.started = agent
        return self._status() | (self._programs() if hello.want == Want.PROGRAMS else {})

    async def _prepared(self, hello: Hello) -> HeldAgent:
        agent = self._agent(hello.agent)
        if hello.want == Want.HOLD:
            self._serve(hello.agent)
            self._palette.take(hello.palette)
            await agent.hold(hello.container, Size(hello.columns, hello.lines))
        elif hello.want == Want.TAKE_UP:
            await self._take_up(agent, hello.container)
        elif hello.want == Want.ATTACH:
            await self._look_round()
            await agent.settled()
            if not (agent.alive and agent.container == hello.container):
                raise UsageError(f"{agent.name} is not held", hint="start it, or wait until it is")
        else:
            await self._recall(agent)
        return agent

    async def _recall(self, agent: HeldAgent) -> None:
        """What our own terminals still have of programs that have ended is read first."""
        if self._tap.own:
            await self._look_round()
        await agent.recall()

    async def _look_round(self) -> None:
        """Wait until what ran when we began is held."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self._has_looked.wait()

    def _serve(self, agent: str) -> None:
        if self._gateway is not None:
            self._gateway.serve(agent)

    def lead(self, guest: Guest) -> None:
        """A human types into this interface: it leads wherever it is shown."""
        self._typed[guest.hello.interface] = max(self._typed.values(), default=0) + 1
        for agent in self.agents.values():
            agent.choose_leader()

    def rank(self, guest: Guest) -> tuple[int, int]:
        """Typed into last before all, else who came first."""
        return self._typed.get(guest.hello.interface, 0), -guest.number

    def complain(self, text: str) -> None:
        """Say the first of many in the log, then each thousandth: an agent must not fill it."""
        if self._complaints % MOST_COMPLAINTS == 0:
            _log.warning("a guest was turned away: %s (%d before)", text, self._complaints)
        self._complaints += 1

    def watch(self, guest: Guest) -> Watch:
        """The guest hears of all agents from now on."""
        watch = Watch(self, guest.interface, guest.send)
        self._watches.append(watch)
        self._have_leaders_told()
        return watch

    def leader_for(self, watch: Watch, agent: HeldAgent) -> dict[str, Any]:
        """Whoever is typed into decides also by itself; without a watch of its own, the one that came first.

        Nobody here decides about another user's agent.
        """
        leader = agent.leader
        if leader is None and agent.foreign:
            return {"ours": False, "name": ANOTHER_USER}
        of_leader = [each for each in self._watches if leader and each.interface == leader.interface]
        first = next(iter(of_leader or self._watches), None)
        return {"ours": first is watch, "name": leader.name if leader else ""}

    def _have_leaders_told(self) -> None:
        for agent in self.agents:
            self._tell(agent, "leader")

    def _tell(self, agent: str, fact: str) -> None:
        for watch in self._watches:
            watch.changed(agent, fact)

    def _note(self, agent: str, text: str, *, holds: bool, again: bool) -> None:
        for watch in self._watches:
            watch.note(agent, text, holds=holds, again=again)

    def leave(self, guest: Guest) -> None:
        """The guest has gone."""
        self._guests.remove(guest)
        if guest.watch in self._watches:
            self._watches.remove(guest.watch)
            self._have_leaders_told()
        if not any(each.hello.interface == guest.hello.interface for each in self._guests):
            self._typed.pop(guest.hello.interface, None)

    def _status(self) -> dict[str, Any]:
        return {
            "protocol": PROTOCOL,
            "version": __version__,
            "pid": os.getpid(),
            "agents": {
                name: {
                    "container": agent.container,
                    "held": agent.alive,
                    "watchers": agent.watchers,
                    "trouble": agent.trouble,
                }
                for name, agent in self.agents.items()
            },
        }

    def _programs(self) -> dict[str, Any]:
        """What programs that run report of themselves, by their containers."""
        running = (agent for agent in self.agents.values() if agent.alive)
        return {"programs": {agent.container: encoded(agent.terminal.status) for agent in running}}

    # -- agents -------------------------------------------------------------------------------------------

    def _agent(self, name: str) -> HeldAgent:
        if name not in self.agents:
            self.agents[name] = HeldAgent(
                name,
                self._tap,
                self._folder / name,
                self._scrollback,
                self._slices,
                self._turns,
                self._palette,
                self._tell,
                self._note,
            )
        return self.agents[name]

    async def _take_up_all(self) -> None:
        """Hold every agent that runs already: an earlier keeper was killed."""
        try:
            running = await self._tap.running()
        except EngineError as error:
            _log.warning("%s", error)
            return
        ours = ((name, container) for name, container in running.items() if AGENT_NAME.fullmatch(name))
        await asyncio.gather(*(self._try_to_take_up(name, container) for name, container in ours))

    async def _try_to_take_up(self, name: str, container: str) -> None:
        try:
            await self._take_up(self._agent(name), container)
        except QmsTuiError as error:
            _log.warning("%s: %s", name, error)

    async def _take_up(self, agent: HeldAgent, container: str) -> None:
        """Hold what runs. Another user's agent has its MCP servers from that user's gateway."""
        is_first = not self._has_looked.is_set()
        await agent.take_up(container, handed_over=self._takes_over and is_first)
        if not agent.foreign:
            self._serve(agent.name)

    async def _watch_over(self) -> None:
        """Stop once nobody has needed us for long."""
        lonely = False
        while not (lonely and self._is_lonely):
            lonely = self._is_lonely
            await asyncio.sleep(LONELY)
        self.stop()

    async def _watch_files(self) -> None:
        """Write removed journals anew. Without a socket end: the next keeper goes on from the journals."""
        socket_path = self._folder / SOCKET
        ours = _inode(socket_path)
        while ours and _inode(socket_path) == ours:
            for agent in self.agents.values():
                agent.keep_journal()
            await asyncio.sleep(LOOK)
        _log.warning("somebody has removed %s", self._folder)
        for agent in self.agents.values():
            agent.write_journal_anew()
        self.stop()

    def _say_disk(self, name: str, text: str, new: bool) -> None:
        if name in self.agents:
            self.agents[name].say_disk(text, new=new)

    @property
    def _has_agents(self) -> bool:
        return any(agent.alive for agent in self.agents.values())

    @property
    def _is_lonely(self) -> bool:
        return not self._guests and not self._has_agents


def _inode(path: Path) -> int:
    """The number of a file; 0 if there is none."""
    try:
        return path.lstat().st_ino
    except OSError:
        return 0
