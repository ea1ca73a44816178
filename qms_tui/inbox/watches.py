"""inotify watches on open folders, through watchdog.

Of watchdog this uses the layer below its Observer: InotifyFD, one thread and one inotify instance for all
folders. The Observer takes a thread per folder, holds a file that is renamed into place back for half a
second to pair the two events (0.3 s is all we have), searches its queue once for each such file, and does not
tell when the kernel has dropped events.

A folder is watched through its descriptor (`/proc/self/fd`), so what is watched is what was opened.
"""

from __future__ import annotations

import errno
import os
from typing import Protocol

from msgspec import Struct
from watchdog.utils import UnsupportedLibcError

from qms_tui.inbox.book import Hint
from qms_tui.inbox.item_reader import is_item_name

try:
    from watchdog.observers.inotify_c import (
        CallbackId,
        InotifyConstants,
        InotifyEvent,
        InotifyFD,
        Mask,
        WatchDescriptor,
    )
except (
    ImportError,
    OSError,
    AttributeError,
    UnsupportedLibcError,
):  # watchdog looks for inotify in libc, and macOS has none
    AVAILABLE = False
else:
    from qms_tui.inbox.spares import Spares

    AVAILABLE = True


class Listener(Protocol):
    """Told from the thread that reads events: must be quick, must not raise."""

    def on_hint(self, agent: str, name: str, hint: Hint) -> None:
        """A file of the agent's inbox may have come, changed or gone."""

    def on_folder(self, agent: str) -> None:
        """The agent's inbox itself, or what is missing above it, may have come or gone."""

    def on_lost(self) -> None:
        """The kernel has dropped events: look at everything."""


class Watch(Struct, frozen=True):
    """One watched folder."""

    _inotify: InotifyFD
    _events: _Events
    _number: WatchDescriptor

    @property
    def is_alive(self) -> bool:
        """Whether the kernel still watches: it ends that when the folder is deleted."""
        return not self._events.ended

    def close(self) -> None:
        """End it. May be called again."""
        if not self._events.ended:
            self._events.ended = True
            self._inotify.remove_callbacks([(self._number, CallbackId(id(self._events)))])


class Watches:
    """All watches of a watcher. Raises OSError if the user has no inotify instance left.

    The limit is the user's, and agents are the same user: one that takes all that it can get must not blind
    us to an inbox that is made later. So a few watches more than we need are taken at once and given up where
    one is needed.
    """

    def __init__(self, listener: Listener) -> None:
        if not AVAILABLE:
            raise OSError("there is no inotify here")
        self._listener = listener
        self._inotify = InotifyFD()
        self._inotify.start()
        self._spares = Spares()

    def watch(self, agent: str, folder: int, missing: str) -> Watch:
        """Watch an agent's inbox, or the folder in which `missing` must appear for it to be there.

        Raises OSError if the user has no watch left.
        """
        events = _Events(agent, self._listener, os.fsencode(missing))
        path = b"/proc/self/fd/%d" % folder
        while True:
            try:
                number = self._inotify.add_callback(path, _MASK, events, CallbackId(id(events)))
                break
            except OSError as error:
                # What watchdog then asks for is a watch that its instance has already.
                if error.errno != errno.ENOSPC or not self._spares.give(
                    self._inotify._inotify_fd, path, _MASK
                ):
                    raise
        if number < 0:  # watchdog keeps quiet when access is denied
            raise PermissionError("the folder may not be watched")
        self._spares.take()
        return Watch(self._inotify, events, number)

    def take_spares(self) -> None:
        """Take again what was given up, as far as there is any."""
        self._spares.take()

    def close(self) -> None:
        """End all watches, and the thread."""
        self._inotify.stop()
        self._inotify.join()
        self._spares.close()


if AVAILABLE:
    _SELF = InotifyConstants.IN_DELETE_SELF | InotifyConstants.IN_MOVE_SELF
    _CAME = InotifyConstants.IN_CREATE | InotifyConstants.IN_MOVED_TO
    _WENT = InotifyConstants.IN_DELETE | InotifyConstants.IN_MOVED_FROM
    _WHOLE = InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_MOVED_TO
    _MASK = Mask(_SELF | _CAME | _WENT | _WHOLE)
    _HINTS = (
        (InotifyConstants.IN_DELETE, Hint.VANISHED),
        (InotifyConstants.IN_MOVED_FROM, Hint.MOVED_AWAY),
        (InotifyConstants.IN_MOVED_TO, Hint.MOVED_HERE),
        (InotifyConstants.IN_CLOSE_WRITE, Hint.WRITTEN),
    )


class _Events:
    """What watchdog's WatchCallback asks for. Called from its thread."""

    def __init__(self, agent: str, listener: Listener, missing: bytes) -> None:
        self._agent = agent
        self._listener = listener
        self._missing = missing
        self.ended = False

    def on_event(self, event: InotifyEvent) -> None:
        """Something happened to the folder, or to a name in it."""
        if self.ended:
            return
        if event.mask & _SELF or (self._missing and event.name == self._missing):
            self._listener.on_folder(self._agent)
        elif not self._missing and is_item_name(name := os.fsdecode(event.name)):
            self._listener.on_hint(self._agent, name, _hint(event.mask))

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """The folder is deleted."""
        self.ended = True
        self._listener.on_folder(self._agent)

    def on_queue_overflow(self) -> None:
        """The kernel has dropped events."""
        self._listener.on_lost()


def _hint(mask: int) -> Hint:
    return next((hint for bit, hint in _HINTS if mask & bit), Hint.APPEARED)
