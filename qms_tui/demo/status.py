"""What the agent reports of itself to the terminal around it: the Program Status Protocol (OSC 7501).

As other programs do, it asks first, and says nothing to a terminal that does not answer.
"""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from qms_tui.demo.keyboard import is_terminal, key_by_key
from qms_tui.status_report import STATUS_QUERY, ProgramState, StatusRecord, encode_clear, encode_report

APP = "qms-tui-demo"
_PATIENCE = 2.0  # seconds; only a terminal that does not even answer DA1 takes them
_DA1 = b"\x1b[c"  # every terminal answers it, so its answer ends the wait for the one before
_FENCE = re.compile(rb"\x1b\[\?[0-9;]*c")
_ANSWER = re.compile(rb"\x1b\]7501;\?(?:\x07|\x1b\\)")
_MAX_READ = 1024  # bytes at once
_MOST_EARLY = 4096  # bytes that are kept of what is typed before the answer


class Reporter:
    """Says what the agent does: of itself with a state, of its jobs with an id."""

    def __init__(self) -> None:
        self._is_open = False
        self._root = StatusRecord("", ProgramState.IDLE, app=APP)

    @property
    def state(self) -> ProgramState:
        """What the agent does, whether or not it is reported."""
        return self._root.state

    def open(self) -> str:
        """Ask the terminal, and report that the agent is idle if it answers; what was typed meanwhile."""
        if not is_terminal():
            return ""
        self._is_open, early = _ask()
        self._send(encode_report(self._root))
        return early

    def close(self) -> None:
        """Take back every report, if the terminal is still there."""
        with suppress(OSError):
            self._send(encode_clear())
        self._is_open = False

    def report(
        self, state: ProgramState, message: str = "", *, kind: str = "", progress: int | None = None
    ) -> None:
        """Say what the agent does now, in the order of what it prints."""
        root = StatusRecord("", state, kind, progress, APP, message=message)
        if root != self._root:
            self._root = root
            sys.stdout.flush()
            self._send(encode_report(root))

    @contextmanager
    def turn(self, line: str) -> Iterator[None]:
        """The agent works at `line`, and is done then, unless it has said something else."""
        self.report(ProgramState.WORKING, line)
        yield
        if self.state is ProgramState.WORKING:
            self.report(ProgramState.DONE)

    def report_job(self, job_id: str, title: str, progress: int) -> None:
        """Say how far a job in the background is. Allowed in a signal handler: prints nothing else."""
        self._send(encode_report(StatusRecord(job_id, ProgramState.WORKING, progress=progress, title=title)))

    def clear_job(self, job_id: str) -> None:
        """The job has ended. Allowed in a signal handler."""
        self._send(encode_clear(job_id))

    def _send(self, report: bytes) -> None:
        while self._is_open and report:
            report = report[os.write(sys.stdout.fileno(), report) :]


def _ask() -> tuple[bool, str]:
    """Whether the terminal takes reports, and what was typed before it said so."""
    with key_by_key():
        sys.stdout.flush()
        os.write(sys.stdout.fileno(), STATUS_QUERY + _DA1)
        data = _read_to_fence(sys.stdin.fileno())
    answers, fence, behind = _at_fence(data)
    typed = _ANSWER.sub(b"", answers, count=1) + behind
    return bool(fence and _ANSWER.search(answers)), _printable(typed)


def _read_to_fence(keyboard: int) -> bytes:
    end = time.monotonic() + _PATIENCE
    data = b""
    while not _FENCE.search(data) and len(data) < _MOST_EARLY and (left := end - time.monotonic()) > 0:
        if select.select([keyboard], [], [], left)[0]:
            chunk = os.read(keyboard, _MAX_READ)
            if not chunk:
                break
            data += chunk
    return data


def _at_fence(data: bytes) -> tuple[bytes, bytes, bytes]:
    match = _FENCE.search(data)
    return (data[: match.start()], match.group(), data[match.end() :]) if match else (data, b"", b"")


def _printable(data: bytes) -> str:
    """What was typed, without keys that are no letters."""
    text = re.sub(
        r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO.|\x1b.?", "", data.decode(errors="replace"), flags=re.DOTALL
    )
    return "".join(character for character in text if character.isprintable() or character == "\n")
