"""No key that is meant for us reaches an agent, and none meant for an agent acts; in a real terminal."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from .local_screen import F1, PREFIX, LocalScreen, leave

PAGE_UP, PAGE_DOWN = "\x1b[5~", "\x1b[6~"
PASTE = "\x1b[200~pasted\x1b[201~"
READER = "sh -c 'seq 60; stty raw -echo; printf \"ready\\r\\n\"; exec od -An -v -tx1 -w1'"
"""Has a history, then shows each byte that it is sent as two digits in a row."""


@pytest.fixture
def screen(tmp_path: Path) -> LocalScreen:
    return LocalScreen(tmp_path)


def got(text: str) -> list[str]:
    """What the reader was sent, in hexadecimal."""
    return re.findall(r"^┃ ([0-9a-f]{2}) +┃", text.partition("ready")[2], re.MULTILINE)


@pytest.mark.parametrize("leaving", ["\x1b", "q"])
def test_the_key_that_leaves_the_history_is_not_the_agents(screen: LocalScreen, leaving: str) -> None:
    with screen.open(READER) as tui:
        tui.wait("ready")
        tui.type(PREFIX + PAGE_UP)
        tui.wait("rows back · ↑ ↓ PgUp PgDn Home End scroll · Esc or q returns")
        tui.type("\r x\x03r" + PAGE_UP)  # nothing, or a move
        tui.type(PREFIX + PREFIX)  # not even the menu's key as such
        tui.type(leaving)
        tui.wait("ready", absent="Esc or q returns")
        tui.type("Z")
        tui.wait("5a")
        assert got(tui.text) == ["5a"]
        leave(tui)


def test_moving_on_at_the_newest_row_stays_there(screen: LocalScreen) -> None:
    with screen.open(READER) as tui:
        tui.wait("ready")
        tui.type(PREFIX + PAGE_UP + "\x1b[B")
        tui.wait(" rows back")
        tui.type(9 * PAGE_DOWN + 9 * "\x1b[B" + "hello")
        tui.wait(" 0 rows back", "ready")
        tui.type("\x1b[H")  # Home
        tui.wait("┃1  ", absent=" 0 rows back")
        tui.type("\x1b[F")
        tui.wait(" 0 rows back")
        tui.type("q")
        tui.wait("ready", absent="rows back")
        tui.type("Z")
        tui.wait("5a")
        assert got(tui.text) == ["5a"]
        leave(tui)


def test_what_is_typed_behind_the_key_of_a_dialog_is_the_dialogs(screen: LocalScreen) -> None:
    """Whom one may write to is asked first; letters come meanwhile."""
    with screen.open(READER) as tui:
        tui.wait("ready")
        tui.type(PREFIX + "mhello")
        tui.wait("Write a message to", "hello")
        tui.type("\x1b")
        tui.wait("ready", absent="Write a message to")
        tui.type("Z")
        tui.wait("5a")
        assert got(tui.text) == ["5a"]
        tui.type(PREFIX + "c\r")  # the first of the roster
        tui.wait("2 claude", "2 of 2 running")
        assert re.findall(r"^│ ([0-9a-f]{2}) +│", tui.text, re.MULTILINE) == ["5a"]
        leave(tui)


def test_a_full_screen_program_has_no_history_of_ours(screen: LocalScreen) -> None:
    with screen.open("sh -c \"printf '\\033[?1049hwhole'; exec cat\"") as tui:
        tui.wait("whole")
        tui.type(PREFIX + PAGE_UP)
        tui.wait(" 0 rows back: a full-screen program scrolls by itself · Esc or q returns")
        tui.type("q")
        tui.wait("whole", absent="rows back")
        leave(tui)


def test_without_a_history_the_keys_are_ours_too(screen: LocalScreen) -> None:
    with screen.open("cat -v") as tui:
        tui.wait("● running")
        tui.type(PREFIX + PAGE_UP)
        tui.wait(" 0 rows back: no history yet · Esc or q returns")
        tui.type(PASTE)
        tui.wait("Not pasted into qa: Esc leaves its history")
        tui.type("q")
        tui.wait("● running", absent="rows back")
        tui.type(PASTE + "\r")
        tui.wait("┃pasted  ", absent="^[")
        leave(tui)


def test_letters_typed_into_an_ended_pane_start_nothing(screen: LocalScreen) -> None:
    log = screen.home / "log"
    program = shlex.join(["sh", "-c", f"echo started >>{log}; read line; exit 3"])
    with screen.open(program, size=(100, 30)) as tui:
        tui.wait("● running")
        tui.type("go\r")
        tui.wait("exit code 3 · r restarts, in the menu (Ctrl+B)")
        tui.type("for the rest of the sentence\r")
        tui.type(PASTE)
        tui.wait("Not pasted into qa: it does not run")
        tui.type(F1)
        tui.wait("Every key goes to the agent")
        tui.type("q")
        tui.wait("exit code 3", absent="Every key")
        assert log.read_text().splitlines() == ["started"]
        tui.type(PREFIX + "r")
        tui.wait("● running", absent="exit code")
        tui.type("go\r")
        tui.wait("exit code 3")
        tui.type(PREFIX + "f")
        tui.wait("● running", absent="exit code")
        assert log.read_text().splitlines() == 3 * ["started"]
        leave(tui)


def test_letters_start_nothing_that_cannot_start(screen: LocalScreen) -> None:
    with screen.open("no-such-program") as tui:
        tui.wait("cannot run 'no-such-program'", "r tries again, in the menu (Ctrl+B)")
        program = screen.home / "no-such-program"
        program.write_text("#!/bin/sh\necho now it runs\nread line\n")
        program.chmod(0o755)
        tui.type("rf" + F1)
        tui.wait("Every key goes to the agent")
        tui.type("q")
        tui.wait("cannot run", absent="Every key")
        leave(tui)


def test_a_question_that_nobody_called_for_waits_for_the_end_of_the_sentence(screen: LocalScreen) -> None:
    screen.configure('[terminal]\nclipboard = "ask"\n')
    asks = r"""sh -c 'stty -echo; read line; printf "\033]52;c;aGVsbG8=\007asked\n"; exec cat -u'"""
    with screen.open(asks) as tui:
        tui.wait("● running")
        tui.type("now\r")

        def is_asked() -> bool:
            tui.type("x")  # a human who does not stop
            return "asked" in tui.text

        tui.until(is_asked)
        tui.type("yes yes\r")
        tui.wait("xyes yes")
        tui.wait("Put this on your clipboard?", "5 characters: hello")
        tui.type("and on\r")  # no answer: it is the agent's, and means no
        tui.wait("and on", absent="Put this")
        leave(tui)
