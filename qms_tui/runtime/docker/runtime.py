"""Agents in containers, for an event loop: each call to the engine in a worker, with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from docker import APIClient

from qms_tui.config import Config
from qms_tui.config.text import shown
from qms_tui.errors import ImageError, RuntimeFailure
from qms_tui.project import Owner, Project
from qms_tui.runtime.base import ENGINE, Reached, T
from qms_tui.runtime.docker import podman, selinux
from qms_tui.runtime.docker.attachment import ATTACH_DEADLINE
from qms_tui.runtime.docker.build_log import Progress, Pull, Step
from qms_tui.runtime.docker.containers import Containers
from qms_tui.runtime.docker.engine import Engine, engine_errors
from qms_tui.runtime.docker.image import build_image, configured
from qms_tui.runtime.docker.kit import INSIDE, LABEL_KIT
from qms_tui.runtime.docker.project_containers import ProjectContainers
from qms_tui.runtime.docker.pulse import Pulse
from qms_tui.runtime.docker.starting import Starter
from qms_tui.runtime.docker.stats import Stats
from qms_tui.runtime.docker.watch import Watch
from qms_tui.runtime.events import RuntimeEvent
from qms_tui.runtime.runtime import Ending, Found
from qms_tui.runtime.usage import Usage
from qms_tui.workers import Workers

R = TypeVar("R")

MOST_NAMED = 3  # files that agents cannot read, in a remark
START_DEADLINE = 60.0  # seconds for create and start, which wait for disks
NO_SOCKETS = (
    "Agents cannot reach their MCP servers: no socket can be mounted into the engine's machine. "
    'engine.mcp_listen = "127.0.0.1:7325" has them come over TCP.'
)
SOCKETS_REFUSED = (
    "Agents cannot reach their MCP servers: SELinux lets no container connect to a socket of the gateway. "
    'engine.mcp_listen = "172.17.0.1:7325", an address that containers reach, has them come over TCP.'
)
BUILD_DEADLINE = 3600.0  # seconds for an image, from slow mirrors
CLEANUP_DEADLINE = 5.0  # seconds to remove what was given up: somebody waits for the screen to close
_WAKE = ("/usr/bin/python3", "-I", "-S", f"{INSIDE}/waiter.py", "poke")


class DockerRuntime:
    """An EngineRuntime: each agent of one project in a container of its own."""

    name = "docker"

    def __init__(
        self, engine: Engine, project: Project, config: Config, host_environment: Mapping[str, str]
    ) -> None:
        """Takes over the engine; `close()` closes it."""
        self._engine = engine
        self._api: APIClient = engine.api
        self._project = project
        self._workers = Workers(ENGINE)
        self._stats = Stats(engine.api)
        self.containers = ProjectContainers(engine, project, config)
        self.owner = self.containers.owner
        self.configure(config, host_environment)

    def configure(self, config: Config, host_environment: Mapping[str, str]) -> None:
        """Agents that are started from now on get this; a start that is under way goes on as it was."""
        self._config = config
        self.containers.configure(config)
        self._starter = Starter(
            self._engine, self._project, config, host_environment, self.owner, self._containers
        )

    @property
    def _containers(self) -> Containers:
        return self.containers.of_agents

    @property
    def engine(self) -> str:
        """Which engine it is, in which version: `docker 28.5.2`, `podman 5.4.2`."""
        return f"{self._engine.kind.lower()} {self._engine.version}"

    @property
    def host(self) -> str:
        """The engine's address."""
        return self.containers.host

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the human should be told once about how agents run here."""
        said = [podman.REMARK] if self._engine.podman else []
        said += without_sockets(self._engine, self._config)
        if not self.owner.has_account:
            said.append(_of_roots_project(self.owner, self._project))
        return tuple(said)

    async def find(self, agent: str) -> Found:
        """The agent's container, as the engine has it."""
        return await self._call(lambda: self._containers.find(agent), f"look for {agent}")

    async def launch(self, agent: str, hold: Callable[[str], T], *, fresh: bool = False) -> Reached[T]:
        """Make a container, have its output held, start it. One that failed half-way is removed again.

        `hold` is given the container's id before its first byte, in a worker; what it returns is closed if
        the start fails. A `fresh` agent does not go on with its last conversation. Raises RunsAlready if
        somebody else was faster; their program is left alone.
        """
        starter = self._starter
        return await self._call(
            lambda: starter.launch(agent, hold, fresh), f"start {agent}", START_DEADLINE, undo=starter.discard
        )

    async def reach(self, agent: str, hold: Callable[[str], T]) -> Reached[T]:
        """As `launch`, of the container that runs already."""

        def reach() -> Reached[T]:
            container = self._containers.running(agent)
            return Reached(container, hold(container))

        return await self._call(
            reach, f"attach to {agent}", ATTACH_DEADLINE, undo=lambda late: late.held.close()
        )

    async def ended(self, agent: str) -> Ending | None:
        """Wait a moment for the container to end, and say how it did."""
        return await self._call(lambda: self._containers.ended(agent), f"wait for {agent}")

    async def stop(self, agent: str) -> None:
        """Stop and remove the agent's container."""
        await self._call(lambda: self.containers.stop(agent), f"stop {agent}", START_DEADLINE)

    async def unpause(self, agent: str) -> None:
        """Let the agent's container go on."""
        await self._call(lambda: self.containers.unpause(agent), f"let {agent} go on")

    async def rebuild(self, agent: str, on_step: Callable[[str], None]) -> None:
        """Build the agent's image again, as it was built last.

        Raises ImageError also for an image that is not ours: what has its name must not be lost.
        """
        wanted = replace(configured(self._config.build), tag=self._config.agent(agent).image)
        loop = asyncio.get_running_loop()

        def say(text: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(on_step, text)

        def on_progress(progress: Progress) -> None:
            match progress:
                case Pull(base):
                    say(f"pulling {base}")
                case Step(number, count):
                    say(f"step {number} of {count}")

        def build() -> None:
            there = self._starter.image(agent)
            if not there.kit:
                raise ImageError(f"{wanted.tag} was not made by qms-tui build", hint="build it as you did")
            build_image(self._engine, wanted.repeating(there.labels), on_progress)

        await self._call(build, "build the image", BUILD_DEADLINE)

    async def wake(self, agent: str, files: Sequence[str]) -> None:
        """Have what waits in the container tell the agent of files in its inbox."""
        await self._call(lambda: self._wake(agent, files), f"wake {agent}")

    def _wake(self, agent: str, files: Sequence[str]) -> None:
        container = self._containers.running(agent)
        labels = self._api.inspect_container(container)["Config"].get("Labels") or {}
        if LABEL_KIT not in labels:
            raise RuntimeFailure(
                f"{agent} cannot be woken: nothing in its image can tell it",
                hint="use an image of qms-tui build, set agent.wake_prompt, or type to it in its pane",
            )
        made = self._api.exec_create(container, [*_WAKE, *files])
        said = self._api.exec_start(made["Id"])
        if self._api.exec_inspect(made["Id"])["ExitCode"] != 0:
            raise RuntimeFailure(f"{agent} cannot be woken", hint=said.decode(errors="replace")[:200])

    async def usage(self, agent: str) -> Usage | None:
        """What the engine says that the agent's container uses."""
        container = await self._call(lambda: self._containers.current(agent), f"ask what {agent} uses")
        return await self._stats.usage(agent, container) if container is not None else None

    def watch(self, on_event: Callable[[RuntimeEvent], None]) -> Callable[[], None]:
        """Tell what happens to the project's containers, and to the engine."""
        ears = (
            Watch(self._api, str(self._project.root), on_event),
            Pulse(self._api, self._workers, self._engine.remote, on_event),
        )

        def close() -> None:
            for ear in ears:
                ear.close()

        return close

    async def close(self) -> None:
        """Let go of the engine; containers go on. One whose start was given up is removed first."""
        await self._workers.undone(CLEANUP_DEADLINE)
        self.let_go()

    def check_images(self, agents: Sequence[str]) -> list[str]:
        """The agents that have no running container. Blocking.

        Raises ImageError for the first of them that has no image.
        """
        with engine_errors("cannot look for the images"):
            missing = [agent for agent in agents if not self._containers.find(agent).alive]
            for agent in missing:
                self._starter.image(agent)
        return missing

    def prepare_early(self, agents: Sequence[str]) -> None:
        """Begin with what these agents' containers will need; returns at once."""
        self._starter.prepare_early(agents)

    def let_go(self) -> None:
        """As `close`, and at once: nobody waits for what was given up. Blocking."""
        self._stats.close()
        self._workers.close()
        self.containers.close()

    async def _call(
        self,
        function: Callable[[], R],
        what: str,
        deadline: float = 20.0,
        undo: Callable[[R], object] = lambda result: None,
    ) -> R:
        with engine_errors(f"cannot {what}"):
            return await self._workers.call(function, what=what, deadline=deadline, undo=undo)


def without_sockets(engine: Engine, config: Config) -> list[str]:
    """Why agents cannot reach the MCP servers that are configured, if they would have to by a socket."""
    if not config.servers or config.engine.mcp_listen is not None:
        return []
    if engine.elsewhere:
        return [NO_SOCKETS]
    return [SOCKETS_REFUSED] if selinux.enforced(engine) else []


def _of_roots_project(owner: Owner, project: Project) -> str:
    said = f"Agents run as user {owner.uid}, which no account has: you are root, and the project is root's."
    closed = [shown(str(path)) for path in project.unreadable(owner, MOST_NAMED + 1)]
    if not closed:
        return said
    more = ", and more" if len(closed) > MOST_NAMED else ""
    return f"{said} They cannot read {', '.join(closed[:MOST_NAMED])}{more}: chmod o+rX opens what they need."
