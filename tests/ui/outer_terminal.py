"""An outer terminal for tests: a real PTY with a program in it, and a pipe on which the program tells."""

from __future__ import annotations

import fcntl
import json
import os
import select
import selectors
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import qms_tui

Fact = dict[str, Any]
_ROOT = str(Path(qms_tui.__file__).parents[1])


class OuterTerminal:
    """Runs `python program fd options` on a PTY. `output` is what it writes, `facts` what it tells."""

    def __init__(
        self, program: str, *options: str, columns: int = 80, lines: int = 24, stdin: IO[bytes] | None = None
    ) -> None:
        self.output = bytearray()
        self.facts: list[Fact] = []
        self._line = bytearray()
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))
        self.cooked = termios.tcgetattr(slave)
        self._facts_fd, theirs = os.pipe()
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": _ROOT}
        self.process = subprocess.Popen(
            [sys.executable, program, str(theirs), *options],
            stdin=slave if stdin is None else stdin,
            stdout=slave,
            stderr=slave,
            env=environment,
            pass_fds=(theirs,),
            start_new_session=True,
        )
        os.close(theirs)
        self._slave: int | None = slave
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.master, selectors.EVENT_READ, self._take_output)
        self._selector.register(self._facts_fd, selectors.EVENT_READ, self._take_facts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.hang_up()
        self._selector.close()
        os.close(self._facts_fd)

    def hang_up(self) -> None:
        """Close the terminal, as when its window is closed."""
        if self._slave is not None:
            self._selector.unregister(self.master)
            os.close(self._slave)
            os.close(self.master)
            self._slave = None

    def watch(self, source: socket.socket, callback: Callable[[], None]) -> None:
        """Call back when there is something to read, while waiting for anything here."""
        self._selector.register(source, selectors.EVENT_READ, callback)

    @property
    def attributes(self) -> list[Any]:
        """The PTY's settings, to see whether they were restored."""
        assert self._slave is not None
        return termios.tcgetattr(self._slave)

    def write(self, data: bytes) -> None:
        """Write input for the program, reading what it writes meanwhile."""
        os.set_blocking(self.master, False)
        deadline = time.monotonic() + 30
        while data and time.monotonic() < deadline:
            try:
                data = data[os.write(self.master, data) :]
            except BlockingIOError:
                self._turn(0)
                select.select([], [self.master], [], 0.05)
        assert not data, "the program does not read"

    def until(self, condition: Callable[[], Any], what: str, timeout: float = 30) -> None:
        """Read what the program writes and tells, until `condition` is true."""
        deadline = time.monotonic() + timeout
        while not condition():
            left = deadline - time.monotonic()
            assert left > 0, (
                f"waited {timeout} s for {what}; told: {self.facts[-8:]}; wrote: {self.output[-400:]!r}"
            )
            self._turn(min(left, 0.05))

    def wait_for(self, kind: str, timeout: float = 30, after: int = 0) -> Fact:
        """The first fact of this kind at or after index `after` in `facts`."""
        self.until(lambda: any(fact["kind"] == kind for fact in self.facts[after:]), kind, timeout)
        return next(fact for fact in self.facts[after:] if fact["kind"] == kind)

    def pressed(self) -> list[Fact]:
        """The keys told so far."""
        return [fact for fact in self.facts if fact["kind"] == "key"]

    def wait_for_end(self, timeout: float = 30) -> int:
        """Wait until the program ends; its exit status."""
        self.until(lambda: self.process.poll() is not None, "the end of the program", timeout)
        while self._selector.get_map() and self._selector.select(0):
            self._turn(0)
        return self.process.wait()

    def _turn(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            key.data()

    def _take_output(self) -> None:
        try:
            self.output += os.read(self.master, 65536)
        except OSError:
            self._selector.unregister(self.master)

    def _take_facts(self) -> None:
        data = os.read(self._facts_fd, 65536)
        if not data:
            self._selector.unregister(self._facts_fd)
        self._line += data
        *lines, rest = self._line.split(b"\n")
        self._line = bytearray(rest)
        self.facts += map(json.loads, lines)
