"""Where a program sits while it is compared: before our terminal, or in a pane of tmux."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ptyprocess import PtyProcess
from pyte.charsets import VT100_MAP
from wcwidth import wcswidth

from qms_tui.terminal import Run, Terminal

PATIENCE = 20.0  # seconds for anything that must appear
STILL = 0.4  # seconds without a change until a screen counts as quiet
_END_GRACE = 3.0
_CHUNK = 65_536
_POLL = 0.05


class Screen(Protocol):
    """What can be looked at."""

    def rows(self) -> list[str]: ...
    def styled(self) -> list[tuple[Run, ...]]: ...


class Seat(Screen, Protocol):
    """What both sides can do."""

    def type(self, keys: bytes) -> None: ...
    def resize(self, columns: int, lines: int) -> None: ...


class Ours:
    """A program on a PTY whose screen is our terminal; `output` keeps its bytes, `typed` our replies too."""

    def __init__(
        self,
        argv: Sequence[str],
        columns: int,
        lines: int,
        env: Mapping[str, str],
        folder: Path,
        name: str = "",
    ) -> None:
        self.terminal = Terminal(columns, lines)
        if name:
            self.terminal.name = name
        self.output = bytearray()
        self.replies = bytearray()
        self.held: list[float] = []
        """How long each synchronized update lasted, in seconds."""
        self._since = 0.0
        self._process = PtyProcess.spawn(
            list(argv), cwd=str(folder), env=dict(env), dimensions=(lines, columns)
        )
        self._process.delayafterclose = self._process.delayafterterminate = 0
        os.set_blocking(self._process.fd, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._process.closed:
            return
        self._process.kill(signal.SIGHUP)
        deadline = time.monotonic() + _END_GRACE
        while self._process.isalive() and time.monotonic() < deadline:
            self._take()
            time.sleep(_POLL)
        if self._process.isalive():
            self._process.kill(signal.SIGKILL)
            self._process.wait()
        self._process.close()

    def type(self, keys: bytes) -> None:
        """Type bytes."""
        os.write(self._process.fd, keys)

    def resize(self, columns: int, lines: int) -> None:
        """Resize screen and PTY."""
        self._take()
        self.terminal.resize(columns, lines)
        self._process.setwinsize(lines, columns)

    def rows(self) -> list[str]:
        """The visible rows, trailing blanks removed."""
        self._take()
        return [row.rstrip() for row in self.terminal.display]

    def styled(self) -> list[tuple[Run, ...]]:
        """The visible rows as runs."""
        return [self.terminal.styled(y) for y in range(self.terminal.lines)]

    def _take(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            while data := os.read(self._process.fd, _CHUNK):
                self.output += data
                was_held = self.terminal.synchronized
                self.terminal.feed(data)
                self._clock(was_held)
                if answer := self.terminal.take_replies():
                    self.replies += answer
                    os.write(self._process.fd, answer)

    def _clock(self, was_held: bool) -> None:
        now = time.monotonic()
        if self.terminal.synchronized and not was_held:
            self._since = now
        elif was_held and not self.terminal.synchronized:
            self.held.append(now - self._since)


class Tmux:
    """The same in a pane of a tmux server of its own, without a status line."""

    def __init__(
        self, argv: Sequence[str], columns: int, lines: int, env: Mapping[str, str], folder: Path
    ) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="qms-tmux-"))  # not where the program can see it
        self._socket = str(self._place / "socket")
        self._size = columns, lines
        settings = self._place / "tmux.conf"
        settings.write_text(
            "set -g status off\nset -g default-terminal xterm-256color\nset -sg escape-time 0\n"
            "set -g remain-on-exit on\n"
        )
        self._env = {**env, "TMUX_TMPDIR": str(self._place)}
        # TMUX and TERM_PROGRAM would tell the program where it sits: it must write the same on both sides.
        program = ["env", "-u", "TMUX", "-u", "TMUX_PANE", "-u", "TERM_PROGRAM", "-u", "TERM_PROGRAM_VERSION"]
        self._tmux(
            "-f", str(settings), "new-session", "-d", "-x", str(columns), "-y", str(lines), "-c", str(folder),
            shlex.join([*program, *(f"{key}={value}" for key, value in env.items()), *argv]),
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._tmux("kill-server")
        shutil.rmtree(self._place, ignore_errors=True)

    def type(self, keys: bytes) -> None:
        """Type bytes, as they are: pasting a buffer changes nothing in them."""
        self._tmux("load-buffer", "-", keys=keys)
        self._tmux("paste-buffer", "-r", "-d")

    def resize(self, columns: int, lines: int) -> None:
        """Resize the window."""
        self._size = columns, lines
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def rows(self) -> list[str]:
        """The visible rows, trailing blanks removed; read without our terminal."""
        return [_text(row).rstrip() for row in self._captured()]

    def styled(self) -> list[tuple[Run, ...]]:
        """The visible rows as runs, by our reading of tmux's own SGR."""
        terminal = Terminal(*self._size)
        terminal.feed(b"\x1b)0\x1b[?7l")
        for y, row in enumerate(self._captured()):
            terminal.feed(f"\x1b[{y + 1}H{row}".encode())
        return [terminal.styled(y) for y in range(terminal.lines)]

    def told(self) -> list[int]:
        """How many cells of each row tmux tells about; behind them all is blank."""
        return [wcswidth(_text(row)) for row in self._captured()]

    def _captured(self) -> list[str]:
        return self._tmux("capture-pane", "-p", "-e", "-N").split("\n")[: self._size[1]]

    def _tmux(self, *words: str, keys: bytes | None = None) -> str:
        argv = ["tmux", "-S", self._socket, *words]
        done = subprocess.run(argv, input=keys, env=self._env, capture_output=True, check=False)
        if done.returncode and "kill-server" not in words:
            raise OSError(f"tmux {words[0]}: {done.stderr.decode('utf-8', 'replace')}")
        return done.stdout.decode("utf-8", "replace")


def wait_quiet(seat: Seat, expected: str, patience: float = PATIENCE) -> list[str]:
    """The rows once they show `expected` (a regular expression) and have not changed for a while.

    Raises TimeoutError, which shows the screen.
    """
    return wait_rows(seat, lambda rows: bool(re.search(expected, "\n".join(rows))), patience, expected)


def wait_rows(
    seat: Seat, is_there: Callable[[list[str]], bool], patience: float = PATIENCE, what: str = "it"
) -> list[str]:
    """The rows once they are as wanted and have not changed for a while."""
    deadline = time.monotonic() + patience
    seen, since = seat.rows(), time.monotonic()
    while time.monotonic() < deadline:
        rows = seat.rows()
        now = time.monotonic()
        if rows != seen:
            seen, since = rows, now
        elif now - since >= STILL and is_there(rows):
            return rows
        time.sleep(_POLL)
    shown = "\n".join(seen)
    raise TimeoutError(f"{type(seat).__name__}: waited {patience:g} s for {what!r}; shown:\n{shown}")


_SEQUENCE = re.compile(r"\x1b\[[0-9;:]*m|\x1b\]8;.*?(?:\x1b\\|\x07)")
_SHIFTED = re.compile(r"\x0e([^\x0f]*)\x0f?")
_DRAWING = {code: VT100_MAP[code] for code in range(0x5F, 0x7F)}


def _text(row: str) -> str:
    return _SHIFTED.sub(lambda match: match[1].translate(_DRAWING), _SEQUENCE.sub("", row))
