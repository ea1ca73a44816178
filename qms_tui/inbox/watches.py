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
from dataclasses import dataclass
from typing import Protocol

from watchdog.utils import UnsupportedLibcError

from qms_tui.inbox.book import Hint
from qms_tui.inbox.files import is_item_name

try:
    from watchdog.observers.inotify_c import (
        CallbackId,
        InotifyConstants,
        InotifyEvent,
        InotifyFD,
        Mask,
        WatchCallback,
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
    AVAILABLE = True


class Listener(Protocol):
    """Told from the thread that reads events: must be quick, must not raise."""

    def on_hint(self, agent: str, name: str, hint: Hint) -> None:
        """A file of the agent's inbox may have come, changed or gone."""

    def on_folder(self, agent: str) -> None:
        """The agent's inbox itself, or what is missing above it, may have come or gone."""

    def on_lost(self) -> None:
        """The kernel has dropped events: look at everything."""


@dataclass(frozen=True, slots=True)
class Watch:
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
        self._spares = Spares(self._inotify)

    def watch(self, agent: str, folder: int, missing: str) -> Watch:
        """Watch an agent's inbox, or the folder in which `missing` must appear for it to be there.

        Raises OSError if the user has no watch left.
        """
        events = _Events(agent, self._listener, os.fsencode(missing))
        while True:
            try:
                number = _add(self._inotify, folder, _MASK, events)
                break
            except OSError as error:
                if error.errno != errno.ENOSPC or not self._spares.release():
                    raise
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


SPARES = 32  # watches, for as many inboxes that are made while an agent holds all others


class Spares:
    """Watches on files in memory that nobody else can reach: nothing ever happens to them."""

    def __init__(self, inotify: InotifyFD) -> None:
        self._inotify = inotify
        self._idle = [os.memfd_create("qms-tui-spare", os.MFD_CLOEXEC) for _ in range(SPARES)]
        self._watched: list[tuple[int, _Silence, WatchDescriptor]] = []
        self.take()

    def take(self) -> None:
        """Have as many as there are files, or as the limit lets us."""
        while self._idle:
            events = _Silence()
            try:
                number = _add(self._inotify, self._idle[-1], _MASK, events)
            except OSError:
                return
            self._watched.append((self._idle.pop(), events, number))

    def release(self) -> bool:
        """Give one up, so that another watch can be had; whether there was one."""
        if not self._watched:
            return False
        descriptor, events, number = self._watched.pop()
        self._inotify.remove_callbacks([(number, CallbackId(id(events)))])
        self._idle.append(descriptor)
        return True

    def close(self) -> None:
        """Close the files, once nothing is watched any more; idempotent."""
        for descriptor in (*self._idle, *(watched[0] for watched in self._watched)):
            os.close(descriptor)
        self._idle, self._watched = [], []


def _add(inotify: InotifyFD, descriptor: int, mask: Mask, events: WatchCallback) -> WatchDescriptor:
    """Watch what is open; raises OSError."""
    path = b"/proc/self/fd/%d" % descriptor
    number = inotify.add_callback(path, mask, events, CallbackId(id(events)))
    if number < 0:  # watchdog keeps quiet when access is denied
        raise PermissionError("it may not be watched")
    return number


class _Silence:
    """What watchdog's WatchCallback asks for, where nothing is to be heard."""

    def on_event(self, event: InotifyEvent) -> None:
        """Nothing."""

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Nothing."""

    def on_queue_overflow(self) -> None:
        """Nothing: whoever listens is told."""


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
    if mask & _WENT:
        return Hint.VANISHED
    return Hint.WRITTEN if mask & _WHOLE else Hint.APPEARED
