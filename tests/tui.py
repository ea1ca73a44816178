"""qms-tui as a person has it: the real program in a real terminal of its own, read from its screen.

    with Tui("demo", size=(120, 36)) as tui:
        tui.wait("claude> ")
        tui.type("help\r")
        tui.wait("what waits for you")

What the program writes goes through our own Terminal, which has tests and an independent judge of its own.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ptyprocess import PtyProcess

import qms_tui
from qms_tui.api.place import LOCK as DAEMON_LOCK
from qms_tui.ipc.lock import has_let_go, owner_of
from qms_tui.keeper.local_processes import LocalProcesses
from qms_tui.keeper.paths import SPAWNER_LOCK
from qms_tui.terminal import Terminal

PATIENCE = 30.0  # seconds; what is waited for takes far less, unless the machine is busy
DAEMON_GRACE = 30.0  # seconds in which one lets go of everything
LOOK = 0.01  # seconds between looks at what is not on the screen
_SOURCE = str(Path(qms_tui.__file__).parent.parent)


def end_local_agents(state: Path) -> None:
    """End them, their spawners and their keepers, of all projects with their state in there; and what might
    start them again: daemons."""
    end_daemons(state)
    for lock in state.glob(f"qms-tui/projects/*/{SPAWNER_LOCK}"):
        LocalProcesses(Path("/"), folder=lock.parent).stop()


def end_daemons(state: Path) -> None:
    """End those of all projects with their state in there, whoever's they are; agents go on."""
    for lock in state.glob(f"qms-tui/projects/*/{DAEMON_LOCK}"):
        while (owner := owner_of(lock)) is not None:
            with suppress(ProcessLookupError):
                os.kill(owner, signal.SIGTERM)
            assert has_let_go(lock, owner, DAEMON_GRACE), f"the daemon of {lock} stays"


class Tui:
    """Runs `qms-tui ARGS` on a PTY of `size` columns x lines."""

    def __init__(
        self,
        *args: str,
        cwd: Path | None = None,
        size: tuple[int, int] = (140, 36),
        env: Mapping[str, str] | None = None,
        program: Sequence[str] = (sys.executable, "-m", "qms_tui"),
    ) -> None:
        columns, lines = size
        self.terminal = Terminal(columns, lines)
        self.output = bytearray()  # all that it wrote
        self.answer: Callable[[bytes], bytes] = bytes
        """What becomes of the terminal's answers on their way back."""
        environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": _SOURCE}
        environment |= dict(env or {})
        self.state = Path(environment["XDG_STATE_HOME"])
        self.leaves_agents = False
        """Whether local agents are to go on when this has ended."""
        self.process = PtyProcess.spawn(
            [*program, *args],
            cwd=str(cwd) if cwd else None,
            env=environment,
            dimensions=(lines, columns),
        )
        self.process.delayafterclose = self.process.delayafterterminate = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.process.isalive():
                self.process.kill(signal.SIGTERM)
                self.end()
        finally:
            if self.process.isalive():  # it does not end: nothing of it is left to the next test
                self.process.kill(signal.SIGKILL)
                self.process.wait()
            self.process.close()
            if not self.leaves_agents:
                end_local_agents(self.state)

    @property
    def text(self) -> str:
        """The whole screen, a line a row."""
        return "\n".join(self.terminal.display)

    def column(self, text: str) -> int:
        """The column in which a text stands; -1 if it is not on the screen."""
        return max(row.find(text) for row in self.terminal.display)

    def type(self, keys: str | bytes) -> None:
        """Type characters; Enter is `\\r`, Alt+1 is `\\x1b1`."""
        os.write(self.process.fd, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, columns: int, lines: int) -> None:
        """Give the outer terminal another size."""
        self.terminal.resize(columns, lines)
        self.process.setwinsize(lines, columns)

    def wait(self, *texts: str, absent: str = "", patience: float = PATIENCE) -> None:
        """Read until all texts stand on the screen, and `absent` does not."""
        deadline = time.monotonic() + patience
        while not all(t in self.text for t in texts) or (absent and absent in self.text):
            left = deadline - time.monotonic()
            assert left > 0, f"waited {patience:g} s for {texts}, without {absent!r}; shown:\n{self.text}"
            assert self._read(left), f"ended before {texts}; shown:\n{self.text}"

    def until(self, holds: Callable[[], object], patience: float = PATIENCE) -> None:
        """Read until something holds that need not be on the screen; it is asked every few milliseconds."""
        deadline = time.monotonic() + patience
        while not holds():
            assert time.monotonic() < deadline, f"waited {patience:g} s; shown:\n{self.text}"
            assert self._read(LOOK), f"ended; shown:\n{self.text}"

    def end(self, patience: float = PATIENCE) -> int:
        """Read until the program has ended; its exit status, or minus the signal's number."""
        deadline = time.monotonic() + patience
        while self._read(deadline - time.monotonic()):
            assert time.monotonic() < deadline, f"still running; shown:\n{self.text}"
        self.process.wait()
        return int(
            self.process.exitstatus if self.process.exitstatus is not None else -self.process.signalstatus
        )

    def _read(self, patience: float) -> bool:
        ready, _, _ = select.select([self.process.fd], [], [], max(0.0, patience))
        if not ready:
            return True
        try:
            data = os.read(self.process.fd, 65536)
        except OSError:
            return False
        self.terminal.feed(data)
        self.output += data
        replies = self.answer(self.terminal.take_replies())
        if replies:
            os.write(self.process.fd, replies)
        return bool(data)
