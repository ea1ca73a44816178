"""Watches that are given up where one is needed and none is left: agents may have taken all others."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

from watchdog.utils import UnsupportedLibcError

with contextlib.suppress(UnsupportedLibcError):  # as on macOS, where nobody uses this
    from watchdog.observers.inotify_c import inotify_init

SPARES = 64  # watches
_libc = ctypes.PyDLL(
    None
)  # keeps the interpreter's lock: our other threads would cost the time in which others are faster
_ATTRIBUTES = 0x4  # IN_ATTRIB, of a file that nobody else can reach: nothing is ever told


class Spares:
    """They have an inotify instance of their own, and are on files in memory."""

    def __init__(self) -> None:
        """Take as many as there are; without any this does nothing."""
        self._inotify = inotify_init()  # -1: there is no instance left
        if self._inotify >= 0:
            os.set_blocking(self._inotify, False)
            os.set_inheritable(self._inotify, False)
        self._files: list[int] = []  # without a watch
        self._held: list[tuple[int, int]] = []  # and the number of its watch
        with contextlib.suppress(OSError):
            while len(self._files) < SPARES:
                self._files.append(_file_in_memory())
        self.take()

    def take(self) -> None:
        """Have as many as there are files, or as the limit lets us; at once, before others take them."""
        while self._files and self._inotify >= 0:
            file = self._files[-1]
            number = _libc.inotify_add_watch(self._inotify, b"/proc/self/fd/%d" % file, _ATTRIBUTES)
            if number < 0:
                break
            self._held.append((self._files.pop(), number))
        if self._inotify >= 0:
            with contextlib.suppress(BlockingIOError):
                os.read(self._inotify, 2**16)  # that others were given up

    def give(self, inotify: int, folder: bytes, mask: int) -> bool:
        """Trade spares for a folder's watch in that instance: whether it has one now.

        An agent that lies in wait must be faster than the next system call, once for each spare.
        """
        given = False
        while self._held and not given:
            file, number = self._held.pop()
            self._files.append(file)
            _libc.inotify_rm_watch(self._inotify, number)
            given = _libc.inotify_add_watch(inotify, folder, mask) >= 0
        return given

    def close(self) -> None:
        """Give all up."""
        files = [*self._files, *(file for file, _ in self._held)]
        for descriptor in (*files, *([self._inotify] if self._inotify >= 0 else [])):
            os.close(descriptor)
        self._files, self._held, self._inotify = [], [], -1


def _file_in_memory() -> int:
    """A descriptor."""
    if sys.platform != "linux":  # for the types: what has inotify has these
        raise OSError("no files in memory here")
    return os.memfd_create("qms-tui-spare", os.MFD_CLOEXEC)
