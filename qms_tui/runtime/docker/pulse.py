"""How quickly the engine answers: a small question now and then."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from docker import APIClient

from qms_tui.errors import EngineError
from qms_tui.runtime.docker.engine import engine_errors
from qms_tui.runtime.events import EngineBack, EngineLost, Latency, RuntimeEvent
from qms_tui.workers import Workers

_log = logging.getLogger(__name__)

PERIOD = 5.0  # seconds between two questions
PATIENCE = 5.0  # seconds until an engine that does not answer counts as lost: a sleeping laptop, a cut cable


class Pulse:
    """Tells the engine's latency, and an engine that hangs without closing a connection."""

    def __init__(
        self, api: APIClient, workers: Workers, remote: bool, on_event: Callable[[RuntimeEvent], None]
    ) -> None:
        """Latency is told of a `remote` engine only: that of one on this machine is no news."""
        self._remote = remote
        self._api = api
        self._workers = workers
        self._on_event = on_event
        self._lost = False
        self._task = asyncio.get_running_loop().create_task(self._beat())

    def close(self) -> None:
        """Ask no more; idempotent."""
        self._task.cancel()

    async def _beat(self) -> None:
        while True:
            try:
                with engine_errors("the engine does not answer"):
                    seconds = await self._workers.call(
                        self._ping, what="the engine does not answer", deadline=2 * PATIENCE
                    )
            except EngineError as error:
                _log.info("%s", error)
                self._tell_lost(error.message)
            else:
                self._tell_back()
                if self._remote:
                    self._on_event(Latency(seconds))
            await asyncio.sleep(PERIOD)

    def _ping(self) -> float:
        """Seconds that a question and its answer take. Blocking."""
        begin = time.perf_counter()
        with contextlib.closing(self._api.get(f"{self._api.base_url}/_ping", timeout=PATIENCE)) as answer:
            answer.raise_for_status()
        return time.perf_counter() - begin

    def _tell_lost(self, why: str) -> None:
        if not self._lost:
            self._lost = True
            self._on_event(EngineLost(why))

    def _tell_back(self) -> None:
        if self._lost:
            self._lost = False
            self._on_event(EngineBack())
