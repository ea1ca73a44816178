"""The terminal lent to another program: it comes back as it was, whatever that program does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from textual.app import App

_LATER = (signal.SIGTERM, signal.SIGHUP)  # acted on once the terminal is back
_NOT_FOR_US = (signal.SIGINT, signal.SIGQUIT)  # typed into the other program, which is in our process group
_RESET = "\x1b[?1l\x1b>\x1b[?2004l\x1b[?1000l\x1b[?1003l\x1b[0m\x1b[?25h"  # keys, paste, mouse, looks, cursor
_SOON = 1.0  # seconds: a program that stops again within them has not been stopped by a human
_MOST_STOPS = 3  # such stops, one after the other


@contextmanager
def lent_terminal(app: App[None]) -> Iterator[None]:
    """The terminal is another program's meanwhile. Raises SuspendNotSupported where there is none.

    What is raised inside is raised behind: Textual's `App.suspend` would not take the terminal back, and
    nobody could type any more. The event loop stands still.
    """
    failure: BaseException | None = None
    with app.suspend(), _kept_settings(), _signals_for_later():
        try:
            yield
        except BaseException as error:  # raised again once the terminal is ours
            failure = error
    if failure is not None:
        raise failure


def run(argv: Sequence[str]) -> int:
    """Run a program on the terminal until it ends; its exit status, or minus the signal that ended it.

    One that stops itself alone is continued at once, as tmux does, since no shell would; one that keeps
    doing so is ended. (Ctrl+Z mostly stops us as well, and the shell that started us has both again.) Raises
    OSError for what cannot be run.
    """
    process = subprocess.Popen(argv)
    stops, continued = 0, 0.0
    while True:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode
        stops = stops + 1 if time.monotonic() - continued < _SOON else 1
        os.kill(process.pid, signal.SIGKILL if stops > _MOST_STOPS else signal.SIGCONT)
        continued = time.monotonic()


@contextmanager
def _kept_settings() -> Iterator[None]:
    """What a program does to the terminal that is killed, or has job control of its own, is undone."""
    terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
    try:
        settings, group = termios.tcgetattr(terminal), os.tcgetpgrp(terminal)
    except (termios.error, OSError):  # it is gone, or is not our controlling terminal
        yield
        return
    try:
        yield
    finally:
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # a group in the background may do this, then
        with suppress(termios.error, OSError):
            os.tcsetpgrp(terminal, group)
            termios.tcsetattr(terminal, termios.TCSADRAIN, settings)
            os.write(terminal, _RESET.encode())
        signal.signal(signal.SIGTTOU, before)


@contextmanager
def _signals_for_later() -> Iterator[None]:
    """Ctrl+C in the other program reaches us too, and is not for us; being asked to end is kept for later."""
    missed: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        missed.append(number)

    wakeup = signal.set_wakeup_fd(-1)  # asyncio's, which would hear of all of them
    # A handler, not SIG_IGN: that is inherited.
    before = {number: signal.signal(number, note) for number in (*_LATER, *_NOT_FOR_US)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        for late in missed:
            if late in _LATER:
                os.kill(os.getpid(), late)
