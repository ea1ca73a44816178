"""Where a line that ran over the end of its row goes on in the next one, and where it does no more.

Compared with tmux 3.3a and xterm.js 6 where they agree. `~` stands where a line goes on.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qms_tui.terminal import Terminal

LONG = "ABCDEFGHij\r\nk"  # on a screen of 8 columns and 4 lines
SECOND = "\x1b[2;1H"


def fed(data: str, columns: int = 8, lines: int = 4) -> Terminal:
    terminal = Terminal(columns, lines, scrollback=50)
    terminal.feed(data.encode())
    return terminal


def logical(terminal: Terminal) -> list[str]:
    """The lines of history and screen, blank ones at the end left out."""
    lines = [""]
    for y in range(-terminal.history_length, terminal.lines):
        row = "".join(run.text for run in terminal.styled(y))
        lines[-1] += row.rstrip()
        if terminal.is_wrapped(y):
            lines[-1] += "~"
        else:
            lines.append("")
    while lines and not lines[-1]:
        lines.pop()
    return lines


ENDED: dict[str, tuple[str, list[str]]] = {
    "EL 0": (f"{SECOND}\x1b[KNEW", ["ABCDEFGH", "NEW", "k"]),
    "EL 2 in its middle": ("\x1b[2;2H\x1b[2K\rNEW", ["ABCDEFGH", "NEW", "k"]),
    "EL 1 over all of it": ("\x1b[2;2H\x1b[1K\rNEW", ["ABCDEFGH", "NEW", "k"]),
    "DECSEL": (f"{SECOND}\x1b[?2KNEW", ["ABCDEFGH", "NEW", "k"]),
    "ED 0": (f"{SECOND}\x1b[JNEW", ["ABCDEFGH", "NEW"]),
    "ED 1 over its start": ("\x1b[1;8H\x1b[1J", ["", "ij", "k"]),
    "ED 2": ("\x1b[2J\x1b[HABC\x1b[2;1HNEW", ["ABC", "NEW"]),
    "DECSED": (f"{SECOND}\x1b[?JNEW", ["ABCDEFGH", "NEW"]),
    "ECH of the row": (f"{SECOND}\x1b[8XNEW", ["ABCDEFGH", "NEW", "k"]),
    "ECH of the text": (f"{SECOND}\x1b[2XNEW", ["ABCDEFGH", "NEW", "k"]),
    "DECERA": (f"\x1b[2;1;2;8$z{SECOND}NEW", ["ABCDEFGH", "NEW", "k"]),
    "DECSERA": (f"\x1b[2;1;2;8${{{SECOND}NEW", ["ABCDEFGH", "NEW", "k"]),
    "DECFRA": ("\x1b[120;2;1;2;3$x", ["ABCDEFGH", "xxx", "k"]),
    "DECCRA": ("\x1b[3;1;3;8;1;2;1;1$v", ["ABCDEFGH", "k", "k"]),
    "in another background": (f"{SECOND}\x1b[44m\x1b[K\x1b[mNEW", ["ABCDEFGH", "NEW", "k"]),
    "IL": (f"{SECOND}\x1b[LNEW", ["ABCDEFGH", "NEW", "ij", "k"]),
    "DL": (f"{SECOND}\x1b[M", ["ABCDEFGH", "k"]),
    "DL of its start": ("X\x1b[1;1H\x1b[M", ["ij", "kX"]),
    "SD in a region": ("\x1b[2;4r\x1b[T", ["ABCDEFGH", "", "ij", "k"]),
    "SU in a region": ("\x1b[2;4r\x1b[S", ["ABCDEFGH", "k"]),
    "RI at the top of a region": ("\x1b[2;4r\x1b[2;1H\x1bMNEW", ["ABCDEFGH", "NEW", "ij", "k"]),
    "LF at the bottom of a region": ("\x1b[1;1H\x1b[1;1H\x1b[2;3r\x1b[3;1H\nX", ["ABCDEFGH", "k", "X"]),
    "RI over it at the bottom": ("\x1b[1;2r\x1b[1;1H\x1bMX", ["X", "ABCDEFGH", "k"]),
    "line feed": ("\x1b[1;1Hxyz\r\nNEW", ["xyzDEFGH", "NEW", "k"]),
    "IND": ("\x1b[1;1Hxyz\x1bD\rNEW", ["xyzDEFGH", "NEW", "k"]),
    "NEL": ("\x1b[1;1Hxyz\x1bENEW", ["xyzDEFGH", "NEW", "k"]),
    "line feeds at once": ("\x1b[1;1Hx\r\ny\r\nz\r\n", ["xBCDEFGH", "yj", "z"]),
    "DECALN": ("\x1b#8", ["EEEEEEEE"] * 4),
    "DECIC": (f"{SECOND}\x1b['}}", [" ABCDEFG", " ij", " k"]),
    "SL": ("\x1b[ @", ["BCDEFGH", "j"]),
    "its last cell written again": ("\x1b[1;8HX", ["ABCDEFGX", "ij", "k"]),
    "its last cell erased": ("\x1b[1;8H\x1b[X", ["ABCDEFG", "ij", "k"]),
    "DECCOLM": ("\x1b[?3hABC\x1b[2;1HNEW", ["ABC", "NEW"]),
    "columns scrolled": ("\x1b[?69h\x1b[1;4s\x1b[S", ["ij  EFGH", "k"]),
}


@pytest.mark.parametrize(("what", "wanted"), ENDED.values(), ids=ENDED)
def test_a_line_ends_where_nothing_of_it_follows(what: str, wanted: list[str]) -> None:
    terminal = fed(LONG + what)
    assert logical(terminal) == wanted
    terminal.resize(16, 4)
    assert logical(terminal) == wanted


KEPT: dict[str, tuple[str, str]] = {
    "written over": (f"{SECOND}NEW", "ABCDEFGHNEW"),
    "erased in part": (f"{SECOND}\x1b[XN", "ABCDEFGHNj"),
    "erased but for its start": ("\x1b[2;2H\x1b[K", "ABCDEFGHi"),
    "a character deleted": (f"{SECOND}\x1b[P", "ABCDEFGHj"),
    "a character inserted": (f"{SECOND}\x1b[@N", "ABCDEFGHNij"),
    "passed by the cursor": ("\x1b[1;3H\x1b[B!", "ABCDEFGHij!"),
    "scrolled off together": ("\r\n1\r\n2\r\n3\r\n4", "ABCDEFGHij"),
    "scrolled off in part": ("\r\n1\r\n2", "ABCDEFGHij"),
    "scrolled down together": ("\x1b[T", "ABCDEFGHij"),
    "pushed down together": ("\x1b[H\x1b[L", "ABCDEFGHij"),
    "the alternate screen": ("\x1b[?1049hx\x1b[?1049l", "ABCDEFGHij"),
    "what stands elsewhere erased": ("\x1b[3;1H\x1b[J", "ABCDEFGHij"),
    "a region's scrolling below it": ("\x1b[3;4r\x1b[4;1H\n\n", "ABCDEFGHij"),
}


@pytest.mark.parametrize(("what", "line"), KEPT.values(), ids=KEPT)
def test_a_line_goes_on(what: str, line: str) -> None:
    terminal = fed(LONG + what)
    assert line in [each.replace("~", "") for each in logical(terminal)]
    terminal.resize(16, 4)
    assert line in logical(terminal)


def test_a_line_goes_on_while_it_scrolls_a_region_or_a_screen_of_one_row() -> None:
    region = fed("top\x1b[4;1Hbottom\x1b[2;3r\x1b[3;1HABCDEFGHijklmnopqr")
    assert logical(region) == ["top", "ijklmnop~qr", "bottom"]
    single = fed("ABCDEFGHij", lines=1)
    assert logical(single) == ["ABCDEFGH~ij"]


@pytest.mark.parametrize(
    "what", ["\x1b[2J", "\x1b[H\x1b[K", "\x1b[H\x1b[L", "\x1b[H\x1b[M", "\x1b[H\x1bM", "\x1b[T", "\x1bc"]
)
def test_a_line_ends_in_the_history(what: str) -> None:
    terminal = fed("one\r\ntwo\r\nABCDEFGHij\r\n3\r\n4\r\n5")  # the long line's start has just scrolled off
    assert (terminal.history_length, terminal.is_wrapped(-1)) == (3, True)
    terminal.feed(what.encode())
    assert not terminal.is_wrapped(-1)


@pytest.mark.parametrize("what", ["\x1b[H\x1b[1J", "\x1b[H\x1b[1K", "\x1b[2;1H\x1b[J", "\x1b[H!", "\x1b[2L"])
def test_a_line_goes_on_from_the_history(what: str) -> None:
    terminal = fed("one\r\ntwo\r\nABCDEFGHij\r\n3\r\n4\r\n5" + what)
    assert terminal.is_wrapped(-1)
    terminal.feed(b"\x1b[?1049h")
    assert not terminal.is_wrapped(-1)  # what is shown below it now is another screen
    terminal.feed(b"\x1b[?1049l")
    assert terminal.is_wrapped(-1)


def test_a_line_ends_in_a_history_of_another_width() -> None:
    terminal = fed("x" * 30_000)
    terminal.resize(9, 4)
    terminal.feed(b"\x1b[2J")
    assert not terminal.is_wrapped(-1)


def test_a_line_ends_where_its_rest_had_no_room() -> None:
    terminal = fed("a\r\nABCDEFGHij\x1b[H")
    terminal.resize(8, 2)  # the rest is kept below, out of sight, until something is written
    terminal.feed(b"\x1b[2;1H\r\nNEW")
    assert logical(terminal) == ["a", "ABCDEFGH", "NEW"]


def test_beside_and_below_a_region_no_line_goes_on_where_nothing_moved() -> None:
    below = fed("\x1b[1;2r\x1b[4;1HABCDEFGHij")
    assert not below.is_wrapped(3)
    margin = fed("\x1b[?69h\x1b[3;8s\x1b[1;3HABCDEFghi")
    assert not margin.is_wrapped(0)  # the rest begins in the third column: no text runs on there


@pytest.mark.parametrize(("columns", "lines"), [(8, 2), (6, 4), (10, 4), (8, 6)])
def test_the_alternate_screen_is_not_joined(columns: int, lines: int) -> None:
    terminal = fed("\x1b[?1049h\x1b[HABCDEFGHij\x1b[1;1H")
    terminal.resize(columns, lines)
    assert terminal.is_wrapped(0) == (columns == 8)
    terminal.resize(8, 1)
    assert not terminal.is_wrapped(0)
    terminal.resize(16, 4)
    assert not any(terminal.is_wrapped(y) for y in range(4))


# -- whatever a program does ------------------------------------------------------------------------------

_moves = st.builds("\x1b[{};{}H".format, st.integers(1, 5), st.integers(1, 9))
_counted = st.builds("\x1b[{}{}".format, st.integers(0, 9), st.sampled_from("XLMSTABCDEFG"))
_erasures = st.builds("\x1b[{}{}".format, st.integers(0, 2), st.sampled_from("JK"))
_margins = st.builds("\x1b[{};{}{}".format, st.integers(1, 3), st.integers(2, 8), st.sampled_from("rs"))
_others = st.sampled_from(
    [
        *("\r\n", "\n", "\r", "\x1bM", "\x1bD", "\x1bE", "\x1bc", "\x1b[r", "\x1b7", "\x1b8", "\t", "\b"),
        *("\x1b[?1049h", "\x1b[?1049l", "\x1b[?47h", "\x1b[?47l", "\x1b[?69h", "\x1b[?69l", "\x1b[?6h"),
        *("\x1b[?7l", "\x1b[?7h", "\x1b[4h", "\x1b[2;1;3;8$z", "\x1b[46;2;1;3;8$x", "\x1b[44m", "\x1b[m"),
    ]
)
_texts = st.integers(1, 25)  # as long
_sizes = st.tuples(st.integers(2, 14), st.integers(1, 6))
_steps = st.lists(_moves | _counted | _erasures | _margins | _others | _texts | _texts | _sizes, max_size=25)


def _write(terminal: Terminal, letter: str, length: int) -> None:
    """Write a text all of one letter: its own, or that of the line that it goes on with.

    In the first column the row is erased first: a line may be written over there without an end.
    """
    row, screen = terminal.cursor.row, terminal._screen
    if screen.pending:
        letter = terminal.display[row][-1]
    elif terminal.cursor.column == 0:
        terminal.feed(b"\x1b[2K")
    terminal.feed((letter * length).encode())


def check_lines(terminal: Terminal, neighbours: set[str]) -> None:
    """No line goes on with what was not written with it; `neighbours` have stood side by side in a row."""
    for y in range(-terminal.history_length, terminal.lines):
        row = _row(terminal, y)
        neighbours.update(map("".join, pairwise(row)))
    for y in range(-terminal.history_length, terminal.lines - 1):
        if terminal.is_wrapped(y):
            last, first = _row(terminal, y)[-1], _row(terminal, y + 1)[0]
            assert " " in (last, first) or last == first or last + first in neighbours


def _row(terminal: Terminal, y: int) -> str:
    return "".join(run.text for run in terminal.styled(y))


@settings(max_examples=400, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_steps)
def test_only_what_was_written_as_one_line_is_joined(steps: list[Any]) -> None:
    terminal = Terminal(8, 4, scrollback=30)
    neighbours: set[str] = set()
    for number, step in enumerate(steps):
        match step:
            case int():
                _write(terminal, chr(ord("a") + number), step)
            case (columns, lines):
                terminal.resize(columns, lines)
            case _:
                terminal.feed(step.encode())
                assert not terminal.is_wrapped(terminal.lines - 1)
        check_lines(terminal, neighbours)
    columns, lines = terminal.columns, terminal.lines
    terminal.resize(columns + 7, lines)
    check_lines(terminal, neighbours)
    terminal.resize(columns, lines)
    check_lines(terminal, neighbours)
