"""The colours of whoever led last, as frames have them and as terminals answer with them."""

from __future__ import annotations

import pytest

from qms_tui.keeper.replies import Palette, read_palette, write_palette
from qms_tui.terminal import Terminal
from qms_tui.terminal.colors import BACKGROUND


def answer(terminal: Terminal) -> bytes:
    terminal.feed(b"\x1b]11;?\x1b\\")
    return terminal.take_replies()


def test_a_palette_survives_its_way() -> None:
    colors = {0: (1, 2, 3), 255: (254, 0, 9), BACKGROUND: (10, 20, 30)}
    assert read_palette(write_palette(colors)) == colors


@pytest.mark.parametrize(
    "text", ["", "1", "1=", "1=fffff", "1=fffffff", "1=FFFFFF", "x=ffffff", "12345=ffffff", "1=ffffff,2"]
)
def test_what_is_no_colour_is_left_out(text: str) -> None:
    assert read_palette(text) == {}
    assert read_palette(f"{text} 2=010203") == {2: (1, 2, 3)}


def test_terminals_answer_with_it() -> None:
    palette, terminal = Palette(), Terminal(80, 24)
    palette.take(write_palette({BACKGROUND: (1, 2, 3), 9999: (1, 2, 3)}))
    palette.take("")  # one that tells no colours
    palette.show(terminal)
    assert answer(terminal) == b"\x1b]11;rgb:0101/0202/0303\x1b\\"
    assert 9999 not in terminal.colors.defaults
