"""The table of keys end to end: bytes written to a PTY in which the whole app runs, bytes read in its pane.

One app runs all rows. Before each, the program in the pane sets its modes; a status query that it writes
behind them comes back when the terminal has seen them. After each, a mark is typed: nothing came before it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from qms_tui.ui.keys import key_bytes
from qms_tui.ui.tokenizer import KeyToken, Tokenizer

from .key_rows import LEGACY, ROWS, Row, moved
from .outer_terminal import OuterTerminal

APP = str(Path(__file__).with_name("key_rows_app.py"))
RESET = (
    b"\x1b[?1l\x1b>\x1b[20l\x1b[?2004l\x1b[?1004l\x1b[>4m\x1b[=0u"
    b"\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l"
)
STATUS, STATUS_REPLY = b"\x1b[5n", b"\x1b[0n"
NO_KITTY = b"\x1b[?0u"
MARK = "§".encode()  # in no row, and in no sequence
FOCUS_LOST, FOCUS_BACK = b"\x1b[O", b"\x1b[I"


@dataclass
class Pane:
    """The app on its PTY, and the other end of the program's socket."""

    outer: OuterTerminal
    program: socket.socket
    read: bytearray = field(default_factory=bytearray)

    def until_read(self, wanted: bytes, what: str) -> bytes:
        """What the program read up to `wanted` and with it."""
        self.outer.until(lambda: wanted in self.read, what)
        end = self.read.index(wanted) + len(wanted)
        data, self.read = bytes(self.read[:end]), self.read[end:]
        return data

    def receive(self) -> None:
        """Take what the program tells that it read."""
        with contextlib.suppress(BlockingIOError):
            self.read += self.program.recv(65536)

    def prepare(self, row: Row) -> tuple[int, int]:
        """Set the modes on both sides; where the pane is."""
        self.outer.write(NO_KITTY + row.terminal.replies)
        self.program.sendall(RESET + row.program.setup + STATUS)
        self.until_read(STATUS_REPLY, "the modes to be set")
        told = len(self.outer.facts)
        os.kill(self.outer.process.pid, signal.SIGUSR1)
        pane = self.outer.wait_for("pane", after=told)
        assert pane["modes"] == repr(row.program.modes)
        self.read.clear()
        return pane["x"], pane["y"]


@pytest.fixture(scope="module")
def pane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pane]:
    """The app, with the program in its pane listening."""
    folder = tmp_path_factory.mktemp("keys")
    project = folder / "project"
    (project / ".claude" / "agents").mkdir(parents=True)
    path = str(folder / "socket")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(1)
        listening.settimeout(15)
        with OuterTerminal(APP, str(project), path, columns=100, lines=30) as outer:
            listening.setblocking(False)
            accepted: list[socket.socket] = []

            def accept() -> bool:
                try:
                    accepted.append(listening.accept()[0])
                except BlockingIOError:
                    return False
                return True

            outer.until(accept, "the program in the pane")
            with accepted[0] as program:
                program.setblocking(False)
                pane = Pane(outer, program)
                outer.watch(program, pane.receive)
                yield pane


def _mark(row: Row) -> bytes:
    """What the program reads for the mark."""
    (token,) = Tokenizer().feed(MARK)
    assert isinstance(token, KeyToken)
    return key_bytes(token.key, token.data, row.terminal.modes, row.program.modes) or b""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(pane: Pane, row: Row) -> None:
    column, line = pane.prepare(row)
    pane.outer.write(moved(row.outer, column, line) if row.mouse else row.outer)
    pane.outer.until(lambda: len(pane.read) >= len(row.expected), f"{row.expected!r}, read {pane.read!r}")
    end = _mark(row)
    if row.outer.endswith(FOCUS_LOST):
        pane.outer.write(FOCUS_BACK)
        end = FOCUS_BACK + end if row.expected else end
    pane.outer.write(MARK)
    assert pane.until_read(end, "the mark") == row.expected + end


def test_a_large_paste_arrives_whole(pane: Pane) -> None:
    row = Row("large", b"", b"", ROWS[0].program, LEGACY)
    pane.prepare(row)
    text = b"0123456789abcdef" * 312_500
    pane.outer.write(b"\x1b[200~" + text + b"\x1b[201~")
    pane.outer.until(lambda: len(pane.read) >= len(text), "5 MB")
    assert pane.read == text
