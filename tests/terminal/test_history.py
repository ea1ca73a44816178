"""Scrollback, reflow, damage, and how much memory all that may take."""

import gc
import sys
import tracemalloc
import weakref

import pytest

from qms_tui.terminal import Damage, Terminal


def fed(data: str, columns: int = 10, lines: int = 4, scrollback: int = 5000) -> Terminal:
    terminal = Terminal(columns, lines, scrollback=scrollback)
    terminal.feed(data.encode())
    return terminal


def rows(terminal: Terminal) -> list[str]:
    return [row.rstrip() for row in terminal.display]


def test_history_is_a_view() -> None:
    terminal = fed("\r\n".join(map(str, range(10))))
    history = terminal.history
    assert [row.rstrip() for row in history] == list("012345")
    assert history[-1] == "5         "
    assert history[1:3] == ["1         ", "2         "]
    assert history[::-2] == [f"{n}         " for n in (5, 3, 1)]
    assert terminal.history_length == len(history) == 6
    terminal.feed(b"\r\n")
    assert len(history) == 7
    with pytest.raises(IndexError):
        history[7]


def test_history_is_bounded() -> None:
    terminal = fed("\r\n".join(map(str, range(100))), scrollback=5)
    assert [row.rstrip() for row in terminal.history] == ["91", "92", "93", "94", "95"]
    assert terminal.take_damage().history_added == 96


def test_no_history() -> None:
    assert fed("a\r\n" * 9, scrollback=0).history_length == 0


def test_styled_history() -> None:
    terminal = fed("\x1b[31ma\x1b[m\r\n" + "\r\n" * 4)
    assert terminal.styled(-2)[0].style.foreground == 1


def test_damage_is_what_changed() -> None:
    terminal = fed("a\r\nb")
    assert terminal.take_damage() == Damage(frozenset({0, 1, 2, 3}))
    assert terminal.take_damage() == Damage(frozenset())
    terminal.feed(b"\x1b[3;1Hc\x1b[1;1H")
    assert terminal.take_damage() == Damage(frozenset({2}))
    terminal.feed(b"a\x1b[31m\x1b[6n")
    assert terminal.take_damage() == Damage(frozenset())
    terminal.feed(b"\x1b[4;1H\n")
    assert terminal.take_damage() == Damage(frozenset({0, 1, 2}), 1)


def test_damage_of_the_other_screen() -> None:
    terminal = fed("a")
    terminal.take_damage()
    terminal.feed(b"\x1b[?1049h\x1b[?1049l")
    assert terminal.take_damage().rows == frozenset()
    terminal.feed(b"\x1b[?1049h")
    assert terminal.take_damage().rows == frozenset({0})


@pytest.mark.parametrize(
    ("data", "size", "expected", "cursor", "history"),
    [
        ("0123456789abc", (5, 4), ["01234", "56789", "abc", ""], (2, 3), 0),
        ("0123456789abc", (20, 4), ["0123456789abc", "", "", ""], (0, 13), 0),
        ("ab\r\ncd", (5, 4), ["ab", "cd", "", ""], (1, 2), 0),
        ("0\r\n1\r\n2\r\n3", (10, 2), ["2", "3"], (1, 1), 2),
        ("0\r\n1", (10, 2), ["0", "1"], (1, 1), 0),
        ("0\r\n1\r\n2\r\n3\r\n4\r\n5", (10, 6), ["0", "1", "2", "3", "4", "5"], (5, 1), 0),
        ("0\r\n1\r\n2\r\n3\r\n4\x1b[2J\x1b[H$", (20, 4), ["$", "", "", ""], (0, 1), 1),
        ("0\r\n1\r\n2\r\n3\r\n4\x1b[2J\x1b[H$", (2, 4), ["$", "", "", ""], (0, 1), 1),
        ("漢字漢字漢字", (5, 4), ["漢字", "漢字", "漢字", ""], (2, 4), 0),
        ("漢字漢字漢字", (1, 1), None, None, None),
        ("0123456789abc\x1b[2D", (5, 4), ["01234", "56789", "abc", ""], (2, 1), 0),
        ("0123456789", (5, 4), ["01234", "56789", "", ""], (1, 4), 0),
        ("x\x1b[4;9H", (5, 4), ["x", "", "", ""], (3, 4), 0),
    ],
)
def test_resize(
    data: str,
    size: tuple[int, int],
    expected: list[str] | None,
    cursor: tuple[int, int] | None,
    history: int | None,
) -> None:
    terminal = fed(data)
    terminal.resize(*size)
    if expected is not None:
        assert rows(terminal) == expected
        assert (terminal.cursor.row, terminal.cursor.column) == cursor
        assert terminal.history_length == history


def test_wrapped_history_is_joined_again() -> None:
    terminal = fed("0123456789abcdef\r\n" + "\r\n" * 6)
    terminal.resize(20, 4)
    assert terminal.history[0].rstrip() == "0123456789abcdef"


def test_main_screen_reflows_while_it_is_hidden() -> None:
    terminal = fed("0123456789abc\x1b[?1049halt")
    terminal.resize(20, 4)
    assert rows(terminal)[1] == "   alt"
    terminal.feed(b"\x1b[?1049l")
    assert rows(terminal)[0] == "0123456789abc"
    assert terminal.cursor.column == 13


def test_a_pending_wrap_that_was_saved_ends_with_the_width() -> None:
    terminal = fed("0123456789\x1b7")
    terminal.resize(20, 4)
    terminal.feed(b"\x1b8xy")
    assert rows(terminal) == ["012345678xy", "", "", ""]


def test_alternate_screen_is_clipped() -> None:
    terminal = fed("\x1b[?1049h0123456789\x1b[4;1Hx")
    terminal.resize(5, 4)
    assert rows(terminal) == ["01234", "", "", "x"]
    terminal.resize(10, 2)
    assert rows(terminal) == ["", "x"]


def test_wide_characters_come_together_again() -> None:
    terminal = fed("123456789漢字")
    terminal.resize(20, 4)
    assert rows(terminal)[0] == "123456789漢字"


def _growth(terminal: Terminal, data: bytes, times: int = 1) -> int:
    """Bytes of memory that `data` leaves behind in the terminal."""
    tracemalloc.start()
    try:
        for _ in range(times):
            terminal.feed(data)
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_history_is_compact() -> None:
    plain = b"".join(b"%0200d\r\n" % i for i in range(6000))
    assert _growth(Terminal(200, 50), plain) < 12_000_000


def test_coloured_history_is_compact() -> None:
    line = "".join(f"\x1b[38;5;{i}mabcdefgh" for i in range(25))
    data = "".join(f"{line}\x1b[38;2;{i % 256};{i // 256};3m\r\n" for i in range(6000)).encode()
    assert _growth(Terminal(200, 50), data) < 12_000_000


@pytest.mark.parametrize(
    "start", ["\x1b]0;", "\x1b]52;c;", "\x1bP", "\x1b_G", "\x1b^", "\x1bX", "\x1b[", "\x1b(", "a"]
)
@pytest.mark.parametrize("filler", ["A", "1;", " ", "\u0301"])
def test_endless_strings_stay_small(start: str, filler: str) -> None:
    terminal = Terminal(80, 24, scrollback=100)
    terminal.feed(start.encode())
    piece = (filler * 16384).encode()
    assert _growth(terminal, piece, 8) < 4_000_000


def test_endless_clusters_and_looks_stay_small() -> None:
    terminal = Terminal(80, 24)
    text = "".join(chr(0x4E00 + i % 20000) + chr(0x300 + i // 20000 % 100) for i in range(60_000))
    assert _growth(terminal, text.encode()) < 12_000_000
    assert sys.getsizeof(terminal.display[0]) < 1000


def test_a_terminal_that_nobody_has_is_gone_at_once() -> None:
    """Its history is megabytes: it must not wait for the garbage collector."""
    terminal = Terminal(80, 24)
    terminal.feed(b"line\r\n" * 100)
    assert len(terminal.history) > 0
    gone = weakref.ref(terminal), weakref.ref(terminal._screen)
    gc.disable()
    try:
        del terminal
        assert [reference() for reference in gone] == [None, None]
    finally:
        gc.enable()


def test_text_up_to_the_cursor_over_rows_and_history() -> None:
    terminal = fed("first\r\n$ abcdefghijklmnopqrstuvwxyz", lines=2)
    assert terminal.before_cursor() == "stuvwxyz"
    assert terminal.before_cursor(2) == "$ abcdefghijklmnopqrstuvwxyz"
    assert terminal.before_cursor(3) == "first     $ abcdefghijklmnopqrstuvwxyz"
    assert terminal.before_cursor(4) == ""
    terminal.feed(b"\x1b[?1049h\x1b[1;1H12345678")
    assert (terminal.before_cursor(), terminal.before_cursor(1)) == ("12345678", "")


def test_text_around_the_cursor_counts_cells() -> None:
    assert fed("$ 漢字e\u0301abc").before_cursor() == "$ 漢字e\u0301abc"  # the next character wraps
    wrapped = fed("$ 漢字abc漢")
    assert (wrapped.before_cursor(1), wrapped.after_cursor()) == ("$ 漢字abc漢", "")
    before = fed("$ 漢字\x1b[5G")
    assert (before.before_cursor(), before.after_cursor()) == ("$ 漢", "字")
