"""Fixtures of the demo: a sample project, and scripted agents on real PTYs."""

from __future__ import annotations

import os
import re
import select
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyte
import pytest
from ptyprocess import PtyProcess

from qms_tui.demo import agent_command, agent_environment
from qms_tui.demo.project import make_project
from qms_tui.demo.qms import Qms
from qms_tui.terminal import StatusRecord, Terminal

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
_PATIENCE = 30.0  # seconds until a test gives up; far more than anything here takes
_ESCAPES = re.compile(r"\x1b\][^\x07]*\x07|\x1b\[[0-?]*[ -/]*[@-~]")


class AgentOnPty:
    """A scripted agent on a PTY of its own: what it prints, as text and as a screen, and what it reports.

    Its questions are answered by `terminal`, which keeps the reports; a mute one answers nothing.
    """

    def __init__(
        self,
        name: str,
        project: Path,
        *,
        columns: int = 80,
        lines: int = 24,
        is_mute: bool = False,
        **env: str,
    ) -> None:
        inherited = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", **env}
        with warnings.catch_warnings():
            # from Python 3.12 on pty.fork warns under threads; the child only execs
            warnings.simplefilter("ignore", DeprecationWarning)
            self.process = PtyProcess.spawn(
                list(agent_command()),
                cwd=str(project),
                env=agent_environment(name, inherited),
                dimensions=(lines, columns),
            )
        self.raw = ""
        self.terminal = Terminal(columns, lines)
        self.reports: list[StatusRecord] = []  # all that it reported of itself, each when it was another
        self._is_mute = is_mute
        self._seen = 0  # characters of the text that were expected already
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self._screen)

    @property
    def text(self) -> str:
        """All that was printed, without escape sequences."""
        return _ESCAPES.sub("", self.raw)

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self._screen.display]

    def type(self, text: str | bytes) -> None:
        self.process.write(text if isinstance(text, bytes) else text.encode())

    def expect(self, wanted: str) -> str:
        """Wait until `wanted` is printed after what was expected before; the text up to its end."""
        self.wait(lambda: wanted in self.text[self._seen :], f"{wanted!r} to be printed")
        end = self.text.index(wanted, self._seen) + len(wanted)
        before, self._seen = self.text[self._seen : end], end
        return before

    def command(self, line: str) -> str:
        """Type a line at the prompt; what is printed until the next prompt."""
        self.type(f"{line}\r")
        self.expect("\r\n")
        return self.expect("> ")

    def insist(self, typed: str, wanted: str) -> None:
        """Type again and again until `wanted` is printed: an earlier Ctrl+C may drop what is typed."""
        end = time.monotonic() + _PATIENCE
        while wanted not in self.text[self._seen :]:
            assert time.monotonic() < end, f"waited for {wanted!r}; printed was:\n{self.text[-2000:]}"
            self.type(typed)
            while wanted not in self.text[self._seen :] and select.select([self.process.fd], [], [], 0.5)[0]:
                assert self.read_some(), f"it ended; printed was:\n{self.text[-2000:]}"
        self._seen = len(self.text)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not condition():
            assert time.monotonic() < end, f"waited for {what}; printed was:\n{self.text[-2000:]}"
            self.read_some()

    def resize(self, columns: int, lines: int) -> None:
        self._screen.resize(lines, columns)
        self.process.setwinsize(lines, columns)

    def ended(self) -> int | None:
        """Wait for the end: its exit code, or minus the signal."""
        while self.read_some():
            pass
        self.process.wait()
        status: int | None = self.process.exitstatus
        return status if status is not None else -self.process.signalstatus

    def read_some(self, patience: float = 0.2) -> bool:
        """Read what is there within a moment; False at the end of the output."""
        if not select.select([self.process.fd], [], [], patience)[0]:
            return True
        try:
            data = os.read(self.process.fd, 65536)
        except OSError:
            return False
        text = data.decode("utf-8", "replace")
        self.raw += text
        self._stream.feed(text)
        self._answer(data)
        return bool(data)

    def _answer(self, output: bytes) -> None:
        for piece in re.split(rb"(?=\x1b\]7501)", output):  # a report may be followed by the next at once
            self.terminal.feed(piece)
            root = self.terminal.status.root
            if root is not None and (not self.reports or self.reports[-1] != root):
                self.reports.append(root)
        replies = self.terminal.take_replies()
        if replies and not self._is_mute:
            self.process.write(replies)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "sample"
    make_project(folder, ["claude", "qa", "tu_ui"], now=NOON)
    return folder


@pytest.fixture
def qms(project: Path) -> Qms:
    return Qms(project)


@pytest.fixture
def start(project: Path) -> Iterator[Callable[..., AgentOnPty]]:
    """Starts agents, waits for their first prompt, ends them after the test."""
    agents: list[AgentOnPty] = []

    def starting(name: str = "qa", **options: str | int) -> AgentOnPty:
        agent = AgentOnPty(name, project, **options)  # type: ignore[arg-type]
        agents.append(agent)
        agent.expect(f"{name}> ")
        return agent

    yield starting
    for agent in agents:
        agent.process.close(force=True)
