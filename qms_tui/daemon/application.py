"""A project's application: its core, the server of its clients, and what both stand on."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from qms_tui import __version__
from qms_tui.api.commands import Held, Hold, Status
from qms_tui.api.errors import ApiError, ErrorCode
from qms_tui.armed import Armed
from qms_tui.config import NO_OVERRIDES, Config, Launch, Overrides, RuntimeKind, refusal
from qms_tui.core import Core
from qms_tui.core.events import CoreEvent, Notice, NoticeKind, PaneNeeded
from qms_tui.core.program import FOREIGN
from qms_tui.core.state import STARTABLE
from qms_tui.daemon import mapping, remarks
from qms_tui.daemon.beginning import Beginning
from qms_tui.daemon.callers import Callers
from qms_tui.daemon.notify_command import NotifyCommand
from qms_tui.daemon.runtimes import Runtimes
from qms_tui.daemon.server import Server
from qms_tui.daemon.settings import Reading, Wishes, read_settings
from qms_tui.errors import QmsTuiError
from qms_tui.inbox.past import Past, past_folder
from qms_tui.keeper.servers import lights
from qms_tui.mcp.lights import Standing
from qms_tui.runtime.base import EngineRuntime
from qms_tui.runtime.caller import Caller
from qms_tui.workers import DISK, Workers

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Application:
    """Within one event loop, from `start` to `close`."""

    def __init__(self, beginning: Beginning) -> None:
        self.project, self.log_level = beginning.project, beginning.log_level
        self.lifeline = beginning.lifeline
        self._wishes, self._held, self._since = beginning.wishes, beginning.held, time.time()
        self._armed_file, self._armed = beginning.armed_file, beginning.armed is not None
        self._reading = self._with_held(beginning.reading)
        self._workers = Workers(DISK)
        self._settling = asyncio.Lock()  # what holds is read, and then taken: one after the other
        self._callers = Callers()
        self._runtimes = Runtimes(self, self._engine_reached)
        self._notify = NotifyCommand(
            self.project.root,
            lambda: self.config.notify.command or (),
            lambda: self._callers.newest.environment,
            self._notify_refusal,
        )
        self._errands: set[asyncio.Task[None]] = set()
        roster = self.project.roster(self.config.agents)
        self.core = Core(
            self.project,
            self.config,
            [name for name in self._wishes.agents if name in roster],
            tuple(self.config.agents),
            self._runtimes,
            self._hear,
            past=Past(self.project.root, past_folder()),
            servers=self._look_at_servers,
            environment=lambda agent: self._callers.of(agent).environment,
            isolates=self._runtimes.isolates,
        )
        self.server = Server(self.core, self)

    def start(self) -> None:
        """Look at what was held before, which is not started by that, and serve."""
        self.core.start()
        self.core.follow_inboxes(armed=self._armed)
        for agent in self.core.agents:
            self.core.open(agent.name, start=False)
        self._say_all(self._reading.notices)

    async def close(self) -> None:
        """Let go of everything; agents go on."""
        await self.server.close()
        await self._notify.close()
        for errand in self._errands:
            errand.cancel()
        await self.core.close()
        self._workers.close()

    @property
    def is_needed(self) -> bool:
        """Whether somebody looks, an agent runs, or a policy may want to start one."""
        if self.server.clients or self.core.live:
            return True
        settings = (self.config.every_agent, *self.config.overrides.values())
        return self._armed and any(each.launch in _STARTING for each in settings)

    # -- what the runtimes ask --------------------------------------------------------------------------

    @property
    def config(self) -> Config:
        """What holds."""
        return self._reading.config

    @property
    def config_file(self) -> Path | None:
        """Read in place of the user's own."""
        return self._wishes.config_file

    def kind(self, agent: str) -> RuntimeKind:
        """Where the agent runs."""
        return self._reading.kind(agent)

    def caller(self, agent: str) -> Caller:
        """Who asked for the agent's last start."""
        return self._callers.of(agent)

    async def prepare_start(self, agent: str) -> Caller:
        """Have what holds read again for a start; who asks for it."""
        async with self._settling:
            wishes, before = self._wishes, self._reading
            self._take(await self._read(lambda: read_settings(self.project, wishes, before)))
        return self._callers.begin(agent)

    # -- what clients ask -------------------------------------------------------------------------------

    def status(self) -> Status:
        """How it does."""
        return Status(
            os.getpid(),
            __version__,
            self._since,
            self._armed,
            self._callers.newest_at,
            self.server.clients,
            tuple(agent.name for agent in self.core.agents),
        )

    def come(self, caller: Caller) -> None:
        """A client brings this environment."""
        self._callers.come(caller)

    def ask(self, agent: str, caller: Caller | None) -> None:
        """A client asks for a start."""
        self._callers.ask(agent, caller)

    async def hold(self, wish: Hold, caller: Caller | None) -> Held:
        """Arm the project, and hold these agents. Raises QmsTuiError if anything of it cannot be."""
        async with self._settling:
            return await self._hold_all(wish, caller)

    async def _hold_all(self, wish: Hold, caller: Caller | None) -> Held:
        wishes = self._wished(wish)
        reading, roster = await self._read(lambda: self._read_with_roster(wishes))
        self._check(wish.agents, reading, roster)
        contained = [name for name in wish.agents if reading.kind(name) is RuntimeKind.DOCKER]
        if contained and not wish.again:
            self._runtimes.check_engine(reading.config, caller)
            await self._runtimes.prepare(reading.config, contained, caller)
        if wish.trial:
            return Held()
        if len(contained) < len(wish.agents):
            await self._runtimes.prepare_local()
        self._wishes = wishes
        self._take(reading)
        for name in wish.agents:
            self._add(name)  # first: what policies act on beside these they open by themselves
        if self._armed or not wish.again:
            await self._arm()
        asked = remarks.Asked(self.project, self.config, wish.agents, self.kind)
        host = caller.environment if caller is not None else os.environ
        said = await self._read(lambda: remarks.of_agents(asked, host))
        for name in wish.agents:
            self._hold(name, caller, wish)
        engines = self._runtimes.remarks if contained else ()
        return Held((*reading.notices, *engines, *said, *self._said_before(wish.agents)))

    def _said_before(self, agents: Sequence[str]) -> list[str]:
        """What is told once, when it is found out, and maybe was before this client came."""
        return [FOREIGN] if any(self.core.view(name).foreign for name in agents) else []

    async def path_inside(self, agent: str, path: str) -> str | None:
        """Where the agent sees a file of this machine."""
        return await self._runtimes.path_inside(agent, path)

    async def reload(self) -> None:
        """Read again what is configured; what is broken changes nothing. Raises QmsTuiError."""
        try:
            async with self._settling:
                wishes = self._wishes
                self._take(await self._read(lambda: read_settings(self.project, wishes)))
        except QmsTuiError as error:
            self._say_all([f"the configuration stays as it was: {error.message} ({error.hint})"])
            raise

    def _wished(self, wish: Hold) -> Wishes:
        """With this wish; without options, agents that run keep theirs."""
        asked = Overrides(wish.runtime, wish.command, wish.image)
        agents = dict(self._wishes.agents)
        for name in wish.agents:
            if asked != NO_OVERRIDES or name not in self.core.live:
                agents[name] = asked
        file = Path(wish.config_file) if wish.config_file else None
        return Wishes(agents, file)

    def _read_with_roster(self, wishes: Wishes) -> tuple[Reading, Sequence[str]]:
        reading = read_settings(self.project, wishes)
        return reading, self.project.roster(reading.config.agents)

    def _check(self, names: Sequence[str], reading: Reading, roster: Sequence[str]) -> None:
        for name in names:
            if name not in roster and name not in self.core.agents:
                hint = f"there are: {', '.join(roster)}"
                raise ApiError(ErrorCode.UNKNOWN_AGENT, f"{name!r} is not one of the agents", hint)
            if name in self.core.live and reading.kind(name) is not self.kind(name):
                said = f"{name} runs {_PLACES[self.kind(name)]}"
                raise ApiError(ErrorCode.WRONG_STATE, said, f"stop it first: qms-tui stop {name}")

    def _add(self, name: str) -> None:
        if name not in self.core.agents:
            self.core.add(name)
            self.server.publisher.show(self.core.view(name))

    def _hold(self, name: str, caller: Caller | None, wish: Hold) -> None:
        if self.core.view(name).state not in STARTABLE:
            return
        self._callers.ask(name, caller)
        if wish.start:
            self.core.restart(name)
        elif wish.open:
            self.core.open(name)

    # -- what holds -------------------------------------------------------------------------------------

    async def _read(self, read: Callable[[], T]) -> T:
        return await self._workers.call(read, what="read the configuration")

    def _take(self, reading: Reading) -> None:
        """This holds from now on."""
        before, self._reading = self._reading, self._with_held(reading)
        if self.config != before.config:
            self.core.configure(self.config)
        self._say_all([text for text in reading.notices if text not in before.notices])

    def _with_held(self, reading: Reading) -> Reading:
        held = frozenset() if reading.config.trusted else self._held
        return replace(reading, config=replace(reading.config, held=held))

    # -- what is remembered -----------------------------------------------------------------------------

    async def _arm(self) -> None:
        await self._remember()
        if not self._armed:
            self._armed = True
            self.core.arm()

    async def _remember(self) -> None:
        """Who is held, and how, for a daemon that comes after us; without a disk, none will know."""
        agents = {agent.name: NO_OVERRIDES for agent in self.core.agents} | dict(self._wishes.agents)
        armed = Armed(agents, str(self._wishes.config_file or ""))
        try:
            await self._workers.call(lambda: self._armed_file.write(armed), what="remember what is held")
        except (OSError, QmsTuiError) as error:
            _log.warning("%s: %s", self._armed_file.path, error)
            self._say_all([f"what is held cannot be remembered for after a restart: {error}"])

    # -- what is told -----------------------------------------------------------------------------------

    def _hear(self, event: CoreEvent) -> None:
        self.server.hear(event)
        if isinstance(event, Notice):
            self._notify.tell(mapping.notice(event, time.time()))
        elif isinstance(event, PaneNeeded):
            self._go(self._remember())

    def _say_all(self, texts: Sequence[str]) -> None:
        for text in texts:
            self.core.notices.give(Notice(text, "warning", kind=NoticeKind.AGENT, lasting=True))

    def _engine_reached(self, engine: EngineRuntime) -> None:
        self.server.publisher.name_engine(engine.engine)

    async def _notify_refusal(self, command: Sequence[str]) -> str:
        """Why it must not run: a file of the project's that is not what was trusted, say."""
        programs = self.config.programs
        try:
            return await self._read(lambda: refusal(self.project, programs, command))
        except QmsTuiError as error:
            return error.message

    async def _look_at_servers(self) -> Standing:
        look = lights(self.project, self.config)
        return await look() if look is not None else Standing(())

    def _go(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(_logged(errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)


_STARTING = (Launch.ALWAYS_ON, Launch.AUTO_ON_TASK)
_PLACES = {RuntimeKind.DOCKER: "in a container", RuntimeKind.LOCAL: "as a program of this machine"}


async def _logged(errand: Coroutine[Any, Any, None]) -> None:
    try:
        await errand
    except QmsTuiError as error:
        _log.warning("%s", error)
