"""A program in a terminal of its own, and what it reports of itself there."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from qms_tui.terminal import ProgramStatus, StatusRecord, Terminal
from tests.tui import LOOK, Tui

SIZE = (100, 30)
PATIENCE = 20.0  # seconds for a report; they take milliseconds, the slowest program's start 5 s
DIALOG_SECONDS = 2.0  # after which a key that a new dialog has ignored is typed again
TRIES = 10
_REPORT = re.compile(rb"\x1b\]7501;([^\x07\x1b?]*)(?:\x07|\x1b\\)")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A report: what it made of the program's status, and the seconds between the event and it."""

    status: ProgramStatus
    seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """An event, all reports that it led to, what stood in the end, how many bytes had been written then."""

    event: str
    arrivals: tuple[Arrival, ...]
    status: ProgramStatus
    written: int


def words(record: StatusRecord | None) -> str:
    """What a record says, as a line: state, kind and message, each where there is one."""
    if record is None:
        return "-"
    return " ".join(text for text in (record.state.value, record.kind, record.message) if text)


class Reporter(Tui):
    """Runs a program that gets these variables and no others."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        self.rows: list[Row] = []
        self._event, self._since = "start", time.monotonic()
        self._arrivals: list[Arrival] = []
        self._looked = 0  # bytes of the output in which reports were looked for
        self._reports = Terminal(1, 1)  # gets the reports alone, one by one
        variables = [f"{name}={value}" for name, value in env.items()]
        super().__init__(program=("env", "-i", *variables, *argv), cwd=folder, size=SIZE)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Its terminal goes, which ends what it has started, too."""
        if self.process.isalive():
            self.process.kill(signal.SIGKILL)
            self.process.wait()
        self.process.close()

    def happens(self, event: str) -> None:
        """An event begins now; what it leads to is its row."""
        self._event, self._since, self._arrivals = event, time.monotonic(), []

    def expect(self, said: str) -> None:
        """Wait until the last report after the event says that: state, kind, message; - if it clears."""
        deadline = time.monotonic() + PATIENCE
        while not (self._arrivals and words(self._arrivals[-1].status.root) == said):
            seen = [words(each.status.root) for each in self._arrivals]
            assert time.monotonic() < deadline, f"{self._event}: {seen}, not {said!r}; shown:\n{self.text}"
            assert self._read(LOOK), f"ended before {said!r}; shown:\n{self.text}"
        self._keep()

    def expect_nothing(self, text: str) -> None:
        """Wait for a text on the screen, until which nothing is reported."""
        self.wait(text)
        assert not self._arrivals, self._arrivals
        self._keep()

    def say(self, prompt: str) -> None:
        """Paste a prompt, and submit it once it is there."""
        self.type("\x15")  # an Esc may have brought the prompt before back
        self.type(f"\x1b[200~{prompt}\x1b[201~")
        self.wait(prompt[:20])
        self.happens(prompt.partition(" ")[0] if prompt.startswith("/") else "prompt")
        self.type("\r")

    def press(self, keys: str) -> None:
        """Press keys until they lead to a report: a dialog takes none in its first moments."""
        for _ in range(TRIES):
            self.happens(keys)
            self.type(keys)
            try:
                self.until(lambda: self._arrivals, DIALOG_SECONDS)
                return
            except AssertionError:
                continue
        raise AssertionError(f"{keys!r} led to nothing; shown:\n{self.text}")

    def _keep(self) -> None:
        self.rows.append(Row(self._event, tuple(self._arrivals), self.terminal.status, len(self.output)))

    def _read(self, patience: float) -> bool:
        alive = super()._read(patience)
        for report in _REPORT.finditer(self.output, self._looked):
            self._looked = report.end()
            self._reports.feed(report[0])
            self._arrivals.append(Arrival(self._reports.status, time.monotonic() - self._since))
        return alive
