"""A resize keeps what is written next behind what was written last: no letter is lost."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qms_tui.terminal import Terminal

FULL = "ABCDEFGH"  # as wide as the screen
WIDER, NARROWER, TALLER, LOWER = (12, 3), (5, 3), (8, 6), (8, 2)
SIZES = [WIDER, NARROWER, TALLER, LOWER, (12, 6), (5, 6), (12, 2), (4, 3), (3, 2), (2, 1), (1, 1), (16, 1)]


def fed(data: str) -> Terminal:
    terminal = Terminal(8, 3, scrollback=100)
    terminal.feed(data.encode())
    return terminal


def text(terminal: Terminal) -> str:
    """All that stands on the screen and in the history, rows joined."""
    return "".join([*terminal.history, *terminal.display]).replace(" ", "")


BEFORE = {
    "full": FULL,
    "second": "1\r\n" + FULL,
    "with history": "1\r\n2\r\n3\r\n4\r\n" + FULL,
    "two rows": FULL * 2,
    "five rows": FULL * 5,
    "with margins": "\x1b[?69h" + FULL,
    "wide": "ABCDEF漢",
}


@pytest.mark.parametrize(
    ("before", "size"),
    [
        pytest.param(before, size, id=f"{name} {size}")
        for name, before in BEFORE.items()
        for size in SIZES
        if size[0] > 1 or name != "wide"  # a wide character has no room there
    ],
)
def test_what_is_written_after_a_full_row_follows_it(before: str, size: tuple[int, int]) -> None:
    whole = fed(before)
    whole.resize(*size)
    whole.feed(b"ij")
    assert text(whole).endswith(before[-7:].replace("\r\n", "") + "ij")
    whole.resize(8, 3)
    whole.feed(b"kl")
    assert text(whole).endswith("ijkl")


def test_it_goes_on_in_the_same_row_or_the_next() -> None:
    wider, taller, narrower = fed(FULL), fed(FULL), fed(FULL)
    wider.resize(*WIDER)
    taller.resize(*TALLER)
    narrower.resize(4, 3)
    for terminal in (wider, taller, narrower):
        terminal.feed(b"ij")
    assert [row.rstrip() for row in wider.display] == ["ABCDEFGHij", "", ""]
    assert [row.rstrip() for row in taller.display[:3]] == ["ABCDEFGH", "ij", ""]
    assert [row.rstrip() for row in narrower.display] == ["ABCD", "EFGH", "ij"]
    assert taller.is_wrapped(0)
    assert narrower.is_wrapped(1)


@pytest.mark.parametrize("size", [(7, 3), (7, 2), (7, 6), (6, 3), (5, 3), (1, 3)], ids=str)
@pytest.mark.parametrize("before", ["ABCDEFG", "ABCDE $", "ABCDE  ", "$ ABCD "], ids=str)
def test_a_narrower_screen_is_full_too(before: str, size: tuple[int, int]) -> None:
    terminal = fed(before)
    terminal.resize(*size)
    terminal.feed(b"ij")
    assert text(terminal) == before.replace(" ", "") + "ij"
    terminal.resize(12, 3)
    assert terminal.display[0].rstrip() == before + "ij"


def test_a_cursor_in_the_blank_part_needs_no_row_more() -> None:
    terminal = fed("AB\x1b[1;8H")
    terminal.resize(4, 3)
    terminal.feed(b"x")
    assert [row.rstrip() for row in terminal.display] == ["AB x", "", ""]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_on_the_alternate_screen(size: tuple[int, int]) -> None:
    columns, lines = size
    terminal = fed("\x1b[?1049h\x1b[H" + FULL)
    terminal.resize(columns, lines)
    shown = FULL[:columns]
    assert terminal.display[0].rstrip() == shown
    terminal.feed(b"i")
    written = (terminal.display[0] if lines == 1 else "".join(terminal.display[:2])).replace(" ", "")
    assert written == ("i" if lines == 1 and columns <= 8 else shown + "i")


@pytest.mark.parametrize("size", [WIDER, NARROWER, TALLER, (12, 6), (4, 3)], ids=str)
def test_under_the_alternate_screen(size: tuple[int, int]) -> None:
    terminal = fed(FULL + "\x1b[?1049h\x1b[Hvim")
    terminal.resize(*size)
    terminal.resize(size[0] + 1, size[1])
    terminal.feed(b"\x1b[?1049lij")
    assert text(terminal) == FULL + "ij"


def test_a_row_that_was_erased_is_free_again() -> None:
    terminal = fed(FULL + "\x1b[2J")
    terminal.resize(*WIDER)
    terminal.feed(b"i")
    assert terminal.display[0] == "        i   "


@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.text("ab漢", min_size=1, max_size=20) | st.tuples(st.integers(2, 14), st.integers(1, 5)),
        max_size=10,
    )
)
def test_whatever_the_sizes_between_nothing_is_lost(steps: list[str | tuple[int, int]]) -> None:
    terminal, written = Terminal(8, 3, scrollback=500), ""
    for step in steps:
        if isinstance(step, str):
            terminal.feed(step.encode())
            written += step
        else:
            terminal.resize(*step)
        assert text(terminal) == written
