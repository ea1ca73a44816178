"""Parameters are decimal numbers: leading zeros do not count, however many (ECMA-48 5.4.2)."""

from __future__ import annotations

import pytest

from qms_tui.terminal import ClipboardWrite, Progress, PromptMark, Style, Terminal, Underline, direct_color
from qms_tui.terminal.colors import BACKGROUND, parsed

MANY = "0" * 30


def fed(data: str) -> Terminal:
    terminal = Terminal(10, 4)
    terminal.feed(data.encode())
    return terminal


def style(sgr: str) -> Style:
    return fed(f"\x1b[{sgr}mx").styled(0)[0].style


@pytest.mark.parametrize("zeros", ["0", "00", MANY, "0" * 900, "0" * 5000])
def test_a_number_of_any_length(zeros: str) -> None:
    assert fed(f"\x1b[{zeros}3;{zeros}5Hx").display[2] == "    x     "
    assert fed(f"\x1b[{zeros}3;{zeros}5Hx").cursor.column == 5
    assert style(f"{zeros}34").foreground == 4
    assert fed(f"\x1b[?{zeros}2004h").modes.bracketed_paste
    assert fed(f"\x1b[{zeros}m\x1b[4{zeros}x").display[0].rstrip() == ""  # not an SGR: 4000.. characters


@pytest.mark.parametrize("zeros", ["0", MANY, "0" * 3000])
def test_in_pieces(zeros: str) -> None:
    data = f"\x1b[{zeros}2;{zeros}3H\x1b[{zeros}31;{zeros}1mx".encode()
    pieces = Terminal(10, 4)
    for at in range(0, len(data), 7):
        pieces.feed(data[at : at + 7])
    assert pieces.display == fed(data.decode()).display
    assert pieces.styled(1) == fed(data.decode()).styled(1)
    assert pieces.display[1] == "  x       "


@pytest.mark.parametrize(
    ("sgr", "wanted"),
    [
        ("0000034", Style(4)),
        ("007;0027;031", Style(1)),
        (f"{MANY}1;{MANY}0", Style()),
        (f"{MANY}", Style()),
        ("038;05;0009", Style(9)),
        ("038;02;001;002;003", Style(direct_color(1, 2, 3))),
        ("0048:005:0200", Style(None, 200)),
        ("038:02::01:02:03", Style(direct_color(1, 2, 3))),
        ("04:03", Style(underline=Underline.CURLY)),
        ("4:00", Style()),
        (f"38;5;{MANY}9", Style(9)),
        (f"38;2;{MANY}255;0;0", Style(direct_color(255, 0, 0))),
        ("0100", Style(None, 8)),
        ("31;00;32", Style(2)),
    ],
)
def test_select_graphic_rendition(sgr: str, wanted: Style) -> None:
    assert style(sgr) == wanted


def test_a_number_too_large_is_no_other_number() -> None:
    assert style("4294967330") == Style()  # 34 in 32 bits
    assert fed("\x1b[0009999999999999CX").cursor.column == 9


@pytest.mark.parametrize("zeros", ["", "0", MANY])
def test_control_strings(zeros: str) -> None:
    assert fed(f"\x1b]{zeros}2;title\x07").title == "title"
    assert fed(f"\x1b]{zeros}0;both\x1b\\").title == "both"
    assert fed(f"\x1b]{zeros}8;;http://x\x1b\\a").styled(0)[0].style.link == "http://x"
    assert fed(f"\x1b]{zeros}52;c;aGk=\x07").take_events() == [ClipboardWrite("c", b"hi")]
    assert fed(f"\x1b]{zeros}9;{zeros}4;{zeros}1;{zeros}50\x07").take_events() == [Progress(1, 50)]
    assert fed(f"\x1b]{zeros}133;D;{zeros}7\x07").take_events() == [PromptMark("D", 7)]
    assert fed(f"\x1bP={zeros}1s\x1b\\").synchronized
    changed = fed(f"\x1b]{zeros}11;#123456\x07\x1b]{zeros}4;{zeros}3;#abcdef\x07")
    assert changed.colors.get(BACKGROUND) == parsed("#123456")
    assert changed.colors.get(3) == parsed("#abcdef")
    changed.feed(f"\x1b]{zeros}111\x07\x1b]{zeros}104;{zeros}3\x07".encode())
    assert not changed.colors.changed


def test_questions_and_modes() -> None:
    assert fed("\x1b[?0002026$p").take_replies() == b"\x1b[?2026;2$y"
    assert fed("\x1b[005n\x1b[06n").take_replies() == b"\x1b[0n\x1b[1;1R"
    assert fed("\x1b[>005u\x1b[?u").take_replies() == b"\x1b[?5u"
    assert fed("\x1b[0018t").take_replies() == b"\x1b[8;4;10t"
    assert fed("\x1b[000c").take_replies() == fed("\x1b[c").take_replies()


def test_too_many_digits_that_count_are_ignored() -> None:
    for digits in ("1" * 2000, "0" * 1000 + "1" * 2000):
        terminal = fed(f"\x1b[{digits}Cx")
        assert terminal.display[0].rstrip() == "x"
        single = Terminal(10, 4)
        for byte in f"\x1b[{digits}Cx".encode():
            single.feed(bytes((byte,)))
        assert single.display == terminal.display
