"""XTGETTCAP: each capability that is answered is one that the terminal has."""

from __future__ import annotations

import curses
import re

import pytest

from qms_tui.terminal import Attribute, ClipboardWrite, Style, Terminal, Underline, direct_color
from qms_tui.terminal.capabilities import CAPABILITIES, SWITCHES
from qms_tui.terminal.colors import CURSOR, parsed
from qms_tui.terminal.modes import CursorShape

ANSWER = re.compile(rb"\x1bP1\+r([0-9A-F]+)(?:=([0-9A-F]+))?\x1b\\|\x1bP0\+r\x1b\\")


def asked(*names: str) -> bytes:
    terminal = Terminal(20, 2)
    terminal.feed(f"\x1bP+q{';'.join(name.encode().hex() for name in names)}\x1b\\".encode())
    return terminal.take_replies()


def value(name: str) -> str:
    """What the answer says."""
    match = ANSWER.fullmatch(asked(name))
    assert match, name
    assert bytes.fromhex(match[1].decode()).decode() == name
    return bytes.fromhex((match[2] or b"").decode()).decode()


def sent(name: str, *parameters: int) -> Terminal:
    """A terminal that was sent the capability, filled in by curses, and a letter."""
    terminal = Terminal(20, 2)
    terminal.feed(filled(name, *parameters) + b"x")
    return terminal


def filled(name: str, *parameters: int) -> bytes:
    curses.setupterm("xterm-256color", 1)
    return curses.tparm(value(name).encode(), *parameters)


def style(name: str, *parameters: int) -> Style:
    return sent(name, *parameters).styled(0)[0].style


def test_colours_and_looks() -> None:
    assert value("Co") == value("colors") == "256"
    assert value("RGB") == "8/8/8"
    assert style("setrgbf", 1, 2, 3) == Style(direct_color(1, 2, 3))
    assert style("setrgbb", 1, 2, 3) == Style(None, direct_color(1, 2, 3))
    assert style("sitm").attributes is Attribute.ITALIC
    assert style("smxx").attributes is Attribute.STRIKE
    assert style("Smol").attributes is Attribute.OVERLINE
    assert [style("Smulx", kind).underline for kind in range(6)] == [*Underline]
    assert style("Setulc", 0x123456).underline_color == direct_color(0x12, 0x34, 0x56)
    for on, off in (("sitm", "ritm"), ("smxx", "rmxx"), ("Smol", "Rmol")):
        terminal = Terminal(20, 2)
        terminal.feed(filled(on) + filled(off) + b"x")
        assert terminal.styled(0)[0].style == Style()


def test_the_cursor() -> None:
    assert [sent("Ss", shape).cursor.shape for shape in (2, 4, 6)] == [*CursorShape]
    terminal = sent("Ss", 6)
    terminal.feed(filled("Se"))
    assert terminal.cursor.shape is CursorShape.BLOCK
    terminal.feed(value("Cs").replace("%p1%s", "#123456").encode())
    assert terminal.colors.get(CURSOR) == parsed("#123456")
    terminal.feed(filled("Cr"))
    assert not terminal.colors.changed


def test_modes_and_the_rest() -> None:
    terminal = Terminal(20, 2)
    terminal.feed(filled("Sync", 1))
    assert terminal.synchronized
    terminal.feed(filled("Sync", 2))
    assert not terminal.synchronized
    assert sent("BE").modes.bracketed_paste
    assert sent("fe").modes.focus_events
    terminal.feed(filled("BE") + filled("BD") + filled("fe") + filled("fd"))
    assert terminal.modes == Terminal(20, 2).modes
    terminal.feed(value("Ms").replace("%p1%s", "c").replace("%p2%s", "aGk=").encode())
    assert terminal.take_events() == [ClipboardWrite("c", b"hi")]
    terminal.feed(b"1\r\n2\r\n3" + filled("E3"))
    assert terminal.history_length == 0


@pytest.mark.parametrize("name", sorted({*CAPABILITIES, *SWITCHES}))
def test_each_has_an_answer_in_either_case(name: str) -> None:
    assert value(name) == CAPABILITIES.get(name, "")
    terminal = Terminal(20, 2)
    terminal.feed(f"\x1bP+q{name.encode().hex().upper()}\x1b\\".encode())
    assert terminal.take_replies() == asked(name)


def test_several_names_have_an_answer_each() -> None:
    answers = [match[0] for match in ANSWER.finditer(asked("Tc", "nonsense", "Co"))]
    assert answers == [b"\x1bP1+r5463\x1b\\", b"\x1bP0+r\x1b\\", b"\x1bP1+r436F=323536\x1b\\"]
    assert len(ANSWER.findall(asked(*["Co"] * 1000))) == 64


@pytest.mark.parametrize("names", ["", "zz", "5", ";", "é", "436f" * 1000, "TN"])
def test_what_is_unknown_is_not_sent_back(names: str) -> None:
    terminal = Terminal(20, 2)
    terminal.feed(f"\x1bP+q{names}\x1b\\".encode())
    assert set(terminal.take_replies().split(b"\x1bP")) == {b"", b"0+r\x1b\\"}
