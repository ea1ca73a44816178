"""What opens over the panes on the smallest usual terminal: nothing is cut without a sign."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qms_tui.ui.keymap import COMMANDS, SIDEBAR_KEYS, global_keys
from tests.tui import Tui

from .local_screen import F1, PREFIX, LocalScreen, leave

CTRL_S = "\x13"


@pytest.fixture
def screen(tmp_path: Path) -> LocalScreen:
    return LocalScreen(tmp_path)


@pytest.fixture
def tui(screen: LocalScreen) -> Iterator[Tui]:
    with screen.open("cat", size=(80, 24)) as tui:
        tui.wait("1 of 1 running")
        yield tui
        leave(tui)


def words(tui: Tui) -> str:
    """What a dialog says, whatever rows it takes."""
    inside = (row.partition("│")[2].rpartition("│")[0] for row in tui.terminal.display)
    return " ".join(" ".join(inside).split())


def test_help_says_all_of_each_key(tui: Tui) -> None:
    tui.type(F1)
    tui.wait("Every key goes to the agent", "↑ ↓ scroll")
    tui.resize(80, 100)  # as narrow, and all in view
    meanings = [key.meaning for key in global_keys("ctrl+b")]
    meanings += [command.meaning for command in (*COMMANDS, *SIDEBAR_KEYS)]
    tui.until(lambda: all(meaning in words(tui) for meaning in (*meanings, "the other follows")))
    tui.type("q")
    tui.wait("1 of 1 running", absent="Esc closes")


def test_all_commands_of_the_menu_are_in_view(tui: Tui) -> None:
    tui.type(PREFIX)
    tui.wait(*(command.meaning for command in COMMANDS), "Esc closes")
    tui.resize(60, 40)
    tui.wait(*(command.meaning for command in COMMANDS), "Esc closes")
    tui.type("\x1b")
    tui.wait("1 of 1 running", absent="Esc closes")


def test_what_is_typed_behind_tab_is_for_what_tab_goes_to(tui: Tui, screen: LocalScreen) -> None:
    tui.type(PREFIX + "m")
    tui.wait("Write a message to")
    tui.type("\x1b[Z\x1b[B")  # Shift+Tab: back to the names
    tui.type("\tAbout this\tand that" + CTRL_S)
    tui.wait("Sent to", absent="Ctrl+S sends")
    (path,) = (screen.root / ".claude/users/qa/inbox").iterdir()
    assert 'subject: "About this"' in path.read_text()
    assert path.read_text().endswith("\n\nand that\n")


def test_a_message_needs_no_subject_and_a_refusal_is_in_view(tui: Tui, screen: LocalScreen) -> None:
    tui.type(PREFIX + "m")
    tui.wait("Write a message to")
    tui.type(CTRL_S)
    tui.wait("that cannot be a subject", "visible", "characters")
    tui.type("\tWhat is said first\r\rand more" + CTRL_S)
    tui.wait("Sent to qa", absent="Ctrl+S sends")
    (path,) = (screen.root / ".claude/users/qa/inbox").iterdir()
    assert 'subject: "What is said first"' in path.read_text()
