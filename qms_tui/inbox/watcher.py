"""Watches the inboxes of all agents and tells what comes and goes.

One thread of its own looks at folders and reads files; watchdog's thread only tells it where to look. What
events miss (network mounts, a full queue, an exhausted limit) is found by looking at everything every few
seconds. Facts go out through one callback, see crossing.py.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from qms_tui.inbox.book import SETTLE, Hint
from qms_tui.inbox.crossing import CallSoon, Crossing
from qms_tui.inbox.events import InboxEvent, Initial, WatchTrouble
from qms_tui.inbox.followed import LIMITS, NO_WATCH_LEFT, FollowedInbox
from qms_tui.inbox.item import Counts, Item
from qms_tui.inbox.watches import Watches

RESCAN = 3.0  # seconds between looks at everything
MOST_LOOKS = 20_000  # waiting; more are as good as lost, for a look at everything is cheaper
MOST_TROUBLES = 1_000  # texts remembered as told
NO_EVENTS = "this system has no inotify: inboxes are looked at every few seconds instead"
_log = logging.getLogger(__name__)


class _Look(Struct, frozen=True):
    """Where to look: at a name, at an agent's folder, or (without an agent) just up."""

    agent: str = ""
    name: str = ""
    hint: Hint | None = None


class InboxWatcher:
    """Follows inboxes, whether their folders are there or not.

    Args:
        inboxes: the inbox folder of each agent, absolute and without links above the project.
        on_event: told what happens, in its order; must not raise.
        rescan: seconds between looks at everything.
        settle: seconds after which a file that nobody has closed counts as whole.
        call_soon: runs a callable in the owner's thread (`loop.call_soon_threadsafe`); without it,
            `on_event` is called in the watcher's.
        use_events: False looks at everything every `rescan` seconds and nothing else.
        discover: asked in the watcher's thread, every `rescan` seconds, for inboxes to follow besides.
        on_watching: called once, in the watcher's thread, when the inboxes known at first are watched.
        project: the root of the project, whose going is told: all inboxes go with it.
    """

    def __init__(
        self,
        inboxes: Mapping[str, Path],
        on_event: Callable[[InboxEvent], None],
        *,
        rescan: float = RESCAN,
        settle: float = SETTLE,
        call_soon: CallSoon | None = None,
        use_events: bool = True,
        discover: Callable[[], Mapping[str, Path]] | None = None,
        on_watching: Callable[[], None] | None = None,
        project: Path | None = None,
    ) -> None:
        self._crossing = Crossing(on_event, call_soon)
        self._rescan = rescan
        self._settle = settle
        self._use_events = use_events
        self._discover = discover
        self._on_watching = on_watching
        self._project = project
        self._lock = threading.Lock()
        self._adding = threading.Lock()
        self._inboxes = {agent: self._follow(agent, path) for agent, path in inboxes.items()}
        self._looks: queue.Queue[_Look] = queue.Queue(MOST_LOOKS)
        self._lost = threading.Event()
        self._closing = threading.Event()
        self._troubles: set[str] = set()
        self._watches: Watches | None = None
        self._next_rescan = 0.0
        self._thread = threading.Thread(target=self._run, name="inbox-watcher", daemon=True)

    def start(self) -> None:
        """Begin; `Initial` comes when everything has been looked at once."""
        self._thread.start()

    def add(self, agent: str, path: Path) -> None:
        """Follow one more inbox; `Initial` tells what lies in it. One that is followed stays as it is."""
        with self._adding:
            if agent in self._inboxes:
                return
            self._inboxes = {**self._inboxes, agent: self._follow(agent, path)}
        self.on_folder(agent)

    def close(self) -> None:
        """End; nothing is told afterwards. May be called again."""
        self._crossing.close()
        self._closing.set()
        self._wake(_Look())
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def pending(self, agent: str) -> tuple[Item, ...]:
        """What was told of an agent's inbox and is still there, oldest first."""
        inbox = self._inboxes.get(agent)
        return inbox.items if inbox else ()

    def counts(self, agent: str) -> Counts:
        """How many items of each kind are pending."""
        inbox = self._inboxes.get(agent)
        return inbox.counts if inbox else {}

    def on_hint(self, agent: str, name: str, hint: Hint) -> None:
        """Of watchdog's thread: look at a name of an agent's inbox."""
        self._wake(_Look(agent, name, hint))

    def on_folder(self, agent: str) -> None:
        """Of watchdog's thread: look at an agent's inbox, wherever it is now."""
        self._wake(_Look(agent))

    def on_lost(self) -> None:
        """Of watchdog's thread: look at everything."""
        self._lost.set()
        self._wake(_Look())

    def _wake(self, look: _Look) -> None:
        try:
            self._looks.put_nowait(look)
        except queue.Full:
            self._lost.set()

    def _follow(self, agent: str, path: Path) -> FollowedInbox:
        return FollowedInbox(agent, path, self._settle, self._lock, self._tell)

    def _tell(self, event: InboxEvent) -> None:
        if isinstance(event, WatchTrouble):
            if event.text in self._troubles or len(self._troubles) >= MOST_TROUBLES:
                return
            self._troubles.add(event.text)
            _log.warning("%s", event.text)
        self._crossing(event)

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._turn()
        except Exception:  # the boundary of a thread: without it old counts would pass for true ones
            _log.exception("the inbox watcher failed")
            self._tell(WatchTrouble("inboxes are no longer watched: the log file says why"))
        finally:
            if self._watches is not None:
                self._watches.close()

    def _open_watches(self) -> None:
        """Have inotify, also later where an agent has all instances now."""
        if not self._use_events:
            return
        if self._watches is not None:
            self._watches.take_spares()
            return
        try:
            self._watches = Watches(self)
        except OSError as error:
            _log.info("no inotify: %s", error)
            self._use_events = error.errno in LIMITS
            self._tell(WatchTrouble(NO_WATCH_LEFT if self._use_events else NO_EVENTS))

    def _watch_first(self) -> None:
        """What is new is watched before it is read, which takes its time."""
        for inbox in self._inboxes.values():
            if not inbox.seen:
                inbox.watch(self._watches)
        if self._on_watching is not None:
            self._on_watching()
            self._on_watching = None

    def _turn(self) -> None:
        if self._lost.is_set() or time.monotonic() >= self._next_rescan:
            self._lost.clear()
            for agent, path in (self._discover() if self._discover else {}).items():
                self.add(agent, path)
            self._look_at_project()
            self._open_watches()
            self._watch_first()
            self._look_at(self._inboxes.values())
            self._next_rescan = time.monotonic() + self._rescan
        self._take_hints(self._wait())
        for inbox in self._inboxes.values():
            if not inbox.look_at_due():
                inbox.look(self._watches)

    def _look_at_project(self) -> None:
        if self._project is not None and not os.path.lexists(self._project / ".claude"):
            hint = "leave, and open it where it is now"
            self._tell(WatchTrouble(f"the project is gone from {self._project}: {hint}"))

    def _look_at(self, inboxes: Iterable[FollowedInbox]) -> None:
        new = []
        for inbox in inboxes:
            if self._closing.is_set():
                return
            if not inbox.seen:
                new.append(inbox)
            inbox.look(self._watches)
        if new:
            items = (item for inbox in new for item in inbox.items)
            self._tell(Initial(tuple(sorted(items, key=lambda item: item.arrived))))

    def _wait(self) -> list[_Look]:
        """Where to look, once there is something to look at, or it is time for a name or a rescan."""
        times = (inbox.next_look for inbox in self._inboxes.values())
        until = min((at for at in times if at is not None), default=self._next_rescan)
        seconds = min(until, self._next_rescan) - time.monotonic()
        looks = []
        try:
            looks.append(self._looks.get(timeout=seconds) if seconds > 0 else self._looks.get_nowait())
            while len(looks) < MOST_LOOKS:
                looks.append(self._looks.get_nowait())
        except queue.Empty:
            pass
        return looks

    def _take_hints(self, looks: Iterable[_Look]) -> None:
        folders = dict.fromkeys(look.agent for look in looks if look.agent and look.hint is None)
        for look in looks:
            if look.hint is not None and look.agent in self._inboxes:
                self._inboxes[look.agent].hint(look.name, look.hint)
        self._look_at(self._inboxes[agent] for agent in folders if agent in self._inboxes)
