"""Writes to the outer terminal: at once what it takes, the rest in a thread, which may wait for it.

A thread alone is slow just when it counts: while the loop computes, it has to wait for the interpreter's lock
several times, up to 5 ms each, before the echo of a key is shown.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from io import TextIOWrapper
from queue import Queue
from typing import Any

from textual.drivers._writer_thread import WriterThread


class Writer(WriterThread):
    """As Textual's, which ends with the first error; then the app waits forever for a place in the queue.

    This one goes on taking text when the terminal is gone. `write` is called by one thread only.
    """

    _queue: Queue[Any]

    def __init__(self, file: TextIOWrapper, on_error: Callable[[], None]) -> None:
        """`on_error` is called in either thread once the terminal is gone. `stop()` ends it."""
        super().__init__(file)
        self._output, self._on_error = file.buffer, on_error
        self._direct = _without_waiting(file.fileno())
        self._given = self._written = 0  # pieces handed to the thread, and those that it has done with
        self._stuck = False  # some of those wait in the file's buffer

    def write(self, text: str) -> None:
        """Write text; in its order, whichever way it takes."""
        data = text.encode(errors="replace")
        if self._direct is not None and self._given == self._written and not self._stuck:
            data = self._write_now(self._direct, data)
        if data:
            self._given += 1
            self._queue.put(data)

    def stop(self) -> None:
        """Write what waits, and end."""
        super().stop()
        if self._direct is not None:
            os.close(self._direct)
            self._direct = None

    def run(self) -> None:
        """Write what was not taken at once."""
        while (data := self._queue.get()) is not None:
            self._attempt(data)
            self._written += 1
        self._attempt(b"")

    def _write_now(self, terminal: int, data: bytes) -> bytes:
        """What is left."""
        try:
            return data[os.write(terminal, data) :]
        except BlockingIOError:
            return data
        except OSError:
            self._on_error()
            return b""

    def _attempt(self, data: bytes) -> None:
        try:
            self._output.write(data)
            if self._queue.empty():
                self._output.flush()
                self._stuck = False
        except BlockingIOError:
            self._stuck = True  # another program made the terminal non-blocking; it goes with the next write
        except (OSError, ValueError):  # ValueError: the file is closed
            self._on_error()


def _without_waiting(terminal: int) -> int | None:
    """A descriptor of our own of the same terminal; None where it cannot be opened again.

    The one that we were given stays as it is: the shell has it, too, and is to wait when it writes.
    """
    try:
        own = os.open(os.ttyname(terminal), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if os.fstat(own).st_rdev == os.fstat(terminal).st_rdev:
        return own
    os.close(own)
    return None
