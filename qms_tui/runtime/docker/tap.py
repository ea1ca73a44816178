"""The output of running containers, read beside whoever else is attached: the keeper's side of an engine."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from docker.errors import APIError, NotFound

from qms_tui.errors import EngineError
from qms_tui.ipc.stream import Stream
from qms_tui.runtime.base import ENGINE, ContainerSize, Read
from qms_tui.runtime.docker.attachment import ATTACH_DEADLINE, Direction, open_socket
from qms_tui.runtime.docker.container_list import Listed, best_first, doubt, labelled
from qms_tui.runtime.docker.engine import Engine, engine_errors
from qms_tui.runtime.docker.engine_log import read_log, terminal_size
from qms_tui.runtime.docker.maker import is_foreign
from qms_tui.runtime.docker.sizes import container_sizes
from qms_tui.runtime.size import Size
from qms_tui.workers import Workers

_log = logging.getLogger(__name__)
T = TypeVar("T")

SIZES_DEADLINE = 60.0  # seconds: an engine that looks at a million files
SIZE_DEADLINE = 3.0  # seconds: it takes 0.1, and an interface waits for it


class Tap:
    """A ContainerSource: listens to one project's containers. All methods raise EngineError."""

    own = False

    def __init__(self, engine: Engine, root: str) -> None:
        """Takes over the engine; `root` is the project's."""
        self._engine = engine
        self._root = root
        self._workers = Workers(ENGINE)

    @property
    def sees_folders(self) -> bool:
        """Whether the engine's folders are this machine's."""
        return not self._engine.remote

    async def running(self) -> dict[str, str]:
        """The ids of the project's running containers, by agent."""
        return await self._call(self._running, "list the containers")

    async def last(self, agent: str) -> str | None:
        """The id of an agent's container that has ended; None without one."""
        return await self._call(lambda: self._last(agent), f"look for the last container of {agent}")

    async def open(self, container: str) -> Stream:
        """The output of a container from now on; it may not have been started yet."""
        opened = await self._call(
            lambda: open_socket(self._engine.api, container, Direction.OUTPUT),
            f"attach to {container[:12]}",
            ATTACH_DEADLINE,
            undo=lambda late: late.free(),
        )
        return Stream(opened.channel, early=opened.early, on_close=opened.free)

    async def open_input(self, container: str) -> Stream:
        """The way of what is typed into a container; it may not have been started yet."""
        way = Direction.INPUT_ON_PODMAN if self._engine.podman else Direction.INPUT
        opened = await self._call(
            lambda: open_socket(self._engine.api, container, way),
            f"type into {container[:12]}",
            ATTACH_DEADLINE,
            undo=lambda late: late.free(),
        )
        return Stream(opened.channel, early=opened.early, on_close=opened.free)

    async def open_ended(self, container: str) -> Stream | None:
        """The output of a container that has ended, for when it is started again; None where there is no way.

        Podman makes an ended container anew when somebody attaches to it.
        """
        if self._engine.podman:
            return None
        try:
            return await self.open(container)
        except EngineError as error:
            _log.info("%s", error)
            return None

    async def resize(self, container: str, size: Size) -> bool:
        """Set the size of a container's terminal; whether it had one to set, which runs."""
        try:
            await self._call(
                lambda: self._engine.api.resize(container, height=size.lines, width=size.columns),
                f"resize {container[:12]}",
            )
        except EngineError as error:
            _log.info("%s", error)
            return False
        return True

    async def ending(self, container: str) -> int | None:
        """The exit code of a container, -1 if it is gone; None while it runs."""
        return await self._call(lambda: self._ending(container), f"look for {container[:12]}")

    def done(self, container: str) -> None:
        """The engine keeps what has ended."""

    def read_with(self, container: str, read: Read) -> None:
        """What an engine sends it has a log of."""

    async def began(self, container: str) -> float:
        """When a container's program began, in seconds since 1970 by the engine's clock."""
        return await self._call(lambda: self._began(container), f"look for {container[:12]}")

    async def log(self, container: str, since: float) -> bytes:
        """What the engine logged of the output since a time (seconds since 1970), its end at most."""
        return await self._call(
            lambda: read_log(self._engine.api, container, since), f"read the log of {container[:12]}"
        )

    async def size(self, container: str) -> Size | None:
        """The size of a container's terminal as it is now; None if that cannot be found out."""
        try:
            return await self._call(
                lambda: terminal_size(self._engine.api, container),
                f"ask for the size of {container[:12]}",
                SIZE_DEADLINE,
            )
        except EngineError as error:
            _log.info("%s", error)
            return None

    async def is_foreign(self, container: str) -> bool:
        """Whether another user made the container."""
        return await self._call(lambda: self._is_foreign(container), f"look for {container[:12]}")

    async def sizes(self) -> dict[str, ContainerSize]:
        """How large the layers of the project's living containers are, by agent."""
        return await self._call(self._sizes, "ask for containers' sizes", SIZES_DEADLINE)

    async def pause(self, container: str) -> None:
        """Freeze a container until somebody lets it go on; one that is frozen or has ended is fine."""
        await self._call(lambda: self._pause(container), f"pause {container[:12]}")

    def close(self) -> None:
        """Let go of the engine."""
        self._workers.close()
        self._engine.close()

    async def _call(
        self,
        function: Callable[[], T],
        what: str,
        deadline: float = 20.0,
        undo: Callable[[T], object] = lambda result: None,
    ) -> T:
        with engine_errors(f"cannot {what}"):
            return await self._workers.call(function, what=what, deadline=deadline, undo=undo)

    def _sizes(self) -> dict[str, ContainerSize]:
        ours = {row.id for row in self._labelled()}
        return container_sizes(self._engine.api, self._root, ours)

    def _running(self) -> dict[str, str]:
        alive = best_first(row for row in self._labelled() if row.alive)
        return {row.agent: row.id for row in reversed(alive)}  # of several the best, which comes last

    def _pause(self, container: str) -> None:
        try:
            self._engine.api.pause(container)
        except NotFound:
            return
        except APIError:
            state = self._engine.api.inspect_container(container)["State"]
            if state.get("Running") and not state.get("Paused"):
                raise

    def _last(self, agent: str) -> str | None:
        over = (row for row in self._labelled() if row.agent == agent and row.state in ("exited", "dead"))
        rows = best_first(over)
        return rows[0].id if rows else None

    def _labelled(self) -> list[Listed]:
        """Of the project's agents, whoever started them."""
        api = self._engine.api
        return [row for row in labelled(api, self._root) if doubt(api, row) is None]

    def _is_foreign(self, container: str) -> bool:
        return is_foreign(self._engine.api.inspect_container(container)["Config"].get("Labels"))

    def _began(self, container: str) -> float:
        started = self._engine.api.inspect_container(container)["State"]["StartedAt"]
        return datetime.fromisoformat(started).timestamp()

    def _ending(self, container: str) -> int | None:
        try:
            state = self._engine.api.inspect_container(container)["State"]
        except NotFound:
            return -1
        except APIError as error:
            if error.status_code == 409:  # its removal is under way
                return -1
            raise
        alive = state.get("Running") or state.get("Paused") or state.get("Restarting")
        return None if alive else int(state.get("ExitCode", 0))
