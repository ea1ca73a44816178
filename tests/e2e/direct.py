"""Agents held straight at the engine, by the runtime's own launch and reach: no keeper in between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import docker

from qms_tui.ipc.stream import Stream
from qms_tui.runtime import Closed, Ending, Fact, Received, Size
from qms_tui.runtime.base import Opened, Reached
from qms_tui.runtime.docker import DockerRuntime
from qms_tui.runtime.docker.attachment import Direction, open_socket

from .engine import ANSWER_SECONDS


@dataclass(frozen=True, slots=True)
class Ways:
    """Those of a container's output and of its input."""

    output: Opened
    input: Opened

    def close(self) -> None:
        self.input.free()
        self.output.free()


class DirectAttachment:
    """Both ways of one container's terminal."""

    def __init__(self, runtime: DirectRuntime, reached: Reached[Ways]) -> None:
        output, keyboard = reached.held.output, reached.held.input
        self._runtime, self.container = runtime, reached.container
        self._output = Stream(output.channel, early=output.early, on_close=output.free)
        self._input = Stream(keyboard.channel, early=keyboard.early, on_close=keyboard.free)
        self._resizing: asyncio.Task[None] | None = None

    def listen(self, on_fact: Callable[[Fact], None]) -> None:
        self._input.listen(lambda data: None, lambda: None)
        self._output.listen(lambda data: on_fact(Received(data)), lambda: on_fact(Closed()))

    def pause(self) -> None:
        self._output.pause()

    def resume(self) -> None:
        self._output.resume()

    def write(self, data: bytes, *, urgent: bool = False) -> bool:
        return self._input.write(data, urgent=urgent)

    def resize(self, size: Size) -> None:
        self._resizing = asyncio.get_running_loop().create_task(self.set_size(size))

    async def set_size(self, size: Size) -> None:
        await self._runtime.set_size(self.container, size)

    def close(self) -> None:
        self._output.close()
        self._input.close()


class DirectRuntime(DockerRuntime):
    """What the tests of containers work with; the keeper has tests of its own."""

    outlives = True

    def isolates(self, agent: str) -> bool:
        return True

    async def start(self, agent: str, size: Size, *, fresh: bool = False) -> DirectAttachment:
        attachment = DirectAttachment(self, await self.launch(agent, self._hold, fresh=fresh))
        await attachment.set_size(size)
        return attachment

    async def attach(self, agent: str, size: Size) -> DirectAttachment:
        attachment = DirectAttachment(self, await self.reach(agent, self._hold))
        await attachment.set_size(size)
        return attachment

    async def set_size(self, container: str, size: Size) -> None:
        def resize() -> None:
            with contextlib.suppress(docker.errors.APIError):  # it has ended already
                self._api.resize(container, height=size.lines, width=size.columns)

        await self._call(resize, "resize")

    async def outcome(self, agent: str) -> Ending:
        """How it ended, which a busy engine knows seconds after its terminal has closed."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while (ending := await self.ended(agent)) is None:
                pass
        return ending

    def _hold(self, container: str) -> Ways:
        output = open_socket(self._api, container, Direction.OUTPUT)
        try:
            way = Direction.INPUT_ON_PODMAN if self._engine.podman else Direction.INPUT
            return Ways(output, open_socket(self._api, container, way))
        except BaseException:
            output.free()
            raise
