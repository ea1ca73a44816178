"""What the screen shows fits the terminal it runs in as it is now: a real PTY with real SIGWINCH."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qms_tui.ui.keymap import COMMANDS, distinct
from qms_tui.ui.layout import Layout
from tests.tui import Tui

WIDE, NARROW, BETWEEN = (200, 50), (80, 24), (130, 40)
MENU, RIGHT, F2 = "\x02", "\x1b[C", "\x1bOQ"
COMMANDS_SHOWN = [meaning for _, meaning in distinct(COMMANDS)]
HINTS = "F1 help · F2 inboxes · F3 who waits · Ctrl+B menu · Ctrl+Q leave"
PROGRAM = """
import os, signal, sys
def tell(*_):
    size = "%dx%d" % os.get_terminal_size()
    with open(sys.argv[1], "a") as file:
        file.write(f"{size}\\n")
    print(f"<{size}>", flush=True)
signal.signal(signal.SIGWINCH, tell)
tell()
while True:
    signal.pause()
"""


@pytest.fixture(scope="module")
def sizes_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all programs write the sizes that their terminals get."""
    return tmp_path_factory.mktemp("sizes") / "sizes"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, sizes_file: Path) -> Iterator[Tui]:
    """Three agents whose programs tell the size of their terminals."""
    base = tmp_path_factory.mktemp("resizing")
    root, home, program = base / "project", base / "home", base / "program.py"
    home.mkdir()
    (root / ".claude/agents").mkdir(parents=True)
    for name in ("qa", "bu"):
        (root / f".claude/agents/{name}.md").write_text("")
    program.write_text(PROGRAM)
    own = {name: str(home) for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    own |= {"COLUMNS": "80", "LINES": "24"}  # as a shell exports them
    command = f"{sys.executable} {program} {sizes_file}"
    with Tui(
        "--runtime", "local", "--command", command, "qa", "bu", "claude", cwd=root, size=WIDE, env=own
    ) as tui:
        yield tui


@pytest.fixture
def tui(opened: Tui) -> Tui:
    """The screen at its largest, its panes side by side."""
    opened.resize(*WIDE)
    opened.until(lambda: columns(opened) == 3 and len(sizes(opened)) == 3)
    return opened


def columns(tui: Tui) -> int:
    """How many panes stand beside each other."""
    return max(len(re.findall(r"[╭┏][─━] +\d \w+ ", row)) for row in tui.terminal.display)


def sizes(tui: Tui) -> list[str]:
    """What the programs in view say last of their terminals."""
    said = [re.findall(r"<(\d+x\d+)>", row) for row in tui.terminal.display]
    return next((row for row in reversed(said) if row), [])


def status(tui: Tui) -> str:
    return tui.terminal.display[-1]


def test_the_arrangement_is_that_of_the_new_size(tui: Tui) -> None:
    assert HINTS in status(tui)
    for _ in range(2):
        tui.resize(*NARROW)
        tui.until(lambda: columns(tui) == 1 and sizes(tui) == ["78x20"])
        tui.wait(" 1 qa  ● ", " 2 bu  ● ", " 3 claude  ● ")
        tui.until(lambda: HINTS not in status(tui) and "F1 help" in status(tui))
        tui.resize(*WIDE)
        tui.until(lambda: columns(tui) == 3 and len(sizes(tui)) == 3)
        tui.until(lambda: HINTS in status(tui))


def test_many_sizes_at_once_end_with_the_last(tui: Tui) -> None:
    for step in range(20):
        tui.resize(200 - 6 * step, 50 - step)
    tui.resize(*BETWEEN)
    tui.until(lambda: columns(tui) == 1 and "3 claude" in tui.text and "128x11" in sizes(tui))
    for row, name in zip((0, 13, 26), ("1 qa", "2 bu", "3 claude"), strict=True):
        assert name in tui.terminal.display[row]


def test_hidden_panes_have_the_size_of_the_one_in_view(tui: Tui) -> None:
    tui.resize(*NARROW)
    tui.until(lambda: sizes(tui) == ["78x20"])
    tui.resize(100, 30)
    tui.until(lambda: sizes(tui) == ["98x26"])
    tui.type("\x1b2")  # whose program has heard of it before it came into view
    tui.wait("2 bu ● running")
    tui.until(lambda: sizes(tui) == ["98x26"])


def test_the_sidebar_stands_beside_the_panes_only_where_both_have_room(tui: Tui) -> None:
    tui.type(F2)
    tui.wait("inboxes", "1 qa")
    tui.resize(*NARROW)
    tui.wait("inboxes", absent="1 qa ● running")
    tui.resize(*WIDE)
    tui.wait("inboxes", "1 qa ● running")
    tui.type(F2)


def test_directions_are_those_of_the_arrangement_that_was_just_chosen(tui: Tui) -> None:
    tui.resize(*BETWEEN)
    tui.until(lambda: columns(tui) == 1 and "3 claude" in tui.text)
    tui.type("\x1b1" + MENU + " " + MENU + RIGHT)  # first side by side, then to the right
    tui.until(lambda: "side by side" in status(tui))
    tui.wait("┏━  2 bu")
    for choice in (Layout.GRID, Layout.TABS):
        tui.type(MENU + " ")
        tui.wait(f"· {choice.value} ")
    tui.type(MENU + " ")
    tui.wait("3 of 3 running", HINTS, absent=f"· {Layout.TABS.value} ")


def test_a_resize_is_told_to_the_programs_once(tui: Tui, sizes_file: Path) -> None:
    """Not the place that the new arrangement would have in the old size, too: each makes a client repaint."""
    said = sizes_file.read_text
    tui.resize(*BETWEEN)
    tui.until(lambda: columns(tui) == 1 and said().endswith("128x11\n" * 3))
    before = said()
    tui.resize(*WIDE)
    tui.until(lambda: len(said()) > len(before) and sizes(tui) == ["64x47", "65x47", "65x47"])
    assert sorted(said().removeprefix(before).split()) == ["64x47", "65x47", "65x47"]


def test_an_open_menu_has_as_many_columns_as_there_is_room_for(tui: Tui) -> None:
    tui.type(MENU)
    tui.wait("sends itself to the agent")
    assert meanings(tui) == len(COMMANDS_SHOWN)
    tui.resize(*NARROW)
    tui.until(lambda: meanings(tui) >= NARROW[1] - 6)  # one column, which has to be scrolled
    tui.resize(*WIDE)
    tui.until(lambda: meanings(tui) == len(COMMANDS_SHOWN))
    tui.type("\x1b")
    tui.wait("1 qa", absent="sends itself to the agent")


def meanings(tui: Tui) -> int:
    """How many commands of the menu are shown whole."""
    return sum(meaning in tui.text for meaning in COMMANDS_SHOWN)
