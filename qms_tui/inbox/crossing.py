"""The one place where facts go from the watcher's thread into its owner's."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from qms_tui.inbox.events import InboxEvent

CallSoon = Callable[[Callable[[], None]], object]
PER_TURN = 50  # events told in one turn of the owner's loop: a burst must not hold up a key
MOST_WAITING = 5_000  # events; then the watcher waits for the owner
_POLL = 0.1  # seconds between looks whether an owner that does not listen has closed


class Crossing:
    """Calls `on_event` with each event in its order: at once, or in the thread of `call_soon`."""

    def __init__(self, on_event: Callable[[InboxEvent], None], call_soon: CallSoon | None) -> None:
        self._on_event = on_event
        self._call_soon = call_soon
        self._waiting: queue.Queue[InboxEvent] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._scheduled = False
        self._closed = False

    def __call__(self, event: InboxEvent) -> None:
        """Tell it; waits if the owner has too much untold already."""
        if self._call_soon is None:
            if not self._closed:
                self._on_event(event)
            return
        while not self._closed:
            try:
                self._waiting.put(event, timeout=_POLL)
            except queue.Full:
                continue
            self._schedule()
            return

    def close(self) -> None:
        """Tell nothing more."""
        self._closed = True

    def _schedule(self) -> None:
        with self._lock:
            if self._scheduled:
                return
            self._scheduled = True
        self._cross()

    def _cross(self) -> None:
        assert self._call_soon is not None
        try:
            self._call_soon(self._deliver)
        except RuntimeError:  # the owner's loop is closed
            self._closed = True

    def _deliver(self) -> None:
        """In the owner's thread."""
        for _ in range(PER_TURN):
            try:
                event = self._waiting.get_nowait()
            except queue.Empty:
                break
            if not self._closed:
                self._on_event(event)
        with self._lock:
            self._scheduled = not self._waiting.empty()
        if self._scheduled and not self._closed:
            self._cross()
