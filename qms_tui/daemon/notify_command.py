"""`notify.command`: a program of the human's that gets each notice as JSON on its standard input."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qms_tui.api import wire
from qms_tui.api.snapshot import Notice

_log = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds in which it must have ended; then it is killed
MOST_WAITING = 100  # notices that wait for the one before; beyond, the oldest are dropped


@dataclass(frozen=True, slots=True)
class Message:
    """What the program gets: a notice, and of which project."""

    project: str
    notice: Notice


class NotifyCommand:
    """Runs it for one notice after the other, within the event loop."""

    def __init__(
        self,
        project: Path,
        command: Callable[[], Sequence[str]],
        environment: Callable[[], Mapping[str, str]],
        refusal: Callable[[Sequence[str]], Awaitable[str]],
    ) -> None:
        """`command` gives its argv as of now, empty for none, `environment` its variables, and `refusal` why
        it must not run, if so."""
        self._project, self._command, self._environment = str(project), command, environment
        self._refusal = refusal
        self._waiting: deque[Notice] = deque(maxlen=MOST_WAITING)
        self._running: asyncio.Task[None] | None = None

    def tell(self, notice: Notice) -> None:
        """There is a notice; returns at once."""
        if not self._command():
            return
        self._waiting.append(notice)
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._run_all(), name="notify.command")

    async def close(self) -> None:
        """Tell no more, and end what runs."""
        self._waiting.clear()
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _run_all(self) -> None:
        while self._waiting:
            notice, command = self._waiting.popleft(), self._command()
            if command and (why := await self._refusal(command)):
                _log.warning("notify.command: %s", why)
            elif command:
                await self._run(command, wire.encode(Message(self._project, notice)))

    async def _run(self, command: Sequence[str], line: bytes) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd="/",  # whatever looks for more code where it stands finds none of the project's
                env=dict(self._environment()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            _log.warning("notify.command: %s: %s", command[0], error.strerror)
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await process.communicate(line)
        except TimeoutError:
            _log.warning("notify.command: %s is killed: it ran for %g s", command[0], PATIENCE)
        finally:
            await _kill(process)
        if process.returncode:
            _log.warning("notify.command: %s ended with status %d", command[0], process.returncode)


async def _kill(process: asyncio.subprocess.Process) -> None:
    """With what it has started."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
