"""What is painted reaches a real terminal at once, in order, and never makes the loop wait."""

from __future__ import annotations

import fcntl
import os
import pty
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from io import TextIOWrapper

import pytest

from qms_tui.ui.writer import Writer

MUCH = "━é#\U0001f600" * 100_000  # more than any terminal holds, in characters of one to four bytes
PATIENCE = 30.0  # seconds until what was written must have come


class Terminal:
    """A pseudo-terminal, from both sides."""

    def __init__(self) -> None:
        self.outer, self.inner = pty.openpty()
        tty.setraw(self.inner)
        self.file = _text(self.inner)
        self.errors = 0

    def fail(self) -> None:
        self.errors += 1

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += os.read(self.outer, count - len(data))
        return data

    def hang_up(self) -> None:
        os.close(self.outer)
        self.outer = -1

    def close(self) -> None:
        with suppress(OSError):
            self.file.close()
        os.close(self.inner)
        if self.outer >= 0:
            os.close(self.outer)


def _text(terminal: int) -> TextIOWrapper:
    return open(terminal, "w", encoding="utf-8", newline="", closefd=False)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with closing(Terminal()) as made:
        yield made


@pytest.fixture
def make(terminal: Terminal) -> Callable[[], Writer]:
    return lambda: Writer(terminal.file, terminal.fail)


def test_nothing_waits_for_the_thread(terminal: Terminal, make: Callable[[], Writer]) -> None:
    writer = make()  # its thread does not even run
    writer.write("echo ━")
    assert terminal.read(8) == "echo ━".encode()
    writer.start()
    writer.stop()
    assert terminal.errors == 0


def test_who_does_not_read_keeps_nobody_waiting_and_misses_nothing(
    terminal: Terminal, make: Callable[[], Writer]
) -> None:
    writer = make()
    writer.start()
    for text in (MUCH, "then", "last"):
        writer.write(text)
    wanted = f"{MUCH}thenlast".encode()
    assert terminal.read(len(wanted)) == wanted
    writer.write("again")
    assert terminal.read(5) == b"again"
    writer.stop()
    assert terminal.errors == 0


def test_the_order_is_kept_however_it_is_read(terminal: Terminal, make: Callable[[], Writer]) -> None:
    writer = make()
    writer.start()
    texts = [f"{number:05}" * (1 + number % 700) for number in range(2000)]
    wanted = "".join(texts).encode()
    shown: list[bytes] = []
    reader = threading.Thread(target=lambda: shown.append(terminal.read(len(wanted))), daemon=True)
    reader.start()
    for text in texts:
        writer.write(text)
    reader.join(PATIENCE)
    assert shown == [wanted]
    writer.stop()


def test_the_shells_own_descriptor_goes_on_waiting(terminal: Terminal, make: Callable[[], Writer]) -> None:
    writer = make()
    writer.write("x")
    assert not fcntl.fcntl(terminal.inner, fcntl.F_GETFL) & os.O_NONBLOCK
    writer.start()
    writer.stop()


def test_a_terminal_that_cannot_be_opened_again_is_written_to_by_the_thread(
    terminal: Terminal, make: Callable[[], Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_name(number: int) -> str:
        raise OSError

    monkeypatch.setattr(os, "ttyname", no_name)
    writer = make()
    writer.start()
    writer.write("slowly")
    assert terminal.read(6) == b"slowly"
    writer.stop()


def test_a_terminal_that_is_gone_is_told_and_more_is_taken(
    terminal: Terminal, make: Callable[[], Writer]
) -> None:
    writer = make()
    writer.start()
    terminal.hang_up()
    for _ in range(100):
        writer.write("x")
    assert terminal.errors == 100
    writer.stop()


def test_no_descriptor_is_left(terminal: Terminal, make: Callable[[], Writer]) -> None:
    before = os.listdir("/proc/self/fd")
    writer = make()
    writer.start()
    writer.write("x")
    writer.stop()
    assert os.listdir("/proc/self/fd") == before
