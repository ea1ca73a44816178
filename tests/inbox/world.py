"""A real folder, a real watcher on it, and what it told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from qms_tui.inbox import (
    InboxEvent,
    Initial,
    Item,
    ItemArrived,
    ItemChanged,
    ItemConsumed,
    WatchTrouble,
)
from qms_tui.inbox.watcher import InboxWatcher

PATIENCE = 30.0  # seconds: the machine may be busy
_Event = TypeVar("_Event", bound=InboxEvent)


class Told:
    """All events in their order; may be asked from any thread."""

    def __init__(self) -> None:
        self.events: list[InboxEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: InboxEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition on what was told; fails after some seconds."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            # Looked at twice a second too: a condition may depend on more than what was told.
            while not condition():
                assert time.monotonic() < end, self.events[-5:]
                self._changed.wait(0.5)

    def of(self, kind: type[_Event]) -> list[_Event]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def initial(self) -> list[list[str]]:
        return [[item.file for item in event.items] for event in self.of(Initial)]

    @property
    def arrived(self) -> list[str]:
        return [event.item.file for event in self.of(ItemArrived)]

    @property
    def arrivals(self) -> list[Item]:
        return [event.item for event in self.of(ItemArrived)]

    @property
    def changed(self) -> list[str]:
        return [event.item.headline for event in self.of(ItemChanged)]

    @property
    def consumed(self) -> list[str]:
        return [event.item.file for event in self.of(ItemConsumed)]

    @property
    def troubles(self) -> list[str]:
        return [event.text for event in self.of(WatchTrouble)]


class World:
    """One agent's inbox (`qa`) and its watcher."""

    def __init__(self, told: Told, watcher: InboxWatcher, inbox: Path) -> None:
        self.told = told
        self.watcher = watcher
        self.inbox = inbox

    @property
    def pending(self) -> set[str]:
        return {item.file for item in self.watcher.pending("qa")}

    def sync(self) -> None:
        """Wait until everything that happened so far is told: a file of our own comes and goes behind it.

        It comes as a link, which nobody closes: it has to settle, as whatever came before it has then.
        """
        source = self.inbox.with_name("mark")
        source.write_text("mark")
        mark = self.inbox / f"zz-mark-{len(self.told.events)}.md"
        mark.hardlink_to(source)
        self.told.until(lambda: mark.name in self.told.arrived)
        mark.unlink()
        self.told.until(lambda: mark.name in self.told.consumed)

    def arrived(self) -> list[str]:
        return [name for name in self.told.arrived if not name.startswith("zz-mark")]

    def consumed(self) -> list[str]:
        return [name for name in self.told.consumed if not name.startswith("zz-mark")]


@contextmanager
def watching(
    inboxes: Mapping[str, Path], *, rescan: float = 600.0, use_events: bool = True
) -> Iterator[tuple[InboxWatcher, Told]]:
    """A watcher that has looked at everything once; without rescans unless a test asks for them."""
    told = Told()
    watcher = InboxWatcher(inboxes, told, rescan=rescan, use_events=use_events)
    watcher.start()
    try:
        told.until(lambda: bool(told.initial))
        yield watcher, told
    finally:
        watcher.close()
