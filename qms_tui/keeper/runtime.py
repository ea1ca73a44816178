"""Agents in containers whose terminals the keeper holds: what an interface works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from qms_tui.errors import KeeperError
from qms_tui.keeper.attachment import KeptAttachment
from qms_tui.keeper.client import ANSWER_PATIENCE, KEEPER, Connection, KeeperClient
from qms_tui.keeper.protocol import Kind, ProtocolError, Want
from qms_tui.keeper.replies import RGB, write_palette
from qms_tui.runtime import Attachment, Ending, Found, RuntimeEvent, Size, Usage
from qms_tui.runtime.base import HoldableRuntime
from qms_tui.workers import Workers, waiting_for


class KeptRuntime:
    """A Runtime: containers by an engine, their screens by the keeper."""

    outlives = True

    def __init__(self, engine: HoldableRuntime, keeper: KeeperClient) -> None:
        """Takes over the engine."""
        self._engine = engine
        self.name = engine.name
        self._keeper = keeper
        self._workers = Workers(KEEPER)

    def show_colors(self, colors: Mapping[int, RGB]) -> None:
        """The keeper answers with them when a program asks, from the next attachment on."""
        self._keeper.palette = write_palette(colors)

    def isolates(self, agent: str) -> bool:
        """Each is in a container of its own."""
        return True

    async def find(self, agent: str) -> Found:
        """The agent's container, as the engine has it."""
        return await self._engine.find(agent)

    async def start(self, agent: str, size: Size, *, fresh: bool = False) -> Attachment:
        """Make a container, have the keeper hold it, start it, set its size."""

        def hold(container: str) -> Connection:
            with waiting_for(KEEPER):
                return self._keeper.open(Want.HOLD, agent, container, size)

        reached = await self._engine.launch(agent, hold, fresh=fresh)
        return KeptAttachment(reached.held, reached.input, size, tell_size=True)

    async def attach(self, agent: str, size: Size) -> Attachment:
        """Follow the running container's terminal from the keeper's state of it."""

        def follow(container: str) -> Connection:
            with waiting_for(KEEPER):  # keys need the modes of its state
                return self._keeper.open(Want.ATTACH, agent, container, size, until=Kind.STATE)

        reached = await self._engine.reach(agent, follow)
        return KeptAttachment(reached.held, reached.input, size)

    async def last_state(self, agent: str) -> bytes:
        """What the keeper has of an ended agent's terminal; b"" if that is nothing."""
        try:
            return await self._workers.call(
                lambda: self._last(agent), what=f"ask for the screen of {agent}", deadline=ANSWER_PATIENCE
            )
        except KeeperError:
            return b""

    def _last(self, agent: str) -> bytes:
        connection = self._keeper.open(Want.LAST, agent, "", Size(80, 24))
        try:
            return connection.next(Kind.STATE)
        except (OSError, ProtocolError) as error:
            raise KeeperError(f"the keeper does not answer: {error}", "") from error
        finally:
            connection.close()

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
        self._workers.close()
        self._keeper.close()
        await self._engine.close()
