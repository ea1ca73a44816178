"""One agent's inbox, followed wherever its folder goes.

Only the watcher's thread looks and reads here; the lock is for those who ask the book from elsewhere.
"""

from __future__ import annotations

import errno
import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from qms_tui.inbox.book import Book, Gone, Hint, Ready
from qms_tui.inbox.events import InboxClosed, InboxEvent, ItemChanged, ItemConsumed, WatchTrouble
from qms_tui.inbox.files import (
    MOST_ITEMS,
    Sighting,
    identity,
    list_items,
    look,
    open_folder,
    open_nearest,
    read_start,
)
from qms_tui.inbox.item import Counts, Identity, Item
from qms_tui.inbox.parse import parse
from qms_tui.inbox.saves import Saves, says_the_same
from qms_tui.project import obstacle

if TYPE_CHECKING:  # what it loads takes long, and one look needs none of it
    from qms_tui.inbox.watches import Watch, Watches

BATCH = 250  # files looked at before other inboxes have their turn
NO_WATCH_LEFT = "the limit of inotify is reached: inboxes are looked at every few seconds instead"
_TRIES = 5  # to find the folder again that moves while we look for it; then the rescan will
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # what a link leads to is not the inbox
LIMITS = (errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class _Watched(Struct, frozen=True):
    """A watched folder, and what is missing in it ("": it is the inbox)."""

    folder: Identity
    missing: str
    watch: Watch


class FollowedInbox:
    """The inbox of `agent` at `path` (absolute, without links); `tell` is told what comes and goes."""

    def __init__(
        self, agent: str, path: Path, settle: float, lock: threading.Lock, tell: Callable[[InboxEvent], None]
    ) -> None:
        self.agent = agent
        self.seen = False  # nothing is an arrival before it was looked at once
        self._path = path
        self._book = Book(settle)
        self._lock = lock
        self._tell = tell
        self._watched: _Watched | None = None
        self._closed = ""
        self._saves = Saves()

    @property
    def items(self) -> tuple[Item, ...]:
        """What was told and is still there, oldest first."""
        with self._lock:
            return self._book.items

    @property
    def counts(self) -> Counts:
        """How many items of each kind are there."""
        with self._lock:
            return self._book.counts

    @property
    def next_look(self) -> float | None:
        """When (monotonic seconds) a file must be looked at again."""
        times = (self._book.next_look, self._saves.next_look)
        return min((at for at in times if at is not None), default=None)

    def hint(self, name: str, hint: Hint) -> None:
        """Something may have happened to a name."""
        self._saves.hint(name, hint)
        self._book.hint(name, hint, time.monotonic())

    def watch(self, watches: Watches | None) -> None:
        """Have the folder watched, or what is there of its path, before anything is read."""
        try:
            with open_folder(self._path) as folder:
                self._watch(watches, folder, "")
        except OSError:
            self._watch_parent(watches)

    def look(self, watches: Watches | None) -> None:
        """Look at the whole folder: what is there, and what is no longer."""
        for _ in range(_TRIES):
            try:
                with open_folder(self._path) as folder:
                    self._watch(watches, folder, "")
                    self._take_in(folder)
                self._tell_closed("")
                break
            except OSError as error:
                self._tell_closed(obstacle(self._path, error))
                if error.errno not in _GONE:  # what cannot be looked at now is not gone
                    break
            self._clear()
            if not self._watch_parent(watches):
                break
        self.seen = True

    def look_at_due(self) -> bool:
        """Look at the names that it is time for; False if the folder is not what it was."""
        for gone in self._saves.expired(time.monotonic(), self._book.names):
            self._tell_gone(gone)
        names = self._book.due(time.monotonic(), BATCH)
        if not names:
            return True
        try:
            with open_folder(self._path) as folder:
                for name in names:
                    self._see(folder, name, look(folder, name))
        except OSError:
            self._book.drop_wishes()  # the look at the folder that follows sees them all
            return False
        return True

    def _take_in(self, folder: int) -> None:
        listing = list_items(folder)
        if not listing.complete:
            self._trouble(f"the inbox of {self.agent} is too full: only {MOST_ITEMS} items of it are shown")
        for name, sighting in listing.files.items():
            self._see(folder, name, sighting)
        for name in self._book.names:
            if name not in listing.files:
                # A listing of a folder in motion may lack a file that is there: ask before it is called gone.
                self._see(folder, name, look(folder, name))

    def _see(self, folder: int, name: str, sighting: Sighting | None) -> None:
        now = time.monotonic()
        with self._lock:
            steps = self._book.see(name, sighting, now, settled=not self.seen)
        for step in steps:
            if isinstance(step, Ready):
                self._read(folder, step)
            elif not self._saves.hold(step, now):
                self._tell_gone(step)

    def _read(self, folder: int, ready: Ready) -> None:
        now = time.time()
        arrived = now - ready.waited if self.seen else min(now, ready.sighting.written / 1e9)
        content = read_start(folder, ready.name, ready.sighting)
        item = parse(self.agent, ready.name, content, arrived, ready.sighting.identity)
        with self._lock:
            event: InboxEvent | None = self._book.tell(ready.name, item)
        if (gone := self._saves.take(ready.name)) is not None:
            if says_the_same(gone.item, item):
                event = ItemChanged(gone.item, replace(item, arrived=gone.item.arrived))
            else:
                self._tell_gone(gone)
        if event is not None and self.seen:
            self._tell(event)

    def _clear(self) -> None:
        with self._lock:
            gone = self._book.clear()
        for step in (*self._saves.expired(math.inf, ()), *gone):
            self._tell_gone(step)

    def _tell_gone(self, gone: Gone) -> None:
        if self.seen:
            self._tell(ItemConsumed(gone.item, time.time()))

    def _watch_parent(self, watches: Watches | None) -> bool:
        """Whether there is a new watch, so that what came before it has to be looked for once more."""
        try:
            with open_nearest(self._path) as (folder, missing):
                return self._watch(watches, folder, missing)
        except OSError:
            return False

    def _watch(self, watches: Watches | None, folder: int, missing: str) -> bool:
        """Watch this folder instead of what was watched, if it is another."""
        if watches is None:
            return False
        which, old = identity(folder), self._watched
        if old and old.watch.is_alive and (old.folder, old.missing) == (which, missing):
            return False
        try:
            # Before the old one is given up, which an agent may be waiting to take.
            watch = watches.watch(self.agent, folder, missing)
        except OSError as error:
            if error.errno in LIMITS:
                self._trouble(NO_WATCH_LEFT)
            return False
        if old:
            old.watch.close()
            watches.take_spares()
        self._watched = _Watched(which, missing, watch)
        return True

    def _tell_closed(self, why: str) -> None:
        if why == self._closed:
            return
        self._closed = why
        self._tell(InboxClosed(self.agent, why))
        if why:
            self._trouble(f"the inbox of {self.agent} cannot be looked at: {why}")

    def _trouble(self, text: str) -> None:
        self._tell(WatchTrouble(text))
