"""Containers and programs of this machine side by side: each agent runs where it was asked for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from qms_tui.config import Config, RuntimeKind
from qms_tui.errors import EngineError
from qms_tui.keeper.client import KeeperClient
from qms_tui.keeper.replies import RGB
from qms_tui.keeper.runtimes import (
    early_keeper,
    kept_runtime,
    local_processes,
    local_runtime,
)
from qms_tui.project import Project
from qms_tui.runtime import Ending, Found, HeldTerminal, Runtime, RuntimeEvent, Size, Usage
from qms_tui.runtime.base import ENGINE, EngineRuntime
from qms_tui.runtime.caller import Caller
from qms_tui.runtime.engines import engine_host, engine_runtime, inside_paths
from qms_tui.workers import Workers

CONNECT_DEADLINE = 30.0  # seconds for an engine at the other end of a slow tunnel


class Settings(Protocol):
    """What the runtimes ask of the process around them."""

    project: Project
    log_level: str
    lifeline: int

    @property
    def config(self) -> Config:
        """What holds."""

    @property
    def config_file(self) -> Path | None:
        """Read in place of the user's own."""

    def kind(self, agent: str) -> RuntimeKind:
        """Where the agent runs."""

    async def prepare_start(self, agent: str) -> Caller:
        """Have what holds read again for a start; who asks for it."""

    def caller(self, agent: str) -> Caller:
        """Who asked for the agent's last start."""


class Runtimes:
    """A Runtime. An engine, a keeper or a spawner is reached when the first agent needs it."""

    name = "project"
    outlives = True

    def __init__(self, settings: Settings, on_engine: Callable[[EngineRuntime], None]) -> None:
        """`on_engine` is called once the engine is reached."""
        self._settings, self._on_engine = settings, on_engine
        self._engine: EngineRuntime | None = None
        self._processes = local_processes(
            settings.project, settings.config, settings.log_level, settings.lifeline
        )
        self._kept: Runtime | None = None
        self._local: Runtime | None = None
        self._reaching = asyncio.Lock()
        self._colors: Mapping[int, RGB] = {}
        self._on_event: Callable[[RuntimeEvent], None] | None = None
        self._unwatch: list[Callable[[], None]] = []
        self._workers = Workers(ENGINE)

    def check_engine(self, config: Config, caller: Caller | None) -> None:
        """Raise EngineError if the caller means another engine than the one that is reached."""
        environment = caller.environment if caller is not None else os.environ
        meant = engine_host(config, environment)
        here = self._engine.host if self._engine is not None else None
        if here is None:
            here = engine_host(config)
        if meant != here:
            raise EngineError(
                f"the daemon works with the engine at {here}, and {meant} is meant here",
                hint="end what runs there first: qms-tui stop --all",
            )

    async def prepare(self, config: Config, agents: Sequence[str], caller: Caller | None) -> None:
        """Reach the engine, and begin with what these agents' containers will need.

        Raises EngineError, ImageError for an agent whose image is not there.
        """
        await self._kept_runtime(config)
        engine = self._engine
        assert engine is not None
        engine.configure(config, caller.environment if caller is not None else os.environ)
        absent = await self._workers.call(lambda: engine.check_images(agents), what="look at the images")
        engine.prepare_early(absent)

    async def prepare_local(self) -> None:
        """Begin with what programs of this machine will need."""
        processes = self._processes
        await self._workers.call(processes.start_early, what="start what holds local agents")

    async def path_inside(self, agent: str, path: str) -> str | None:
        """Where the agent sees a file of this machine; None if it does not, or gets paths as they are."""
        inside = inside_paths(self._settings.project, self._settings.config)
        if inside is None or not self.isolates(agent):
            return None
        return await self._workers.call(lambda: inside(agent, path), what=f"look for {path}")

    @property
    def remarks(self) -> Sequence[str]:
        """What the human should be told of how agents run here."""
        return self._engine.remarks if self._engine is not None else ()

    # -- what a Runtime promises ------------------------------------------------------------------------

    def show_colors(self, colors: Mapping[int, RGB]) -> None:
        """The keepers answer with them when a program asks, from the next start on."""
        self._colors = colors
        for runtime in self._reached:
            runtime.show_colors(colors)

    def isolates(self, agent: str) -> bool:
        """Whether it runs in a container."""
        return self._settings.kind(agent) is RuntimeKind.DOCKER

    def keeper(self, agent: str) -> Path | None:
        """That of containers, or that of programs of this machine, once it has been reached."""
        runtime = self._kept if self.isolates(agent) else self._local
        return runtime.keeper(agent) if runtime is not None else None

    async def find(self, agent: str) -> Found:
        """What is there of the agent."""
        return await (await self._of(agent)).find(agent)

    async def start(self, agent: str, size: Size, *, fresh: bool = False) -> HeldTerminal:
        """Start the agent with what holds now, and with the environment of whoever asks."""
        caller = await self._settings.prepare_start(agent)
        runtime = await self._of(agent)
        if runtime is self._kept and self._engine is not None:
            self._engine.configure(self._settings.config, caller.environment)
        return await runtime.start(agent, size, fresh=fresh)

    async def hold(self, agent: str) -> HeldTerminal:
        """Hold the running agent's terminal."""
        return await (await self._of(agent)).hold(agent)

    async def recall(self, agent: str) -> None:
        """Have its keeper show what has ended."""
        await (await self._of(agent)).recall(agent)

    async def ended(self, agent: str) -> Ending | None:
        """How the agent ended."""
        return await (await self._of(agent)).ended(agent)

    async def stop(self, agent: str) -> None:
        """End the agent's program."""
        await (await self._of(agent)).stop(agent)

    async def unpause(self, agent: str) -> None:
        """Let the agent's program go on."""
        await (await self._of(agent)).unpause(agent)

    async def rebuild(self, agent: str, on_step: Callable[[str], None]) -> None:
        """Build the agent's image again."""
        caller, runtime = await self._settings.prepare_start(agent), await self._of(agent)
        if runtime is self._kept and self._engine is not None:
            self._engine.configure(self._settings.config, caller.environment)
        await runtime.rebuild(agent, on_step)

    async def wake(self, agent: str, files: Sequence[str]) -> None:
        """Have the agent told of files in its inbox."""
        await (await self._of(agent)).wake(agent, files)

    async def usage(self, agent: str) -> Usage | None:
        """What the agent's program uses."""
        return await (await self._of(agent)).usage(agent)

    def watch(self, on_event: Callable[[RuntimeEvent], None]) -> Callable[[], None]:
        """Tell what happens to agents, wherever one runs."""
        self._on_event = on_event
        for runtime in self._reached:
            self._follow(runtime)
        return self._follow_no_more

    async def close(self) -> None:
        """Let go of all; agents go on."""
        self._workers.close()
        for runtime in self._reached:
            await runtime.close()

    # -- where agents run -------------------------------------------------------------------------------

    @property
    def _reached(self) -> tuple[Runtime, ...]:
        return tuple(runtime for runtime in (self._kept, self._local) if runtime is not None)

    async def _of(self, agent: str) -> Runtime:
        if self._settings.kind(agent) is RuntimeKind.LOCAL:
            return self._local or self._reach_local()
        return await self._kept_runtime(self._settings.config)

    async def _kept_runtime(self, config: Config) -> Runtime:
        if self._kept is None:
            async with self._reaching:  # one connection for all agents
                self._kept = self._kept or await self._reach_engine(config)
        return self._kept

    def _reach_local(self) -> Runtime:
        settings = self._settings
        self._local = local_runtime(
            settings.project, lambda: settings.config, self._processes, settings.caller
        )
        self._follow(self._local)
        return self._local

    async def _reach_engine(self, config: Config) -> Runtime:
        settings = self._settings

        def reach() -> tuple[EngineRuntime, KeeperClient]:
            """The keeper takes its time to start, and so does the rest: side by side."""
            keeper = early_keeper(settings.project, config, settings.log_level, settings.config_file)
            try:
                return engine_runtime(settings.project, config), keeper
            except BaseException:
                keeper.close()
                raise

        engine, keeper = await self._workers.call(
            reach,
            what="reach the engine",
            deadline=CONNECT_DEADLINE,
            undo=lambda late: late[0].let_go(),
        )
        self._engine, kept = engine, kept_runtime(engine, keeper)
        self._follow(kept)
        self._on_engine(engine)
        return kept

    def _follow(self, runtime: Runtime) -> None:
        runtime.show_colors(self._colors)
        if self._on_event is not None:
            self._unwatch.append(runtime.watch(self._on_event))

    def _follow_no_more(self) -> None:
        self._on_event = None
        for unwatch in self._unwatch:
            unwatch()
        self._unwatch.clear()
