"""A few owned daemon threads for calls that block.

The event loop's own pool will not do: it is small, and the interpreter waits for it at exit, so one
engine that never answers would keep the program from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from qms_tui.errors import ProjectError, QmsTuiError

_log = logging.getLogger(__name__)
T = TypeVar("T")
_Job = Callable[[], None]

MOST = 8  # threads at work at once: one per agent that starts, with the usual number of agents
MOST_ABANDONED = 32  # calls that never came back; beyond it new ones are refused


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What calls wait for: its name, the error if it does not answer, what to do then."""

    name: str
    error: type[QmsTuiError]
    hint: str
    hint_for_many: str


DISK = Counterpart(
    "the disk",
    ProjectError,
    "look whether the disks of the project and of your home are there: df . ~ (a network share may be gone)",
    "see to it that the disks of the project and of your home answer, then start qms-tui again",
)


@dataclass(slots=True, eq=False)
class _Waiting:
    """Whom one call waits for at the moment."""

    counterpart: Counterpart


_here = threading.local()  # in a worker: `waiting` of its call


@contextlib.contextmanager
def waiting_for(counterpart: Counterpart) -> Iterator[None]:
    """What a call's function does here waits for another one than its workers' counterpart."""
    waiting: _Waiting | None = getattr(_here, "waiting", None)
    if waiting is None:  # in no worker, so without a deadline
        yield
        return
    before, waiting.counterpart = waiting.counterpart, counterpart
    try:
        yield
    finally:
        waiting.counterpart = before


class Workers:
    """Runs blocking calls off the loop, each with a deadline of its own in seconds."""

    def __init__(self, counterpart: Counterpart) -> None:
        self._counterpart = counterpart
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._spare = 0  # threads without a job, less the jobs that wait for one
        self._threads = 0
        self._abandoned: list[_Waiting] = []
        self._closed = False
        self._lock = threading.Lock()
        self._undoing: set[asyncio.Task[None]] = set()

    async def call(
        self,
        function: Callable[[], T],
        *,
        what: str,
        deadline: float = 20.0,
        undo: Callable[[T], object] = lambda result: None,
    ) -> T:
        """The function's result; when the deadline passes, the error of whom it waits for, naming `what`.

        A call that missed its deadline, or whose caller was cancelled, is left behind. When it comes back
        after all, what it made goes to `undo`, in a worker too.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        waiting = _Waiting(self._counterpart)

        def job() -> None:
            _here.waiting = waiting
            try:
                result = function()
            except BaseException as error:
                self._free()
                _deliver(loop, future, error=error)
            else:
                self._free()
                _deliver(loop, future, result=result)

        self._submit(job, what)
        try:
            async with asyncio.timeout(deadline):
                return await asyncio.shield(future)
        except asyncio.CancelledError:
            self._abandon(future, what, waiting, undo)
            raise
        except TimeoutError:
            if future.done():  # a timeout of the function's own, or it came while the loop was held up
                return future.result()
            self._abandon(future, what, waiting, undo)
            whom = waiting.counterpart
            raise whom.error(f"{what}: {whom.name} gave no answer within {deadline:g} s", whom.hint) from None

    async def undone(self, within: float) -> None:
        """Wait until what was left behind has come back and is undone, at most so many seconds."""
        if self._undoing:
            await asyncio.wait(self._undoing, timeout=within)

    def close(self) -> None:
        """Let idle threads end, and those that clear up later; ones that hang do not keep the program."""
        self._closed = True
        for _ in range(self._threads):
            self._jobs.put(None)

    def _submit(self, job: _Job, what: str) -> None:
        with self._lock:
            if len(self._abandoned) >= MOST_ABANDONED:
                (whom, _), *_ = Counter(call.counterpart for call in self._abandoned).most_common(1)
                raise whom.error(f"{what}: too many calls to {whom.name} hang", whom.hint_for_many)
            if self._closed or (self._spare <= 0 and self._threads - len(self._abandoned) < MOST):
                self._threads += 1
                self._spare += 1
                threading.Thread(target=self._work, name="qms-tui-worker", daemon=True).start()
            self._spare -= 1
        self._jobs.put(job)
        if self._closed:
            self._jobs.put(None)  # for the thread that was just made: idle ones are on their way out

    def _free(self) -> None:
        with self._lock:
            self._spare += 1

    def _work(self) -> None:
        while self._work_once():
            pass
        with self._lock:
            self._threads -= 1
            self._spare -= 1

    def _work_once(self) -> bool:
        """Its own frame, so that an idle thread keeps nothing of its last job alive."""
        job = self._jobs.get()
        if job is not None:
            job()
        return job is not None

    def _abandon(
        self, future: asyncio.Future[T], what: str, waiting: _Waiting, undo: Callable[[T], object]
    ) -> None:
        with self._lock:
            self._abandoned.append(waiting)
        task = asyncio.get_running_loop().create_task(self._undo(future, what, waiting, undo))
        self._undoing.add(task)
        task.add_done_callback(self._undoing.discard)

    async def _undo(
        self, future: asyncio.Future[T], what: str, waiting: _Waiting, undo: Callable[[T], object]
    ) -> None:
        try:
            result = await future
        except Exception as error:
            _log.info("%s, which nobody waits for any more, failed: %s", what, error)
            return
        finally:
            with self._lock:
                self._abandoned.remove(waiting)
        try:
            await self.call(lambda: undo(result), what=f"undo: {what}")
        except Exception as error:
            _log.warning("what was given up is not cleared away: %s", error)


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
