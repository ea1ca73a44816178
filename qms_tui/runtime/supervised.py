"""Begins a program of this machine beneath a supervisor that continues it when it stops.

The supervisor leads the terminal's session, and the program a process group in it. Without a supervisor the
group would be an orphan, whose SIGTSTP the kernel drops: Claude Code then waits for ever to be continued.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from qms_tui.runtime.image_files import image_files


def leave_supervisor() -> None:
    """In a child that is to become a program: go on in a child of its own, and supervise that from here.

    Costs the program nothing: the supervisor's Python starts beside it.
    """
    command = [sys.executable, "-I", "-S", str(image_files() / "inside/supervisor.py")]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # passed on later
    program = os.fork()
    if program:
        os.execv(command[0], [*command, str(program)])
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # which a group in the background gets for asking
    with contextlib.suppress(OSError):
        os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
