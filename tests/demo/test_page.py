"""The full-screen page, without a screen."""

from __future__ import annotations

import pytest

from qms_tui.demo.ink import clean, clip, pad, width, wrapped
from qms_tui.demo.keyboard import Size
from qms_tui.demo.page import View, painted, pressed, resized, split_keys

TEXT = "\n".join(f"line {number}" for number in range(100))


def _view(top: int = 0) -> View:
    return View(tuple(TEXT.split("\n")), Size(60, 11), top)


@pytest.mark.parametrize(
    ("key", "top"),
    [
        (b"j", 51), (b"k", 49), (b"\x1b[B", 51), (b"\x1bOA", 49), (b" ", 59), (b"\x1b[5~", 41),
        (b"g", 0), (b"G", 90), (b"\x1b[<64;1;1M", 47), (b"\x1b[<65;1;1M", 53), (b"x", 50), (b"\x1b[99z", 50),
    ],
)  # fmt: skip
def test_keys_scroll(key: bytes, top: int) -> None:
    view = pressed(_view(50), key)
    assert view is not None
    assert view.top == top


def test_scrolling_ends_at_both_ends() -> None:
    for key, top in ((b"k", 0), (b"b", 0), (b"G", 90)):
        view = pressed(_view(), key)
        assert view is not None
        assert view.top == top
    assert pressed(_view(), b"q") is None


def test_keys_may_arrive_in_pieces() -> None:
    assert split_keys(b"j\x1bOA\x1b[<65;10;5Mq") == ([b"j", b"\x1bOA", b"\x1b[<65;10;5M", b"q"], b"")
    assert split_keys(b"j\x1b[<65;1") == ([b"j"], b"\x1b[<65;1")
    assert split_keys(b"\x1b") == ([], b"\x1b")
    assert split_keys(b"\x1b\x1b[A") == ([b"\x1b", b"\x1b[A"], b"")
    assert split_keys(b"\x1b[" + b"1" * 100) == ([], b"")


def test_a_new_size_stays_at_the_same_part() -> None:
    view = resized(_view(50), TEXT, Size(30, 6))
    assert view.top == 50
    assert view.height == 5
    assert resized(view, TEXT, Size(30, 200)).top == 0


@pytest.mark.parametrize("size", [Size(1, 1), Size(2, 2), Size(10, 3), Size(300, 80)])
def test_every_size_can_be_painted(size: Size) -> None:
    text = painted(resized(View((), size), TEXT, size), "SOP-001")
    assert text.startswith("\x1b[?2026h")
    assert text.endswith("\x1b[?2026l")
    assert f"\x1b[{size.lines + 1};" not in text


def test_widths_count_wide_characters_twice_and_marks_not_at_all() -> None:
    assert width("日本e\u0301") == 5
    assert clip("日本語", 4) == "日…"
    assert pad("日本語", 5) == "日本…"
    assert pad("日本語", 8) == "日本語  "
    assert clip("abc", 0) == ""


def test_nothing_that_a_terminal_obeys_stays() -> None:
    assert clean("a\x1b[31m\r\x07\x9b2J\u202eb\tc\nd\x7f\ud800") == "a[31m2Jb    c\nd"


def test_long_lines_break_between_words_and_short_ones_stay() -> None:
    assert wrapped("  a  b\n\none two three four", 10) == ["  a  b", "", "one two", "  three", "  four"]
