"""Programs in pseudo-terminals of the bench's own: the place where a human would sit."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ptyprocess import PtyProcess

PATIENCE = 60.0  # seconds for anything that must appear: only a broken program takes that long
END_GRACE = 5.0  # seconds between asking a program to end and killing it
_CHUNK = 65_536
# A terminal answers these; one that stays silent would make programs wait. What xterm says, in essence.
_ANSWERS = {
    b"\x1b[c": b"\x1b[?62;22c",
    b"\x1b[>c": b"\x1b[>41;390;0c",
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
    b"\x1b[>q": b"\x1bP>|bench(1)\x1b\\",
}


class Program:
    """A program in a terminal of its own; `started` is the clock just before it was spawned."""

    def __init__(
        self, argv: Sequence[str], *, columns: int, lines: int, env: Mapping[str, str], folder: Path
    ) -> None:
        self.output = bytearray()
        self.received = 0
        self.ended = False
        self.started = time.perf_counter()
        self._process = PtyProcess.spawn(
            list(argv), cwd=str(folder), env=dict(env), dimensions=(lines, columns)
        )
        self._process.delayafterclose = self._process.delayafterterminate = 0
        os.set_blocking(self._process.fd, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Of the program itself."""
        return int(self._process.pid)

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return int(self._process.fd)

    def type(self, keys: bytes) -> float:
        """Type, and say when."""
        now = time.perf_counter()
        os.write(self._process.fd, keys)
        return now

    def forget(self) -> None:
        """What was shown until now is of no interest any more."""
        self.output.clear()

    def take(self) -> None:
        """Read what is there; a terminal's queries are answered."""
        try:
            data = os.read(self._process.fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # Linux says EIO when the last program has gone
            data = b""
        self.ended = not data
        self.received += len(data)
        self.output += data
        for question, answer in _ANSWERS.items():
            if question in data:
                with contextlib.suppress(OSError):
                    os.write(self._process.fd, answer)

    def close(self, farewell: bytes = b"") -> None:
        """End the program: with a key if it has one, else with SIGHUP, at last with SIGKILL."""
        if self._process.closed:
            return
        if farewell and not self.ended:
            with contextlib.suppress(OSError):
                self.type(farewell)
        else:
            self._process.kill(signal.SIGHUP)
        with contextlib.suppress(TimeoutError):
            wait((self,), lambda: self.ended or not self._process.isalive(), END_GRACE)
        if self._process.isalive():
            self._process.kill(signal.SIGKILL)
            self._process.wait()
        self._process.close()


def wait(programs: Sequence[Program], until: Callable[[], bool], patience: float = PATIENCE) -> float:
    """Read what all of them show until something holds; the clock at that moment.

    Raises TimeoutError, which shows the end of what they showed.
    """
    deadline = time.perf_counter() + patience
    with selectors.DefaultSelector() as selector:
        for program in programs:
            if not program.ended:
                selector.register(program.fileno(), selectors.EVENT_READ, program)
        while not until():
            left = deadline - time.perf_counter()
            if left <= 0 or not selector.get_map():
                shown = b"\n".join(bytes(program.output[-600:]) for program in programs)
                raise TimeoutError(f"waited {patience:g} s; shown at last: {shown!r}")
            for key, _ in selector.select(min(left, 0.5)):
                key.data.take()
                if key.data.ended:
                    selector.unregister(key.fileobj)
    return time.perf_counter()


def wait_for(program: Program, text: bytes, *others: Program, patience: float = PATIENCE) -> float:
    """Wait until the program shows a text, reading the others too; the clock at that moment."""
    return wait((program, *others), lambda: text in program.output, patience)


def rest(programs: Sequence[Program], seconds: float) -> None:
    """Read what they show for a while."""
    with contextlib.suppress(TimeoutError):
        wait(programs, lambda: False, seconds)
