"""The driver in an app on a real PTY: what bytes of the outer terminal become."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import random
import signal
import struct
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qms_tui.ui.driver import TerminalDriver
from qms_tui.ui.outer_reports import OuterReports
from qms_tui.ui.tokenizer import ESCAPE_DELAY, Token, Tokenizer

from .outer_terminal import OuterTerminal

PROGRAM = str(Path(__file__).with_name("driver_app.py"))
F10 = b"\x1b[21~"
F9 = b"\x1b[20~"


@pytest.fixture
def outer() -> Iterator[OuterTerminal]:
    """The app, ready, on a terminal that answers nothing."""
    with OuterTerminal(PROGRAM) as terminal:
        terminal.wait_for("ready")
        yield terminal


def _keys(outer: OuterTerminal, count: int) -> list[tuple[str, bytes]]:
    outer.until(lambda: len(outer.pressed()) >= count, f"{count} keys")
    return [(fact["key"], bytes.fromhex(fact["data"])) for fact in outer.pressed()]


def test_keys_have_names_and_bytes(outer: OuterTerminal) -> None:
    wanted = [
        ("a", b"a"),
        ("A", b"A"),
        ("left_square_bracket", b"["),
        ("alt+1", b"\x1b1"),
        ("alt+enter", b"\x1b\r"),
        ("alt+backspace", b"\x1b\x7f"),
        ("ctrl+b", b"\x02"),
        ("backspace", b"\x08"),
        ("backspace", b"\x7f"),
        ("f12", b"\x1b[24~"),
        ("shift+enter", b"\x1b[13;2u"),
        ("shift+tab", b"\x1b[Z"),
        ("é", "é".encode()),
        ("<ignore>", b"\xe9"),
        ("ctrl+space", b"\0"),
    ]
    outer.write(b"".join(data for _, data in wanted))
    assert _keys(outer, len(wanted)) == wanted


def test_escape_arrives_soon(outer: OuterTerminal) -> None:
    times = []
    for count in range(1, 11):
        started = time.monotonic()
        outer.write(b"\x1b")
        assert _keys(outer, count)[-1] == ("escape", b"\x1b")
        times.append(outer.pressed()[-1]["time"] - started)
    # The fastest of ten, because the machine may be busy; a delay of ours would be in every one.
    assert min(times) <= 0.025


def test_an_input_works_as_ever(outer: OuterTerminal) -> None:
    outer.write(F9)
    outer.wait_for("focused")
    # In steps, because Textual acts on bindings (Backspace, Left) after the characters in its queue.
    for count, data in enumerate(("hallö Wx\x7f", "\x1b[D", "\x1b[D"), start=2):
        outer.write(data.encode())
        _keys(outer, count)
    outer.write(b"!\x1b[200~pasted\x1b[201~\r")
    assert outer.wait_for("input")["value"] == "hallö!pasted W"


def test_malformed_bytes_never_end_the_app(outer: OuterTerminal) -> None:
    chance = random.Random(7)
    pieces = [
        b"\x1b",
        b"[",
        b"O",
        b"]",
        b"P",
        b"\x18",
        b"\xe9",
        b"\xff",
        b";",
        b":",
        b"9" * 40,
        b"<",
        b"M",
        b"u",
        b"~",
    ]
    pieces += [
        b"\x1b[97;5:3u",
        b"\x1b[",
        b"\x1b[200",
        b"\x1b[<-1;-2;3M",
        b"\x1b[1114112u",
        b"\x1b[55296u",
        b"\x1b[M\x80",
    ]
    outer.write(b"\xe9\x1b[97;5:3u")
    outer.write(b"".join(chance.choice(pieces) for _ in range(5000)))
    outer.write(bytes(byte for byte in chance.randbytes(20000) if byte != 0x11))  # no Ctrl+Q
    # The storm may have ended within a paste, a string or a sequence; CAN and an end mark end all of them.
    outer.write(b"\x18\x1b\\\x1b[201~")
    outer.until(lambda: _ends(outer, F10), "the app to live on", 60)
    assert outer.wait_for_end() == 0


def _ends(outer: OuterTerminal, key: bytes) -> bool:
    outer.write(key)
    outer._turn(0.05)
    return any(fact["kind"] == "end" for fact in outer.facts)


def test_a_large_paste_is_one_event_within_a_second(outer: OuterTerminal) -> None:
    data = b"0123456789abcdef\r" * (5_000_000 // 17)
    times: list[float] = []
    while not times or (times[-1] >= 1 and len(times) < 5):  # one of several, because the machine may be busy
        started, told = time.monotonic(), len(outer.facts)
        outer.write(b"\x1b[200~" + data + b"\x1b[201~")
        paste = outer.wait_for("paste", after=told)
        assert paste["length"] == len(data)
        assert paste["digest"] == hashlib.sha256(data).hexdigest()
        times.append(paste["time"] - started)
    assert min(times) < 1
    assert len([fact for fact in outer.facts if fact["kind"] == "paste"]) == len(times)
    outer.write(b"x")
    assert _keys(outer, 1) == [("x", b"x")]


def test_a_paste_with_escape_and_broken_utf8(outer: OuterTerminal) -> None:
    outer.write(b"\x1b[200~a\x1b[31m\xe9b\x1b[201~")
    assert outer.wait_for("paste")["text"] == "a\x1b[31m\ufffdb"


def test_a_paste_without_an_end_is_given_up(outer: OuterTerminal) -> None:
    outer.write(b"\x1b[200~abc")
    assert outer.wait_for("paste")["text"] == "abc"
    outer.write(b"x")
    assert _keys(outer, 1) == [("x", b"x")]


def test_replies_are_no_keys(outer: OuterTerminal) -> None:
    outer.write(
        b"\x1b]11;rgb:0000/0000/0000\x1b\\\x1bP>|kitty(0.35)\x1b\\\x1b[?62;4c\x1b[5;10R\x1b[?2026;2$y\x1b[?1u"
    )
    outer.write(b"x")
    assert _keys(outer, 1) == [("x", b"x")]
    assert outer.pressed()[0]["kitty"] == 1
    outer.write(F10)
    assert outer.wait_for("end")["sync"]


def test_mouse_and_focus(outer: OuterTerminal) -> None:
    outer.write(b"\x1b[<0;5;3M\x1b[<0;5;3m\x1b[<81;2;2M\x1b[O")
    down, up = outer.wait_for("down"), outer.wait_for("up")
    assert (down["x"], down["y"], down["button"]) == (up["x"], up["y"], up["button"]) == (4, 2, 1)
    assert outer.wait_for("wheel")["ctrl"]
    outer.wait_for("blur")
    outer.write(b"\x1b[I")
    outer.wait_for("focus")


def test_mouse_in_pixels_after_an_in_band_resize(outer: OuterTerminal) -> None:
    outer.write(b"\x1b[?2048;2$y")
    outer.until(
        lambda: b"\x1b[?2048h" in outer.output and b"\x1b[?1016h" in outer.output, "mode 2048 and 1016"
    )
    outer.write(b"\x1b[48;30;100;600;1000t\x1b[<0;95;59M")
    outer.until(lambda: any(f["kind"] == "resize" and f["width"] == 100 for f in outer.facts), "the new size")
    down = outer.wait_for("down")
    assert (down["x"], down["y"]) == (9, 2)


def test_the_terminal_is_given_back(outer: OuterTerminal) -> None:
    assert outer.attributes != outer.cooked
    outer.write(F10)
    assert outer.wait_for_end() == 0
    assert outer.attributes == outer.cooked
    started, ended = bytes(outer.output).split(b"\x1b[<u")
    assert b"\x1b[>5u\x1b[?u" in started
    assert b"\x1b[>25u" not in started
    assert ended.startswith(b"\x1b[?1049l")
    for mode in (b"1000", b"1003", b"1006", b"2004", b"1004"):
        assert outer.output.rindex(b"\x1b[?%bl" % mode) > outer.output.rindex(b"\x1b[?%bh" % mode)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_app_in_order(outer: OuterTerminal, number: signal.Signals) -> None:
    outer.process.send_signal(number)
    assert outer.wait_for("end")["code"] == 128 + number
    outer.wait_for_end()
    assert outer.attributes == outer.cooked
    assert b"\x1b[?1049l" in outer.output


@pytest.mark.parametrize("options", [[], ["no-control"]], ids=["SIGHUP", "EIO"])
def test_a_vanished_terminal_ends_the_app(options: list[str]) -> None:
    with OuterTerminal(PROGRAM, *options) as outer:
        outer.wait_for("ready")
        outer.hang_up()
        assert outer.wait_for("end")["code"] == 0
        assert outer.wait_for_end() == 0


def test_without_a_keyboard_the_app_ends_and_says_so() -> None:
    with open(os.devnull, "rb") as nothing, OuterTerminal(PROGRAM, stdin=nothing) as outer:
        assert outer.wait_for("end")["code"] == 1
        outer.until(lambda: b"needs a terminal" in outer.output, "a word about it")


def test_text_that_nobody_brackets_is_typed(outer: OuterTerminal) -> None:
    text = b"0123456789" * 700  # more than the driver reads before the app has caught up
    outer.write(text)
    keys = _keys(outer, len(text))
    assert b"".join(data for _, data in keys) == text


def test_lending_the_terminal(outer: OuterTerminal) -> None:
    outer.write(b"\x1b[?1u\x1b[19~")
    assert outer.wait_for("suspended")["canonical"]
    assert outer.wait_for("back")["kitty"] == 0  # until the terminal answers again
    outer.write(b"x")
    assert _keys(outer, 2)[1] == ("x", b"x")


def test_resize(outer: OuterTerminal) -> None:
    fcntl.ioctl(outer.master, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 0, 0))
    outer.until(lambda: any(f["kind"] == "resize" and f["width"] == 120 for f in outer.facts), "the new size")


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP])
def test_suspend_and_resume(outer: OuterTerminal, number: signal.Signals) -> None:
    pid = outer.process.pid
    os.kill(pid, number)
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    if number is signal.SIGTSTP:
        outer.until(lambda: b"\x1b[?1049l" in outer.output, "the alternate screen to be left")
        assert outer.attributes == outer.cooked
    before = len(outer.output)
    os.kill(pid, signal.SIGCONT)
    outer.wait_for("resumed")
    outer.until(lambda: b"told" in outer.output[before:], "the screen to be painted again")
    assert outer.attributes != outer.cooked
    outer.write(b"\x1b1x")
    assert _keys(outer, 2) == [("alt+1", b"\x1b1"), ("x", b"x")]
    outer.write(F10)
    assert outer.wait_for_end() == 0
    assert outer.attributes == outer.cooked


class _Talker(Tokenizer):
    """Takes what comes, for two seconds at most."""

    def __init__(self) -> None:
        super().__init__()
        self._until = time.monotonic() + 2.0

    def feed(self, data: bytes) -> list[Token]:
        if time.monotonic() > self._until:
            raise TimeoutError
        return super().feed(b"")


def _asking(tokenizer: Tokenizer) -> TerminalDriver:
    """A driver without a terminal, which waits for the answer to whether that takes reports."""
    driver = TerminalDriver.__new__(TerminalDriver)
    driver._tokenizer, driver._gone = tokenizer, False
    clock = asyncio.new_event_loop()
    clock.close()
    driver._reports = OuterReports(lambda text: None, list, clock)
    driver._reports.ask()
    return driver


def test_the_last_answers_of_a_terminal_that_is_never_silent_are_not_waited_for() -> None:
    driver = _asking(_Talker())
    driver.fileno = os.open("/dev/zero", os.O_RDONLY)
    try:
        driver._take_last_answers()
    finally:
        os.close(driver.fileno)


def test_escape_is_not_late_for_an_answer_that_has_not_come_in_time() -> None:
    """Whatever else the terminal says."""
    driver = _asking(Tokenizer())
    driver._expect_answer(False)  # its time is over
    driver._reply(b"\x1bP1+r5463\x1b\\")
    driver._tokenizer.feed(b"\x1b")
    assert driver._tokenizer.delay == ESCAPE_DELAY
    driver._expect_answer(True)
    driver._reply(b"\x1b[?62c")
    assert not driver._tokenizer.expects_answer
