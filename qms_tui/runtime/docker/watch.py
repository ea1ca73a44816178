"""The engine's event stream, read by one thread and given to the event loop as values."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from docker import APIClient

from qms_tui.errors import EngineError
from qms_tui.runtime.docker.container import LABEL_AGENT, LABEL_PROJECT
from qms_tui.runtime.docker.engine import engine_errors
from qms_tui.runtime.events import Action, ContainerEvent, EngineBack, EngineLost, RuntimeEvent

_log = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MOST = 0.2, 1.5  # seconds between tries to reach the engine again, doubling
_GONE = "the engine went away"
_PODMANS = {"died": Action.DIE, "remove": Action.DESTROY}
_ACTIONS = {action.value: action for action in Action} | _PODMANS


class Watch:
    """Tells what happens to the containers of one project, from another thread's reading, in the loop.

    Made within the running loop. `close()` returns at once: it wakes the thread by shutting its socket.
    """

    def __init__(self, api: APIClient, project: str, on_event: Callable[[RuntimeEvent], None]) -> None:
        """`project` is its root; `on_event` is called in the loop, once for each event."""
        self._api = api
        self._filters = {
            "type": ["container"],
            "label": [f"{LABEL_PROJECT}={project}"],
            "event": list(_ACTIONS),
        }
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._stream: Any = None
        self._lost = False
        # A daemon: where the engine hangs before its headers, nothing can wake it.
        self._thread = threading.Thread(target=self._run, name="qms-tui-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Tell nothing more; idempotent."""
        with self._lock:
            self._closed.set()
            stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(OSError, AttributeError):  # AttributeError: it has just ended by itself
                stream.close()

    # -- in the thread ------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause = RETRY_FIRST
        while not self._closed.is_set():
            try:
                with engine_errors(_GONE), self._opened() as stream:
                    pause = RETRY_FIRST
                    self._follow(stream)
                why = _GONE
            except EngineError as error:
                _log.info("%s: %r", error, error.__cause__)
                why = error.message
            self._tell_lost(why)
            self._closed.wait(pause)
            pause = min(pause * 2, RETRY_MOST)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Iterable[object]]:
        """The stream, which `close()` can end from now on."""
        stream: Any = self._api.events(filters=self._filters, decode=True)
        with self._lock:
            self._stream = stream
        try:
            yield stream
        finally:
            with self._lock:
                self._stream = None
            stream._response.close()

    def _follow(self, stream: Iterable[object]) -> None:
        if self._closed.is_set():  # while it was opened
            return
        if self._lost:
            self._lost = False
            self._tell(EngineBack())
        for row in stream:
            event = container_event(row)
            if event is not None:
                self._tell(event)

    def _tell_lost(self, why: str) -> None:
        if not self._lost:
            self._lost = True
            self._tell(EngineLost(why))

    def _tell(self, event: RuntimeEvent) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended; nobody waits for this any more
            self._loop.call_soon_threadsafe(self._deliver, event)

    def _deliver(self, event: RuntimeEvent) -> None:
        if not self._closed.is_set():
            self._on_event(event)


def container_event(row: Any) -> ContainerEvent | None:
    """A row of the stream as a value; None for what concerns no agent of ours."""
    try:
        attributes = row["Actor"]["Attributes"]
        action = _ACTIONS[row["Action"].partition(":")[0]]  # "health_status: healthy"
        at = int(row["timeNano"]) / 1e9
        code = _exit_code(attributes) if action is Action.DIE else None
        return ContainerEvent(str(attributes[LABEL_AGENT]), str(row["Actor"]["ID"]), action, at, code)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _exit_code(attributes: Mapping[str, str]) -> int | None:
    """As Docker calls it, or Podman."""
    code = attributes.get("exitCode") or attributes.get("containerExitCode")
    return int(code) if code else None
