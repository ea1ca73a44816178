"""The agent's side of its terminal: modes that are put back, its size, news of a new size."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import sys
import termios
from collections.abc import Iterator
from typing import NamedTuple

_IFLAG, _LFLAG, _CC = 0, 3, 6  # places in what termios.tcgetattr returns


class Size(NamedTuple):
    """columns x lines."""

    columns: int
    lines: int


def size() -> Size:
    """The size of the terminal, asked now; 80 x 24 where there is none.

    Not shutil.get_terminal_size: COLUMNS and LINES of the environment are those of the outer terminal.
    """
    with contextlib.suppress(OSError):
        found = os.get_terminal_size(sys.stdout.fileno())
        if found.columns > 0 and found.lines > 0:
            return Size(found.columns, found.lines)
    return Size(80, 24)


def is_terminal() -> bool:
    """Whether somebody sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def set_title(text: str) -> None:
    """The title of the pane: OSC 0 (xterm ctlseqs)."""
    if is_terminal():
        sys.stdout.write(f"\x1b]0;{text}\x07")
        sys.stdout.flush()


def check_hung_up() -> None:
    """Where reading ends: because the other end of the terminal is gone, or because of Ctrl+D?

    Raises:
        OSError: it is gone.
    """
    if is_terminal() and _hung_up():
        raise OSError(errno.EIO, "the terminal is gone")


def _hung_up() -> bool:
    asked = select.poll()
    asked.register(sys.stdin, 0)  # POLLHUP is always told
    return any(events & select.POLLHUP for _, events in asked.poll(0))


@contextlib.contextmanager
def without_flow_control() -> Iterator[None]:
    """Ctrl+S is an ordinary key: a demo that freezes at a stray key looks broken."""
    with _changed(iflag=termios.IXON):
        yield


@contextlib.contextmanager
def unechoed() -> Iterator[None]:
    """What is typed is kept for the next prompt, and not shown now."""
    with _changed(lflag=termios.ECHO):
        yield


@contextlib.contextmanager
def key_by_key() -> Iterator[None]:
    """Each key can be read at once, unechoed; Ctrl+C still interrupts."""
    with _changed(lflag=termios.ECHO | termios.ICANON):
        yield


@contextlib.contextmanager
def size_changes() -> Iterator[int]:
    """A descriptor that becomes readable when the terminal gets a new size."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)  # asked for by set_wakeup_fd
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)  # full: then somebody was told already
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)


def listen_for_sizes() -> None:
    """Make SIGWINCH interrupt us at all. Call it before readline is imported.

    readline's own handler, which keeps the prompt right, goes on to the one it found; one that is
    installed later would replace it.
    """
    signal.signal(signal.SIGWINCH, lambda _number, _frame: None)


@contextlib.contextmanager
def _changed(*, iflag: int = 0, lflag: int = 0) -> Iterator[None]:
    """The terminal without these flags, and as it was afterwards; nothing where there is no terminal."""
    if not is_terminal():
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    changed = [*before[:_CC], list(before[_CC])]
    changed[_IFLAG] &= ~iflag
    changed[_LFLAG] &= ~lflag
    try:
        # NOW, not FLUSH: what was typed ahead is for us
        termios.tcsetattr(descriptor, termios.TCSANOW, changed)
        yield
    finally:
        with contextlib.suppress(termios.error):  # hung up: nothing to put back
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
