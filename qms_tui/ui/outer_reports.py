"""Status reports to the terminal that we run in (OSC 7501), while it takes them.

It is asked each time the screen takes it, since it may be another one by then. Nothing is written but the
question until it has answered. What stands there is cleared whenever it is given back.
"""

from __future__ import annotations

import logging
import re
from asyncio import TimerHandle
from collections.abc import Callable, Sequence
from typing import Protocol

from qms_tui.status_report import STATUS_ANSWER, STATUS_QUERY, StatusRecord, encode_clear, encode_report

PERIOD = 0.5  # seconds between two rounds of reports; the last state always follows
MOST_CHILDREN = 255  # terminals keep 256 records, and drop the one that was reported least recently
_ATTRIBUTES_QUERY = b"\x1b[c"  # DA1, which every terminal answers; in the order of the questions
_ATTRIBUTES = re.compile(rb"\x1b\[\?[0-9;]*c")
_log = logging.getLogger(__name__)


class Clock(Protocol):
    """An event loop, as far as it is needed here."""

    def time(self) -> float:
        """Seconds."""

    def call_later(self, delay: float, callback: Callable[[], None], /) -> TimerHandle:
        """Call back after seconds."""


class OuterReports:
    """Keeps a terminal's records as `records()` has them, the root first; writes what differs, no more."""

    def __init__(
        self,
        write: Callable[[str], None],
        records: Callable[[], Sequence[StatusRecord]],
        clock: Clock,
        *,
        demanded: bool = False,
    ) -> None:
        """`demanded`: the human has asked for reports, and is warned if the terminal takes none."""
        self._write, self._records, self._clock = write, records, clock
        self._complaint = logging.WARNING if demanded else logging.INFO
        self._reported: dict[str, bytes] | None = None  # by id; None while the terminal has not answered
        self._timer: TimerHandle | None = None
        self._next = 0.0
        self.awaits_answer = False
        """Whether the terminal still owes an answer to what it was asked last."""

    def ask(self) -> None:
        """Ask whether the terminal takes reports."""
        self.awaits_answer = True
        self._write((STATUS_QUERY + _ATTRIBUTES_QUERY).decode())

    def take_answer(self, data: bytes) -> None:
        """A sequence came that the terminal has sent by itself; it may be the answer, which may be late."""
        if STATUS_ANSWER.fullmatch(data):
            self._open()
        elif self.awaits_answer and _ATTRIBUTES.fullmatch(data):
            self.awaits_answer = False
            if self._reported is None:
                _log.log(self._complaint, "the terminal takes no status reports (OSC 7501)")

    def changed(self) -> None:
        """The records may be others now; reported soon, together with what else changes until then."""
        if self._reported is not None and self._timer is None:
            delay = max(0.0, self._next - self._clock.time())
            self._timer = self._clock.call_later(delay, self._report)

    def withdraw(self) -> None:
        """Clear the terminal's records: it is given back, and has to answer again before it gets more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._reported:
            self._write(encode_clear().decode())
        self._reported = None

    def _open(self) -> None:
        if self._reported is None:
            self._reported = {}
            self.changed()

    def _report(self) -> None:
        self._timer = None
        if self._reported is None:
            return
        wanted = {record.id: encode_report(record) for record in self._records()[: MOST_CHILDREN + 1]}
        gone = [encode_clear(name) for name in self._reported if name not in wanted]
        news = [report for name, report in wanted.items() if self._reported.get(name) != report]
        if gone or news:
            self._write(b"".join([*gone, *news]).decode())
            self._next = self._clock.time() + PERIOD
        self._reported = wanted
