"""Lets the agent's program go on when it stops, as tmux does with the program of a pane.

Ctrl+Z stops Claude Code (SIGTSTP), for a shell to continue it; a container has none. So the entrypoint forks:
the child becomes the program, the parent continues it, passes signals on to it and ends as it ended. Like
tmux it leaves alone what stops for want of the terminal (SIGTTIN, SIGTTOU). Nobody can continue a program
beneath the agent's own one but whoever started that; `kill -STOP -1` stops the supervisor as well, until
`docker kill --signal CONT`.
"""

from __future__ import annotations

import contextlib
import os
import signal

_WANTS_TERMINAL = (signal.SIGTTIN, signal.SIGTTOU)
_STOPS = (signal.SIGSTOP, signal.SIGTSTP, *_WANTS_TERMINAL)
_OWN = (  # of the supervisor's: its faults, its pipes, its child
    signal.SIGSEGV, signal.SIGFPE, signal.SIGILL, signal.SIGBUS, signal.SIGTRAP, signal.SIGABRT, signal.SIGSYS,
    signal.SIGPIPE, signal.SIGCHLD,
)  # fmt: skip
PASSED = frozenset(signal.valid_signals()) - {*_STOPS, *_OWN, signal.SIGKILL}


def supervise() -> int | None:
    """Fork. None in the child, which is to become the program; in the parent its exit status, once it has ended.

    The child leads a process group of its own, and has the terminal if there is one.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED)  # what comes meanwhile is passed on, and not obeyed
    program = os.fork()
    if not program:
        _take_terminal()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED)
        return None
    for number in PASSED:
        signal.signal(number, lambda number, _: _send(program, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED)
    return _status(program)


def _take_terminal() -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # which a group in the background gets for asking
    with contextlib.suppress(OSError):  # there is none
        os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


def _send(program: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(program, number)


def _status(program: int) -> int:
    """Continue the program whenever it stops; its exit status as a shell has it.

    Without an init of its own the container gives us orphans, too: they are reaped and no more.
    """
    while True:
        changed, status = os.waitpid(-1, os.WUNTRACED)
        if changed != program:
            continue
        if not os.WIFSTOPPED(status):
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        if os.WSTOPSIG(status) not in _WANTS_TERMINAL:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program, signal.SIGCONT)
