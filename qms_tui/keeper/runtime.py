"""Agents in containers whose terminals the keeper holds: what whoever decides about agents works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from qms_tui.errors import KeeperError
from qms_tui.keeper.client import ANSWER_PATIENCE, KEEPER, Connection, KeeperClient
from qms_tui.keeper.protocol import Want
from qms_tui.keeper.replies import RGB, write_palette
from qms_tui.keeper.watching import Watching
from qms_tui.runtime import Ending, Found, HeldTerminal, RuntimeEvent, Size, Usage
from qms_tui.runtime.base import HoldableRuntime
from qms_tui.workers import Workers, waiting_for

_ANY_SIZE = Size(80, 24)  # of a terminal that is known to the keeper


class KeptRuntime:
    """A Runtime: containers by an engine, their terminals by the keeper."""

    outlives = True

    def __init__(self, engine: HoldableRuntime, keeper: KeeperClient) -> None:
        """Takes over the engine."""
        self._engine = engine
        self.name = engine.name
        self._client = keeper
        self._workers = Workers(KEEPER)
        self._watching = Watching(keeper, self._workers)

    def keeper(self, agent: str) -> Path:
        """Where terminals are shown from."""
        return self._client.address

    def show_colors(self, colors: Mapping[int, RGB]) -> None:
        """The keeper answers with them when a program asks, from the next start on."""
        self._client.palette = write_palette(colors)

    def isolates(self, agent: str) -> bool:
        """Each is in a container of its own."""
        return True

    async def find(self, agent: str) -> Found:
        """The agent's container, as the engine has it."""
        return await self._engine.find(agent)

    async def start(self, agent: str, size: Size, *, fresh: bool = False) -> HeldTerminal:
        """Make a container, have the keeper hold it, start it, set its size."""

        def hold(container: str) -> Connection:
            with waiting_for(KEEPER):
                return self._client.open(Want.HOLD, agent, container, size)

        await self._watching.open()
        started = await self._engine.launch(agent, hold, fresh=fresh)
        started.held.say_size(size)  # before its start the engine has no terminal to set
        return await self._watching.terminal(agent, started.container)

    async def hold(self, agent: str) -> HeldTerminal:
        """Have the keeper hold the running container's terminal."""

        def take_up(container: str) -> Connection:
            with waiting_for(KEEPER):
                return self._client.open(Want.TAKE_UP, agent, container, _ANY_SIZE)

        await self._watching.open()
        reached = await self._engine.reach(agent, take_up)
        reached.held.close()
        return await self._watching.terminal(agent, reached.container)

    async def recall(self, agent: str) -> None:
        """See to it that a keeper runs."""
        try:
            await self._workers.call(self._client.ready, what="ask the keeper", deadline=ANSWER_PATIENCE)
        except KeeperError:
            return  # the screen stays empty

    async def ended(self, agent: str) -> Ending | None:
        """How the container ended; None if it runs."""
        return await self._engine.ended(agent)

    async def stop(self, agent: str) -> None:
        """Stop and remove the agent's container."""
        await self._engine.stop(agent)

    async def unpause(self, agent: str) -> None:
        """Let the agent's container go on."""
        await self._engine.unpause(agent)

    async def rebuild(self, agent: str, on_step: Callable[[str], None]) -> None:
        """Build the agent's image anew."""
        await self._engine.rebuild(agent, on_step)

    async def wake(self, agent: str, files: Sequence[str]) -> None:
        """Have the agent told of files in its inbox."""
        await self._engine.wake(agent, files)

    async def usage(self, agent: str) -> Usage | None:
        """What the agent's container uses."""
        return await self._engine.usage(agent)

    def watch(self, on_event: Callable[[RuntimeEvent], None]) -> Callable[[], None]:
        """Tell what happens to the project's containers, and to the engine."""
        return self._engine.watch(on_event)

    async def close(self) -> None:
        """Let go of the engine and the keeper; both go on."""
        self._watching.close()
        self._workers.close()
        self._client.close()
        await self._engine.close()
