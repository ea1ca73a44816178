"""The life of an agent's container: found by its labels, made, started, attached to, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from docker import APIClient
from docker.errors import APIError, NotFound

from qms_tui.config import AgentConfig, Config
from qms_tui.errors import EngineError, ImageError, RuntimeFailure
from qms_tui.project import AGENT_NAME, Owner, Project
from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker import podman
from qms_tui.runtime.docker.accounts import accounts_folder, accounts_of
from qms_tui.runtime.docker.attachment import ATTACH_DEADLINE, Direction, Opened, open_socket
from qms_tui.runtime.docker.engine import Engine, engine_errors, seconds
from qms_tui.runtime.docker.image import (
    Image,
    Progress,
    Step,
    build_image,
    configured,
    find_image,
    is_replaced,
)
from qms_tui.runtime.docker.kit import INSIDE, LABEL_KIT, our_kit
from qms_tui.runtime.docker.network import project_network, remove_project_network
from qms_tui.runtime.docker.outfit import Outfit, outfit
from qms_tui.runtime.docker.pulse import Pulse
from qms_tui.runtime.docker.watch import Watch
from qms_tui.runtime.events import RuntimeEvent
from qms_tui.runtime.identity import mismatch, read_identity
from qms_tui.runtime.resume import SOON
from qms_tui.runtime.runtime import Condition, Ending, Found, RunsAlready
from qms_tui.runtime.workers import Workers

_log = logging.getLogger(__name__)


class Closing(Protocol):
    """What can be let go of."""

    def close(self) -> None:
        """Let go; idempotent."""


T = TypeVar("T", bound=Closing)
R = TypeVar("R")

STOP_GRACE = 5  # seconds between SIGTERM and SIGKILL
START_DEADLINE = 60.0  # seconds for create and start, which wait for disks
BUILD_DEADLINE = 3600.0  # seconds for an image, from slow mirrors
CLEANUP_DEADLINE = 5.0  # seconds to remove what was given up: somebody waits for the screen to close
STARTING_WAIT = 10.0  # seconds between create and start of a container, with a slow disk
_WAKE = ("/usr/bin/python3", "-I", "-S", f"{INSIDE}/waiter.py", "poke")
_STARTING_POLL = 0.05  # seconds between looks at a container that another interface starts
ENDED_WAIT = 1  # seconds after its terminal closed in which a container still counts as ending
_REMOVED = Ending(None, "the container was removed", asked=True)
_MISSING = "make it with: qms-tui build"
_MISSING_OTHER = "build or pull it, or name another with --image or agent.image; docker/README.md says more"


@dataclass(frozen=True, slots=True)
class Reached(Generic[T]):
    """A container, whatever holds its output, and the way of its input."""

    container: str
    held: T
    input: Opened

    def close(self) -> None:
        """Let go of both."""
        self.input.free()
        self.held.close()


class DockerRuntime:
    """Each agent of one project in a container of its own: found, made, started, stopped."""

    def __init__(
        self, engine: Engine, project: Project, config: Config, host_environment: Mapping[str, str]
    ) -> None:
        """Takes over the engine; `close()` closes it."""
        self._engine = engine
        self._api: APIClient = engine.api
        self._project = project
        self._config = config
        self._workers = Workers()
        self._host_environment = host_environment
        self.owner = _container_user(engine, project)

    @property
    def version(self) -> str:
        """The engine's version."""
        return self._engine.version

    @property
    def host(self) -> str:
        """The engine's address."""
        return self._engine.host

    @property
    def _input(self) -> Direction:
        return Direction.INPUT_ON_PODMAN if self._engine.podman else Direction.INPUT

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the human should be told once about how agents run here."""
        said = [podman.REMARK] if self._engine.podman else []
        if self.owner.uid == 0 and not self._engine.rootless:
            said.append(
                "Agents run as root without capabilities: you are root and so is the project's owner."
            )
        return tuple(said)

    async def find(self, agent: str) -> Found:
        """The agent's container, as the engine has it."""
        return await self._call(lambda: self._find(agent), f"look for {agent}")

    async def launch(self, agent: str, hold: Callable[[str], T], *, fresh: bool = False) -> Reached[T]:
        """Make a container, have its output held, start it. One that failed half-way is removed again.

        `hold` is given the container's id before its first byte, in a worker; what it returns is closed if
        the start fails. A `fresh` agent does not go on with its last conversation. Raises RunsAlready if
        somebody else was faster; their program is left alone.
        """
        return await self._call(
            lambda: self._launch(agent, hold, fresh), f"start {agent}", START_DEADLINE, undo=self._discard
        )

    async def reach(self, agent: str, hold: Callable[[str], T]) -> Reached[T]:
        """As `launch`, of the container that runs already."""

        def reach() -> Reached[T]:
            container = self._running(agent)
            return self._reach(container, hold)

        return await self._call(reach, f"attach to {agent}", ATTACH_DEADLINE, undo=lambda late: late.close())

    async def ended(self, agent: str) -> Ending | None:
        """Wait a moment for the container to end, and say how it did."""
        name = self._identity(agent).container

        def wait() -> Ending | None:
            try:
                self._api.wait(name, timeout=ENDED_WAIT)
            except NotFound:
                return _REMOVED
            except OSError:
                return None  # still running when the wait timed out: only the connection was lost
            found = self._find(agent)
            return _REMOVED if found.condition is Condition.ABSENT else found.ending

        return await self._call(wait, f"wait for {agent}")

    async def stop(self, agent: str) -> None:
        """Stop and remove the agent's container."""
        await self._call(lambda: self._stop(agent), f"stop {agent}", START_DEADLINE)

    async def rebuild(self, agent: str, on_step: Callable[[str], None]) -> None:
        """Build the agent's image anew, with the configuration's base and packages.

        Raises ImageError also for an image that is not ours: what has its name must not be lost.
        """
        wanted = replace(configured(self._config.build), tag=self._config.agent(agent).image)
        loop = asyncio.get_running_loop()

        def progress(told: Progress) -> None:
            if isinstance(told, Step):
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                    loop.call_soon_threadsafe(on_step, f"step {told.number} of {told.count}")

        def build() -> None:
            if not self._image(agent).kit:
                raise ImageError(f"{wanted.tag} was not made by qms-tui build", hint="build it as you did")
            build_image(self._engine, wanted, progress)

        await self._call(build, "build the image", BUILD_DEADLINE)

    async def wake(self, agent: str, files: Sequence[str]) -> None:
        """Have what waits in the container tell the agent of files in its inbox."""
        await self._call(lambda: self._wake(agent, files), f"wake {agent}")

    def _wake(self, agent: str, files: Sequence[str]) -> None:
        container = self._running(agent)
        labels = self._api.inspect_container(container)["Config"].get("Labels") or {}
        if LABEL_KIT not in labels:
            raise RuntimeFailure(
                f"{agent} cannot be woken: nothing in its image can tell it",
                hint="use an image of qms-tui build, or type to it in its pane",
            )
        made = self._api.exec_create(container, [*_WAKE, *files])
        said = self._api.exec_start(made["Id"])
        if self._api.exec_inspect(made["Id"])["ExitCode"] != 0:
            raise RuntimeFailure(f"{agent} cannot be woken", hint=said.decode(errors="replace")[:200])

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
        self.close_now()

    # -- for the command line, which has no event loop ---------------------------------------------------

    def all_now(self) -> dict[str, Found]:
        """Every container of this project, by agent. Blocking."""
        with engine_errors("cannot list the containers"):
            return self._all()

    def stop_now(self, agent: str) -> bool:
        """Stop and remove the agent's container; whether there was one. Blocking."""
        with engine_errors(f"cannot stop {agent}"):
            return self._stop(agent)

    def remove_network_now(self) -> None:
        """Remove the project's network if nothing uses it. Blocking."""
        with engine_errors("cannot remove the project's network"):
            remove_project_network(self._api, str(self._project.root))

    def check_images(self, agents: Sequence[str]) -> None:
        """Raise ImageError for the first agent that has no image and no running container. Blocking."""
        with engine_errors("cannot look for the images"):
            for agent in agents:
                self._check_image(agent)

    def close_now(self) -> None:
        """As `close`."""
        self._workers.close()
        self._engine.close()

    async def _call(
        self,
        function: Callable[[], R],
        what: str,
        deadline: float = 20.0,
        undo: Callable[[R], object] = lambda result: None,
    ) -> R:
        with engine_errors(f"cannot {what}"):
            return await self._workers.call(function, what=what, deadline=deadline, undo=undo)

    def _identity(self, agent: str) -> spec.Identity:
        return spec.Identity(str(self._project.root), agent)

    def _find(self, agent: str) -> Found:
        facts = self._settled(agent)
        return self._told(agent, facts) if facts else Found(Condition.ABSENT)

    def _told(self, agent: str, facts: dict[str, Any]) -> Found:
        """What the engine knows of the container, and who its program says it is."""
        found, labels = _found(facts), facts["Config"].get("Labels") or {}
        if not found.alive or LABEL_KIT not in labels:
            return found
        config, expected = self._config.agent(agent), labels.get(spec.LABEL_DEFINITION, "")
        if is_replaced(self._engine, config.image, found.digest):
            found = replace(found, outdated=True)
        identity = read_identity(self._project, agent)
        if identity is None or identity.started < found.began - 1:  # of the container before
            return found
        return replace(found, wrong=mismatch(identity, agent, config, self.owner, expected))

    def _running(self, agent: str) -> str:
        """The id of the agent's container, which must be there."""
        facts = self._settled(agent)
        if facts is None:
            raise EngineError(f"{agent} has no container", hint="start it anew")
        return str(facts["Id"])

    def _settled(self, agent: str) -> dict[str, Any] | None:
        """The engine's facts of the agent's container.

        Between create and start it belongs to whoever starts it, perhaps another interface: a moment later
        it runs or is gone. One that is older was left by an interface that was killed. One that is being
        removed is gone a moment later.
        """
        deadline = time.monotonic() + STARTING_WAIT
        while (facts := self._inspect(agent)) and facts["State"].get("Status") in ("created", "removing"):
            old = facts["State"]["Status"] == "created" and self._age(facts) > STARTING_WAIT
            if old or time.monotonic() > deadline:
                break
            time.sleep(_STARTING_POLL)
        return facts

    def _age(self, facts: dict[str, Any]) -> float:
        """Seconds since the container was made, by the engine's clock."""
        return seconds(self._api.info()["SystemTime"]) - seconds(facts["Created"])

    def _inspect(self, agent: str) -> dict[str, Any] | None:
        """The engine's facts of what has the name of the agent's container; it must be ours."""
        try:
            facts: dict[str, Any] = self._api.inspect_container(self._identity(agent).container)
        except NotFound:
            return None
        labels = facts["Config"].get("Labels") or {}
        if any(labels.get(k) != v for k, v in self._identity(agent).labels.items()):
            raise EngineError(
                f"the container {self._identity(agent).container} is not ours (its labels differ)",
                hint="remove or rename it: qms-tui does not touch it",
            )
        return facts

    def _all(self) -> dict[str, Found]:
        wanted = {"label": f"{spec.LABEL_PROJECT}={self._project.root}"}
        found = {}
        for row in self._api.containers(all=True, filters=wanted):
            try:
                facts = self._api.inspect_container(row["Id"])
            except NotFound:
                continue  # removed between the two calls
            agent = facts["Config"]["Labels"].get(spec.LABEL_AGENT, "")
            found[agent or "?"] = self._told(agent, facts) if AGENT_NAME.fullmatch(agent) else _found(facts)
        return found

    def _check_image(self, agent: str) -> None:
        if self._find(agent).alive:
            return
        self._image(agent)

    def _stop(self, agent: str) -> bool:
        facts = self._inspect(agent)
        if facts is None:
            return False
        try:
            if facts["State"].get("Paused"):  # Docker would do it, Podman refuses
                self._api.unpause(facts["Id"])
            self._api.stop(facts["Id"], timeout=STOP_GRACE)
        except NotFound:
            return True  # somebody else was faster
        self._remove(facts["Id"])
        return True

    def _launch(self, agent: str, hold: Callable[[str], T], fresh: bool) -> Reached[T]:
        """Make the container, hold it, start it: all of it or nothing stays.

        In one call: a start that is given up must have come back before its container can be removed.
        """
        container = self._create(agent, fresh)
        try:
            reached = self._reach(container, hold)
            try:
                self._api.start(container)
            except BaseException:
                reached.close()
                raise
        except BaseException:
            self._remove(container)
            raise
        return reached

    def _reach(self, container: str, hold: Callable[[str], T]) -> Reached[T]:
        held = hold(container)
        try:
            return Reached(container, held, open_socket(self._api, container, self._input))
        except BaseException:
            held.close()
            raise

    def _discard(self, reached: Reached[T]) -> None:
        reached.close()
        self._remove(reached.container)

    def _create(self, agent: str, fresh: bool) -> str:
        """Make the agent's container; its id, since another interface may take the name at any time."""
        identity = self._identity(agent)
        self._project.prepare(agent, self._project.owner())
        config = self._config.agent(agent)
        fitted = outfit(
            self._project, config, self._image(agent), self._host_environment, self._config.theme, fresh
        )
        request = spec.request(
            identity,
            fitted.config,
            self.owner,
            fitted.environment,
            fitted.mounts,
            project_network(self._api, str(self._project.root), config.network),
            self._engine.cpus,
            fitted.marks,
        )
        if self._engine.podman:
            podman.keep_masks_empty(request["host_config"])
        host = self._api.create_host_config(**request.pop("host_config"))
        try:
            container = self._take_name(agent, {**request, "host_config": host})
        except NotFound:
            raise _no_image(config.image, agent) from None
        try:
            self._furnish(container, fitted)
        except BaseException:
            self._remove(container)
            raise
        return container

    def _furnish(self, container: str, fitted: Outfit) -> None:
        """Put into the container what neither the image has nor the engine may show; at once, since each
        time the engine mounts the container for it."""
        known = accounts_of(self._api, container, accounts_folder())
        content = spec.furnishing(known.passwd, known.group, self.owner, fitted.private, fitted.config.laid)
        self._api.put_archive(container, "/", content)

    def _image(self, agent: str) -> Image:
        name = self._config.agent(agent).image
        found = find_image(self._engine, name)
        if found is None:
            raise _no_image(name, agent)
        return found

    def _take_name(self, agent: str, request: dict[str, Any]) -> str:
        """Make the container once its name is free: the engine holds a name from before a container can be
        seen until after it is gone, and other interfaces may be at either."""
        deadline = time.monotonic() + STARTING_WAIT
        while True:
            self._clear_ended(agent)
            try:
                return str(self._api.create_container(**request)["Id"])
            except APIError as error:
                taken = error.status_code == 409 or "already in use" in str(error.explanation)  # Podman: 500
                if not taken or time.monotonic() > deadline:
                    raise
            time.sleep(_STARTING_POLL)

    def _clear_ended(self, agent: str) -> None:
        """Make room for a new container. A running one is never touched: somebody else started it."""
        facts = self._settled(agent)
        if facts is None:
            return
        if _found(facts).alive:
            raise _runs_already(agent)
        self._remove(facts["Id"])

    def _remove(self, container: str) -> None:
        try:
            self._api.remove_container(container, force=True)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != 409:  # 409: its removal is under way
                raise


def _container_user(engine: Engine, project: Project) -> Owner:
    """On a rootless engine the container's root is the user who runs the engine."""
    return Owner(0, 0) if engine.rootless else project.owner()


def _no_image(image: str, agent: str) -> ImageError:
    hint = _MISSING if image == AgentConfig().image else _MISSING_OTHER
    return ImageError(f"there is no image {image!r} for {agent} on this engine", hint)


def _runs_already(agent: str) -> RunsAlready:
    return RunsAlready(f"{agent} runs already: somebody else has started it", hint="attach to it instead")


def _found(facts: dict[str, Any]) -> Found:
    state = facts["State"]
    image, kit = str(facts["Config"].get("Image", "")), (facts["Config"].get("Labels") or {}).get(LABEL_KIT)
    name, started = str(facts["Name"]).lstrip("/"), str(state.get("StartedAt", ""))
    outdated, digest = kit is not None and kit != our_kit().hash, str(facts.get("Image") or "")
    ended = Found(Condition.EXITED, _ending(facts), started, image, name, outdated, digest=digest)
    if state.get("Paused"):
        return replace(ended, condition=Condition.PAUSED, ending=None)
    if state.get("Running") or state.get("Restarting"):
        return replace(ended, condition=Condition.RUNNING, ending=None)
    return ended


def _ending(facts: dict[str, Any]) -> Ending:
    state = facts["State"]
    reason = "out of memory" if state.get("OOMKilled") else str(state.get("Error") or "")
    code: int | None = int(state.get("ExitCode", 0))
    if not reason and code in (137, 143):
        reason = "killed" if code == 137 else "terminated"
    if state.get("Status") == "created":
        code, reason = None, reason or "never started"
    return Ending(code, reason, _failed_to_resume(facts))


def _failed_to_resume(facts: dict[str, Any]) -> bool:
    state, labels = facts["State"], facts["Config"].get("Labels") or {}
    if spec.LABEL_RESUMES not in labels or not state.get("ExitCode"):
        return False
    return seconds(state["FinishedAt"]) - seconds(state["StartedAt"]) <= SOON
