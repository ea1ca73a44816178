"""Lets a program go on when it stops, as tmux does with the program of a pane.

Ctrl+Z stops Claude Code (SIGTSTP), for a shell to continue it; a container has none. So the entrypoint forks:
the child becomes the program, the parent continues it, passes signals on to it and ends as it ended. Like
tmux it leaves alone what stops for want of the terminal (SIGTTIN, SIGTTOU). What the program itself has
started is for that to continue. `kill -STOP -1` stops the supervisor, too, until `docker kill --signal CONT`.

    supervisor.py PID       supervises a child that was forked before: so agents on the host are begun
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys

_WANTS_TERMINAL = (signal.SIGTTIN, signal.SIGTTOU)
_STOPS = (signal.SIGSTOP, signal.SIGTSTP, *_WANTS_TERMINAL)
_OWN = (  # of the supervisor's: its faults, its pipes, its child
    signal.SIGSEGV, signal.SIGFPE, signal.SIGILL, signal.SIGBUS, signal.SIGTRAP, signal.SIGABRT,
    signal.SIGSYS, signal.SIGPIPE, signal.SIGCHLD,
)  # fmt: skip
PASSED = frozenset(signal.valid_signals()) - {*_STOPS, *_OWN, signal.SIGKILL}


def fork() -> int:
    """The child's number, which is to be supervised; 0 in the child, which is to become the program.

    The child leads a process group of its own, and has the terminal if there is one. What is to be passed on
    is blocked in the parent until it supervises.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED)
    program = os.fork()
    if not program:
        _take_terminal()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED)
    return program


def supervise(program: int) -> int:
    """Until the child has ended; its exit status as a shell has it, unless the same signal ends this one."""
    for number in PASSED:
        signal.signal(number, lambda number, _: _send(program, number))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    status = _status(program)
    if os.WIFEXITED(status):
        return os.WEXITSTATUS(status)
    return _die(os.WTERMSIG(status))


def _die(number: int) -> int:
    """End by a signal. The first process of a container cannot: its status instead, as a shell has it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the program's own dump is the one that tells something
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


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
    """Continue the program whenever it stops; the status with which it ends.

    Without an init of its own a container gives us its orphans, too: they are reaped and no more.
    """
    while True:
        changed, status = os.waitpid(-1, os.WUNTRACED)
        if changed != program:
            continue
        if not os.WIFSTOPPED(status):
            return status
        if os.WSTOPSIG(status) not in _WANTS_TERMINAL:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program, signal.SIGCONT)


if __name__ == "__main__":
    sys.exit(supervise(int(sys.argv[1])))
