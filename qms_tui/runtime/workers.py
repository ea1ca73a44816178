"""A few owned daemon threads for calls that block.

The event loop's own pool will not do: it is small, and the interpreter waits for it at exit, so one
engine that never answers would keep the program from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from qms_tui.errors import EngineError

T = TypeVar("T")
_Job = Callable[[], None]

MOST = 8  # threads at work at once: one per agent that starts, with the usual number of agents
MOST_ABANDONED = 32  # calls that never came back; beyond it new ones are refused


class Workers:
    """Runs blocking calls off the loop, each with a deadline of its own in seconds."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._idle = 0
        self._threads = 0
        self._abandoned = 0
        self._lock = threading.Lock()

    async def call(self, function: Callable[[], T], *, what: str, deadline: float = 20.0) -> T:
        """The function's result; EngineError naming `what` when the deadline passes.

        A call that missed its deadline is left behind; its result is dropped when it comes.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def job() -> None:
            try:
                result = function()
            except BaseException as error:
                _deliver(loop, future, error=error)
            else:
                _deliver(loop, future, result=result)

        self._submit(job)
        try:
            async with asyncio.timeout(deadline):
                return await asyncio.shield(future)
        except TimeoutError:
            with self._lock:
                self._abandoned += 1
            future.add_done_callback(self._came_back)
            raise EngineError(
                f"{what}: the engine gave no answer within {deadline:g} s",
                hint="look whether the engine is alive, for example with: docker ps",
            ) from None

    def close(self) -> None:
        """Let idle threads end; ones that hang do not keep the program from ending."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _submit(self, job: _Job) -> None:
        with self._lock:
            if self._abandoned >= MOST_ABANDONED:
                raise EngineError(
                    "too many calls to the engine hang", hint="restart the engine, then start qms-tui again"
                )
            if self._idle == 0 and self._threads - self._abandoned < MOST:
                self._threads += 1
                threading.Thread(target=self._work, name="qms-tui-worker", daemon=True).start()
        self._jobs.put(job)

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            job = self._jobs.get()
            with self._lock:
                self._idle -= 1
            if job is None:
                return
            job()

    def _came_back(self, future: asyncio.Future[T]) -> None:
        future.exception()  # looked at, so that asyncio does not complain about it
        with self._lock:
            self._abandoned -= 1


def _deliver(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[T],
    *,
    result: T | None = None,
    error: BaseException | None = None,
) -> None:
    def settle() -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    with contextlib.suppress(RuntimeError):  # the loop has ended; nobody waits for this any more
        loop.call_soon_threadsafe(settle)
