"""Watches that are given up where one is needed and none is left: agents may have taken all others."""

from __future__ import annotations

import contextlib
import os
import sys

from watchdog.utils import UnsupportedLibcError

with contextlib.suppress(UnsupportedLibcError):  # as on macOS, where nobody uses this
    from watchdog.observers.inotify_c import (
        Mask,
        WatchDescriptor,
        inotify_add_watch,
        inotify_init,
        inotify_rm_watch,
    )

SPARES = 64  # watches
BATCH = 8  # given up at once: whoever lies in wait for them must be faster so many times
_ATTRIBUTES = 0x4  # IN_ATTRIB, of a file that nobody else can reach: nothing is ever told


class Spares:
    """They have an inotify instance of their own, and are on files in memory."""

    def __init__(self) -> None:
        """Take as many as there are; without any this does nothing."""
        self._inotify = inotify_init()  # -1: there is no instance left
        if self._inotify >= 0:
            os.set_blocking(self._inotify, False)
            os.set_inheritable(self._inotify, False)
        self._files: list[int] = []
        self._numbers: list[WatchDescriptor] = []
        with contextlib.suppress(OSError):
            while len(self._files) < SPARES:
                self._files.append(_file_in_memory())
        self.take()

    def take(self) -> None:
        """Have as many as there are files, or as the limit lets us."""
        if self._inotify < 0 or len(self._numbers) == len(self._files):
            return
        with contextlib.suppress(BlockingIOError):
            os.read(self._inotify, 2**16)  # that others were given up
        # A file that is watched already gets the number that it has.
        self._numbers.clear()
        for file in self._files:
            number = inotify_add_watch(self._inotify, b"/proc/self/fd/%d" % file, Mask(_ATTRIBUTES))
            if number >= 0:
                self._numbers.append(number)

    def release(self) -> bool:
        """Give some up; whether there were any."""
        released, self._numbers = self._numbers[-BATCH:], self._numbers[:-BATCH]
        for number in released:
            inotify_rm_watch(self._inotify, number)
        return bool(released)

    def close(self) -> None:
        """Give all up."""
        for descriptor in (*self._files, *([self._inotify] if self._inotify >= 0 else [])):
            os.close(descriptor)
        self._files, self._numbers, self._inotify = [], [], -1


def _file_in_memory() -> int:
    """A descriptor."""
    if sys.platform != "linux":  # for the types: what has inotify has these
        raise OSError("no files in memory here")
    return os.memfd_create("qms-tui-spare", os.MFD_CLOEXEC)
