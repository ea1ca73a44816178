"""News of programs that somebody starts or ends, from the spawner to a screen's event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from qms_tui.errors import QmsTuiError
from qms_tui.keeper.spawner.client import SpawnerClient, Spoken, listed
from qms_tui.keeper.spawner.request import Facts
from qms_tui.runtime import Action, ContainerEvent, RuntimeEvent
from qms_tui.workers import Workers

RETRY = 1.0  # seconds until a spawner that was killed is looked for again


class SpawnerWatch:
    """Tells until it is closed, also of programs that a later spawner has."""

    def __init__(
        self, spawner: SpawnerClient, workers: Workers, on_event: Callable[[RuntimeEvent], None]
    ) -> None:
        """Within the running loop, in which `on_event` is called."""
        self._spawner, self._workers, self._on_event = spawner, workers, on_event
        self._known: dict[str, Facts] = {}
        self._task = asyncio.get_running_loop().create_task(self._run(), name="watch local agents")

    def close(self) -> None:
        """Tell no more."""
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            try:
                spoken = await self._workers.call(
                    self._spawner.watch, what="watch local agents", undo=lambda late: late.close()
                )
            except QmsTuiError:
                await asyncio.sleep(RETRY)
                continue
            try:
                await self._follow(spoken)
            finally:
                spoken.close()
            await asyncio.sleep(RETRY)

    async def _follow(self, spoken: Spoken) -> None:
        """Until the spawner has gone."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        spoken.socket.setblocking(False)
        loop.add_reader(spoken.socket, news.set)
        try:
            while True:
                await news.wait()
                news.clear()
                messages = spoken.heard()
                if messages is None:
                    return
                for message in messages:
                    self._compare(listed(message))
        except QmsTuiError:
            return
        finally:
            loop.remove_reader(spoken.socket)

    def _compare(self, programs: dict[str, Facts]) -> None:
        known, self._known = self._known, programs
        for agent, facts in programs.items():
            before = known.get(agent)
            if before is None or before.id != facts.id:
                self._tell(facts, Action.START, facts.began)
            if not facts.alive and (before is None or before.id != facts.id or before.alive):
                self._tell(facts, Action.DIE, facts.ended or time.time())

    def _tell(self, facts: Facts, action: Action, at: float) -> None:
        self._on_event(ContainerEvent(facts.agent, facts.id, action, at))
