"""However a program drives what a terminal keeps to its bounds, a saved state stays small and whole."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qms_tui.keeper import protocol
from qms_tui.keeper.journal import records
from qms_tui.keeper.journal.writer import LIMIT, SEGMENT
from qms_tui.terminal import NO_STATUS, Terminal
from qms_tui.terminal import state as states
from qms_tui.terminal.looks import MAX_LINK_BYTES, MAX_LOOKS
from qms_tui.terminal.parser import MAX_STRING
from qms_tui.terminal.resizing import MAX_CELLS, MAX_SIDE
from qms_tui.terminal.state import LARGEST
from tests.terminal.test_state import check_equal, take_all
from tests.terminal.test_state_refused import sealed

SCROLLBACK = 100_000  # rows; the most that the configuration takes
BROAD = "\U0001d400"  # four bytes, one cell
MARKS = [chr(0xE0100 + number) for number in range(240)]  # four bytes, no cell
URI = "https://example.org/"


def links(count: int, start: int = 0) -> Iterable[str]:
    """So many links, each of the longest URI and id."""
    for number in range(start, start + count):
        name = f"{number:06}".rjust(250, BROAD)
        yield f"\x1b]8;id={name};{URI}{number:06}{'x' * 2057}\x1b\\a"


def colours(count: int) -> Iterable[str]:
    """Looks that differ, of three colours each."""
    for number in range(count):
        high, low = divmod(number, 256)
        yield f"\x1b[38;2;{high};{low};1;48;2;{low};{high};2;58;2;1;{high};{low}mx"


def one_link_in_many_colours() -> str:
    """The same link written again for every look."""
    link = f"\x1b]8;;{URI}{'y' * 2060}\x1b\\"
    return "".join(f"{link}\x1b[38;2;9;{number // 256};{number % 256}mx" for number in range(5000))


def clusters() -> str:
    """As many clusters as there is room for, of more marks than are kept."""
    return "".join(
        BROAD + MARKS[number % 240] + MARKS[number // 240] + "".join(MARKS[:30]) for number in range(8190)
    )


def cells() -> str:
    """Cells of four bytes, in a look of three; rows that scroll off, and both screens full."""
    filled = "\x1b[38;2;200;1;2m" + BROAD * MAX_CELLS
    return filled + "\x1b[?1047h" + filled + "\x1b[?1047l" + filled * 3


def titles() -> str:
    return f"\x1b]0;{BROAD * 2000}\x07\x1b[22t" * 20


def settings_of_all_kinds() -> str:
    """Tab stops, colours, modes, keyboards, saved cursors, character sets, margins."""
    stops = "".join(f"\x1b[{column}G\x1bH" for column in range(1, MAX_SIDE + 1))
    palette = "".join(f"\x1b]4;{index};rgb:ffff/ffff/{index:04x}\x07" for index in range(300))
    modes = "".join(f"\x1b[?{mode}s" for mode in range(3000))
    keyboards = "\x1b[>31u" * 40
    return f"{stops}{palette}{modes}{keyboards}\x1b(0\x1bN\x1b7\x1b[2;5r\x1b[?69h\x1b[2;5s"


def steps() -> str:
    """SGR sequences that are remembered, as long as those may be."""
    return "".join(f"\x1b[{'0;' * 20}38;5;{number % 256};{number:06}m" for number in range(5000))


def status() -> str:
    """As many records as are kept, with the longest texts that a report has room for."""
    title, message = (base64.b64encode(b"x" * size).decode() for size in (192, 2048))
    names = (f"{number:032}/{'y' * 32}/{'z' * 32}/{'z' * 29}" for number in range(300))
    pairs = f"state=blocked:kind=permission:progress=100:app={'a' * 32}:title={title}:msg={message}"
    return "".join(f"\x1b]7501;{pairs}:id={name}\x07" for name in names)


Fill = Callable[[], str]
FILLS: dict[str, Fill] = {
    "links": lambda: "".join(links(480)),
    "colours": lambda: "".join(colours(MAX_LOOKS - 8000)),
    "one link": one_link_in_many_colours,
    "clusters": clusters,
    "titles": titles,
    "steps": steps,
    "cells": cells,
    "settings": settings_of_all_kinds,
    "status": status,
}
ENDS = {
    "": "",
    "string": "\x1b]52;c;" + BROAD * (MAX_STRING // 4 - 8),
    "too long a string": "\x1b]52;c;" + BROAD * MAX_STRING,
    "sequence": "\x1b[" + "1;" * 2000,
}
SIZES = [(80, 24), (MAX_SIDE, MAX_CELLS // MAX_SIDE), (512, 512)]


def check(terminal: Terminal) -> bytes:
    state = terminal.save()
    assert len(state) <= LARGEST
    take_all(terminal)
    restored = Terminal.restored(state)
    again = restored.save()
    assert len(again) <= LARGEST
    assert states.read(again) == states.read(state)
    return state


@pytest.mark.parametrize("fill", FILLS)
def test_each_alone(fill: str) -> None:
    terminal = Terminal(200, 50, scrollback=SCROLLBACK)
    terminal.feed(FILLS[fill]().encode())
    check(terminal)


def test_all_at_once() -> None:
    terminal = Terminal(512, 512, scrollback=SCROLLBACK)
    for fill in FILLS.values():
        terminal.feed(fill().encode())
    terminal.feed(ENDS["string"].encode())
    state = check(terminal)
    assert len(state) > LARGEST * 3 // 4  # it was driven there
    terminal.resize(terminal.columns, terminal.lines // 2)
    check(terminal)


def test_the_largest_screens() -> None:
    largest = Terminal(65535, 65535)
    assert (largest.columns, largest.lines) == (MAX_SIDE, MAX_CELLS // MAX_SIDE)
    largest.resize(80, 65535)
    assert (largest.columns, largest.lines) == (80, MAX_CELLS // 80)


def test_the_highest_screen() -> None:
    terminal = Terminal(1, 65535, scrollback=SCROLLBACK)
    assert (terminal.columns, terminal.lines) == (1, MAX_SIDE)
    terminal.feed(f"\x1b[?1047h{BROAD * MAX_SIDE}\x1b[?1047l{BROAD * MAX_SIDE}".encode())
    check(terminal)


@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=[*HealthCheck])
@given(st.lists(st.sampled_from([*FILLS]) | st.sampled_from(SIZES), max_size=4), st.sampled_from([*ENDS]))
def test_in_any_order(parts: list[str | tuple[int, int]], end: str) -> None:
    terminal = Terminal(300, 60, scrollback=SCROLLBACK)
    for part in parts:
        if isinstance(part, str):
            terminal.feed(FILLS[part]().encode())
        else:
            terminal.resize(*part)
    terminal.feed(ENDS[end].encode())
    check(terminal)


def test_the_attack() -> None:
    """So many long links that a state was larger than a frame, and than the journal."""
    terminal = Terminal(200, 50)
    for start in range(0, 8000, 1000):
        terminal.feed("".join(links(1000, start)).encode())
    check(terminal)


def test_both_go_on_alike_when_links_are_forgotten() -> None:
    terminal = Terminal(200, 50)
    terminal.feed("".join(links(900)).encode())
    take_all(terminal)
    restored = Terminal.restored(terminal.save())
    more = "".join(links(900, start=450)).encode()
    for each in (terminal, restored):
        each.feed(more)
    check_equal(terminal, restored)


def test_of_too_many_links_the_newest_stay_and_all_text_does() -> None:
    terminal = Terminal(200, 50)
    terminal.feed("".join(links(1000)).encode())
    assert "".join(terminal.display).count("a") == 1000
    urls = [run.style.link for row in range(5) for run in terminal.styled(row) if run.style.link]
    size = sum(map(len, urls))
    assert MAX_LINK_BYTES // 4 < size <= MAX_LINK_BYTES
    assert urls[-1].startswith(f"{URI}000999")
    assert {run.style.link for run in terminal.styled(0)} == {None}


def test_links_on_the_screen_stay_when_others_come_and_go() -> None:
    terminal = Terminal(80, 10, scrollback=0)
    terminal.feed(b"\x1b]8;;https://kept.example\x1b\\kept\x1b]8;;\x1b\\\r\n")
    for link in links(2000):
        terminal.feed(f"{link}\x1b]8;;\x1b\\\r".encode())
    assert terminal.styled(0)[0].style.link == "https://kept.example"


def test_both_go_on_alike_when_the_history_is_too_large() -> None:
    terminal = Terminal(400, 20, scrollback=SCROLLBACK)
    terminal.feed(("\x1b[38;2;1;2;3m" + BROAD * 1_200_000).encode())
    full = terminal.history_length
    assert 1000 < full < 1_200_000 // 400 - 20
    take_all(terminal)
    restored = Terminal.restored(terminal.save())
    for each in (terminal, restored):
        each.feed(b"short\r\n" * 3000)
    check_equal(terminal, restored)
    assert terminal.history_length > full


@pytest.mark.parametrize("count", [1, 8000])
def test_a_state_of_before_there_was_a_bound_is_taken_and_gets_small(count: int) -> None:
    """A keeper of the version before may have written one; the agent must come back from it."""
    values = states.read(Terminal(80, 24).save())
    targets = [("", f"{URI}{number % count:06}{'x' * 2057}") for number in range(8000)]
    columns: list[list[Any]] = [[None], [None], [0], [0], [None], [None], [False]]
    looks = ([*column, *column * 8000] for column in columns)
    filled = [[None, *targets] if at == 5 else column for at, column in enumerate(looks)]
    values["screen"]["looks"]["_looks"] = "".join(map(chr, range(8001))), tuple(filled)
    state = sealed(values)
    assert len(state) > LARGEST
    terminal = Terminal.restored(state)
    assert len(terminal.save()) < LARGEST // 4
    check(terminal)


def test_a_state_of_before_there_were_records_is_taken() -> None:
    values = states.read(Terminal(80, 24).save())
    del values["screen"]["status"]
    restored = Terminal.restored(sealed(values, version=1))
    assert restored.status == NO_STATUS
    assert states.read(restored.save()) == states.read(Terminal(80, 24).save())


def test_an_ordinary_history_is_not_shortened() -> None:
    terminal = Terminal(300, 50, scrollback=5000)
    terminal.feed(b"".join(b"\x1b[3%dm%0250d\r\n" % (number % 8, number) for number in range(6000)))
    assert terminal.history_length == 5000


def test_a_state_fits_a_frame_and_a_journal() -> None:
    """Two of them and what comes between have room before a file must go."""
    assert LARGEST < protocol.LARGEST
    assert LARGEST < records.LARGEST_PAYLOAD
    assert 2 * (LARGEST + SEGMENT) < LIMIT
