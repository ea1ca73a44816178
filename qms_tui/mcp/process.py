"""A server's program: started in a group of its own, its words in our log, its whole group ended."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import functools
import logging
import os
import resource
import shutil
import signal

from qms_tui.mcp.last_words import LastWords
from qms_tui.mcp.launch import LaunchSpec

_log = logging.getLogger(__name__)

END_PATIENCE = 2.0  # seconds to end in after SIGTERM
LAST_WORDS = 2.0  # seconds in which what it said last must have come; another program may hold the pipe open
LONGEST_WORD = 500  # characters of a line of its standard error that are logged
MOST_LINES = 200  # of them per start; a talkative server must not fill the log
DRAIN, DRAIN_EVERY = 64 * 1024, 0.02  # bytes, seconds: what comes beyond that waits in the pipe
_DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)  # as we are started
_PR_SET_PDEATHSIG = 1
_prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)  # Linux only
# Elsewhere a shell in the server's group reads a pipe whose other end only we hold, and ends the group then.
_WATCHED = """
lifeline=$1
shift
{ read -r _ <"/dev/fd/$lifeline"; kill 0; } </dev/null >/dev/null 2>&1 &
exec "$@"
"""


class _Protocol(asyncio.subprocess.SubprocessStreamProtocol):
    """Says at once that the program has ended, or reads no more: what it has started may hold its pipes."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit, loop)
        self.exited, self.over = asyncio.Event(), asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()
        self.over.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        super().pipe_connection_lost(fd, exc)
        if fd == 0:
            self.over.set()


class Program:
    """One start of a server's program. `over`: it has ended, or reads no more."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, protocol: _Protocol) -> None:
        self.process = process
        self.over = protocol.over
        self._exited = protocol.exited
        self._words = LastWords()
        self._name = name
        self._listening = [
            asyncio.get_running_loop().create_task(self._log_lines(stream))
            for stream in (process.stderr,)
            if stream is not None
        ]

    @classmethod
    async def start(cls, name: str, spec: LaunchSpec, *, piped: bool, limit: int) -> Program:
        """Start it; `piped`: we speak with it on stdio, in lines of at most `limit` bytes. Raises OSError."""
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(
            lambda: _Protocol(limit, loop),
            *(spec.command if _prctl else _watched(spec)),
            stdin=asyncio.subprocess.PIPE if piped else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if piped else asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            cwd=spec.folder,
            env=spec.environment,
            start_new_session=True,
            preexec_fn=_end_with_us if _prctl else None,
            pass_fds=() if _prctl else (_lifeline(),),
        )
        return cls(name, asyncio.subprocess.Process(transport, protocol, loop), protocol)

    async def ended(self) -> str:
        """Wait for its end; how it ended."""
        await self._exited.wait()
        await asyncio.wait(self._listening, timeout=LAST_WORDS)
        code = self.process.returncode or 0
        return self._words.after(f"killed by {_signal(-code)}" if code < 0 else f"ended with status {code}")

    async def why_over(self) -> str:
        """How it ended, or that it goes on without listening; waits a moment for the former."""
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self.ended(), 2 * LAST_WORDS)
        return self._words.after("it has closed its standard input or output, and still runs")

    async def end(self) -> None:
        """End it and what it started."""
        ended = asyncio.get_running_loop().create_task(self._end_of_output())
        if self.process.returncode is None:
            self._send(signal.SIGTERM)
            await asyncio.wait({ended}, timeout=END_PATIENCE)
        self._send(signal.SIGKILL)
        await asyncio.wait(
            {ended}, timeout=END_PATIENCE
        )  # not for one that has left its group with our pipes
        for task in (ended, *self._listening):
            task.cancel()

    async def _end_of_output(self) -> None:
        """Its end is only noticed when what it has said is read, up to the end."""
        with contextlib.suppress(RuntimeError):  # somebody else reads it
            while self.process.stdout is not None and await self.process.stdout.read(DRAIN):
                pass
        await self.process.wait()

    def _send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    async def _log_lines(self, stream: asyncio.StreamReader) -> None:
        for _ in range(MOST_LINES):
            try:
                line = await stream.readuntil(b"\n")
            except asyncio.IncompleteReadError as rest:
                line = rest.partial
            except asyncio.LimitOverrunError as long:
                line = await stream.read(long.consumed)
            if not line:
                return
            self._words.add(line)
            _log.info("%s says: %s", self._name, line.decode(errors="replace").strip()[:LONGEST_WORD])
        _log.info("%s says more, which is left out", self._name)
        while data := await stream.read(DRAIN):
            self._words.add(data)
            await asyncio.sleep(DRAIN_EVERY)  # what comes may wait


def allow_descriptors() -> None:
    """Let this process have as many as it may: a hostile agent has some 400, and the others need theirs."""
    if _prctl is not None:  # else programs that we start would have as many, and select(2) knows 1024
        resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS[1], _DESCRIPTORS[1]))


def _signal(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def _end_with_us() -> None:
    """In the new process: end when the gateway does, however that ends (prctl(2)); have usual limits."""
    assert _prctl is not None
    resource.setrlimit(resource.RLIMIT_NOFILE, _DESCRIPTORS)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _watched(spec: LaunchSpec) -> list[str]:
    """What to start, so that it ends with us where there is no prctl. Raises OSError for no program."""
    program = spec.command[0]
    path = str(spec.folder / program) if "/" in program else program
    if shutil.which(path, path=spec.environment.get("PATH")) is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
    return ["/bin/sh", "-c", _WATCHED, "sh", str(_lifeline()), *spec.command]


@functools.cache
def _lifeline() -> int:
    """The reading end of a pipe that closes with this process, which never writes to it."""
    reading, _ = os.pipe()
    return reading
