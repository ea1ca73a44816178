"""A terminal drawn as output looks the same in a new one, and goes on the same."""

from __future__ import annotations

import random
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given

from qms_tui.terminal import Terminal
from tests.terminal.test_properties import fresh, quick, streams

CAPTURES = sorted((Path(__file__).parent / "captures").glob("*.raw"))


def copied(terminal: Terminal) -> Terminal:
    """What the drawn output makes of a new terminal."""
    copy = Terminal(terminal.columns, terminal.lines)
    copy.feed(terminal.drawn())
    return copy


def look(terminal: Terminal) -> list[object]:
    """What is on the screen; protected cells make runs of their own."""
    rows = [[(run.style, run.text) for run in terminal.styled(y)] for y in range(terminal.lines)]
    rows = [
        [(style, "".join(text for _, text in same)) for style, same in groupby(row, lambda run: run[0])]
        for row in rows
    ]
    return [terminal.display, rows, terminal.cursor, terminal.modes.alternate_screen, terminal.title]


@quick
@given(streams)
def test_any_screen_looks_the_same(data: bytes) -> None:
    terminal = fresh()
    terminal.feed(data)
    assert look(copied(terminal)) == look(terminal)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_programs_go_on_the_same_wherever_they_are_cut(capture: Path) -> None:
    data = capture.read_bytes()
    numbers = random.Random(1)
    for cut in sorted(numbers.randrange(len(data)) for _ in range(12)):
        whole = Terminal(120, 40)
        whole.feed(data[:cut])
        copy = copied(whole)
        whole.feed(data[cut : cut + 20_000])
        copy.feed(data[cut : cut + 20_000])
        assert look(copy) == look(whole), cut


@pytest.mark.parametrize(
    "rest",
    [
        b"\x1b7\x1b[31m\x1b[2;3Hred\x1b8",
        b"\x1b[1;20H0123456789 wraps on",
        b"\x1b[3;8r\x1b[?6h\x1b[2;2Hx\n\n\n\n\n\n\ny",
        b"\x1b[?69h\x1b[5;15s\x1b[1;5Hbetween the margins of the screen",
        b"\x1b(0lqqk\x1b(B",
        b"\x1b[3g\x1b[1;4H\x1bH\r\tx",
        b"\x1b[4h\rinserted",
        b"\x1b[44m\x1b[?1049hfull\x1b[5;1Hscreen",
        b"\x1b[?7l\x1b[1;18Hnever wraps",
    ],
)
@pytest.mark.parametrize(
    "more", [b"\x1b8x", b"abc\r\n\tdef\x1b[K", b"\x1b[?1049lback", b"\x1b[J", "漢字".encode()]
)
def test_modes_go_on(rest: bytes, more: bytes) -> None:
    whole = Terminal(20, 10)
    whole.feed(b"some text\r\n\x1b[32mgreen\r\n" + rest)
    copy = copied(whole)
    whole.feed(more)
    copy.feed(more)
    assert look(copy) == look(whole)
