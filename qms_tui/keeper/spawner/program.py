"""One program of this machine: its start on a terminal of its own, its session, its end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator

from ptyprocess import PtyProcess

from qms_tui.keeper.spawner.request import Facts, Request, folder_identity
from qms_tui.runtime.supervised import leave_supervisor


class CannotStart(Exception):
    """The system refuses to run it; the text says why."""


class _Process(PtyProcess):  # type: ignore[misc]
    """Never sleeps: a start that fails would else hold up all other programs for a moment."""

    def __init__(self, pid: int, fd: int) -> None:
        super().__init__(pid, fd)
        self.delayafterclose = self.delayafterterminate = 0


class Program:
    """Leads a session. It is `over` when nothing of that is left, and `drained` when its output is kept."""

    def __init__(self, request: Request) -> None:
        """Starts it. Raises CannotStart."""
        self.agent = request.agent
        self.id = os.urandom(16).hex()
        self.began, self.ended = time.time(), 0.0
        self._resumes, self._folder = request.resumes, folder_identity(request.folder)
        self.pid, self.descriptor = _spawn(request)
        self.status: int | None = None
        self.asked = self.over = self.drained = False
        self._patience = 0.0  # until when, by the monotonic clock, what is left of it may end by itself
        self._is_ending = False

    @property
    def facts(self) -> Facts:
        """What is told of it."""
        code = None if self.status is None else os.waitstatus_to_exitcode(self.status)
        number = -code if code is not None and code < 0 else None
        return Facts(
            self.id, self.agent, self.pid, self.began, self._resumes, self.ended,
            code if number is None else 128 + number, number, self.asked, self._folder,
        )  # fmt: skip

    @property
    def alive(self) -> bool:
        """Whether it runs; others of its session may do so still."""
        return self.status is None

    @property
    def is_ending(self) -> bool:
        """Whether it is to end, and has not quite done so: somebody has to `press`."""
        return self._is_ending and not self.over

    def reaped(self, status: int, grace: float) -> None:
        """It has ended; what is left of its session is hung up, too, and has `grace` seconds."""
        self.status, self.ended = status, time.time()
        if self._is_ending:
            self.press()
        else:
            self._hang_up(grace)

    def end(self, grace: float) -> None:
        """Hang its session up, as somebody has asked; what stays is killed after `grace` seconds."""
        self.asked = True
        if not self._is_ending:
            self._hang_up(grace)

    def kill(self) -> None:
        """Give what is left of it no more time."""
        self._is_ending, self._patience = True, 0.0
        self.press()

    def press(self) -> None:
        """See what is left of a session that is to end; kill that once its time is over."""
        if time.monotonic() >= self._patience:
            self._signal(signal.SIGKILL)
        self.over = not self.alive and not any(_session(self.pid))

    def close(self) -> None:
        """Let go of its terminal."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _hang_up(self, grace: float) -> None:
        self._is_ending, self._patience = True, time.monotonic() + grace
        self._signal(signal.SIGHUP)
        self._signal(signal.SIGCONT)  # a stopped process would never see the hang-up
        self.press()

    def _signal(self, number: signal.Signals) -> None:
        for pid in _session(self.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def _spawn(request: Request) -> tuple[int, int]:
    """The number of the session's leader, and the descriptor of its terminal. Raises CannotStart."""
    parent = os.getpid()

    def become() -> None:
        _reset_signals()
        os.umask(request.umask)
        leave_supervisor()

    try:
        if any("\0" in text for text in (*request.argv, *request.environment, *request.environment.values())):
            raise ValueError("an argument or a variable has a NUL character")
        process = _Process.spawn(
            list(request.argv),
            cwd=request.folder,
            env=dict(request.environment),
            preexec_fn=become,
            dimensions=(request.lines, request.columns),
        )
    except (OSError, ValueError) as error:
        raise CannotStart(str(error)) from None
    finally:
        if os.getpid() != parent:  # what ptyprocess raises in the child would go on here as a second spawner
            os._exit(126)
    descriptor = os.dup(process.fd)  # not ptyprocess's own, which it would close at a time of its choice
    process.fileobj.close()
    process.closed = True
    return int(process.pid), descriptor


def _reset_signals() -> None:
    """In the child: those that Python or who started us ignores, and none is kept back."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):  # the C library keeps some for itself
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _session(leader: int) -> Iterator[int]:
    """Every process of the session: the program, its children, their background jobs; no zombies."""
    for pid in _pids():
        with contextlib.suppress(OSError):
            if os.getsid(pid) == leader and not _is_zombie(pid):
                yield pid


if sys.platform == "linux":

    def _pids() -> list[int]:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]

    def _is_zombie(pid: int) -> bool:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            return stream.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")

else:
    import subprocess

    def _pids() -> list[int]:
        said = subprocess.run(("/bin/ps", "-A", "-o", "pid=,stat="), capture_output=True, check=False).stdout
        rows = (line.split() for line in said.splitlines())
        return [int(row[0]) for row in rows if len(row) == 2 and not row[1].startswith(b"Z")]

    def _is_zombie(pid: int) -> bool:
        return False
