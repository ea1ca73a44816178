"""The terminal comes back from an editor whatever becomes of that; in a real terminal."""

from __future__ import annotations

import os
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui import Tui

from .local_screen import ALT_1, F2, LocalScreen, leave

SELF_STOPPING = "#!/bin/sh\nkill -STOP $$\nexit 5\n"
DEAF = "#!/bin/sh\nwhile :; do kill -STOP $$; done\n"
KILLED = "#!/bin/sh\nstty raw -echo; printf '\\033[?1049h\\033[?1h'; kill -KILL $$\n"
# Its toasts stay: they are counted, and on a busy machine the first would have gone before the last comes.
LASTING = """
import sys
from textual.notifications import Notification
from qms_tui.cli import run

Notification.time_left = 3600.0
sys.exit(run(sys.argv[1:]))
"""
ANGRY = "#!/bin/sh\nkill -QUIT 0; kill -INT 0; kill -TSTP 0; exit 4\n"


@pytest.fixture
def screen(tmp_path: Path) -> LocalScreen:
    return LocalScreen(tmp_path)


@pytest.fixture
def editor(screen: LocalScreen) -> Path:
    return screen.home / "my-editor"


@pytest.fixture
def tui(screen: LocalScreen, editor: Path) -> Iterator[Tui]:
    """In the sidebar, on the item."""
    env = {"VISUAL": editor.name, "EDITOR": "true", "PATH": path_with(editor.parent)}
    program = (sys.executable, "-c", LASTING)
    with screen.open("cat", size=(160, 40), env=env, program=program) as tui:
        tui.wait("● running")
        screen.item("qa", "note.md", "# A note\n")
        tui.wait("1 item waits: F2")
        tui.type(F2)
        tui.wait("┏━ inboxes ", "▎New inbox item: note.md")
        yield tui


def still_works(tui: Tui, said: str, word: str, times: int = 1) -> None:
    """The screen says how it went, and keys reach the agent; then back in the sidebar."""
    tui.until(lambda: tui.text.count(said) >= times and "┏━ inboxes " in tui.text)
    tui.type(f"{ALT_1}{word}\r")
    tui.wait(f"┃{word} ")
    tui.type(F2)
    tui.wait("┏━ inboxes ")


def path_with(folder: Path) -> str:
    return os.pathsep.join((str(folder), os.environ["PATH"]))


def program(path: Path, text: str, mode: int = 0o755) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_an_editor_that_cannot_run(tui: Tui, editor: Path) -> None:
    tui.type("e")
    still_works(tui, "cannot be run: No such", "missing")
    program(editor, "#!/bin/sh\n", 0o644)
    tui.type("e")
    still_works(tui, "cannot be run: Permission denied", "locked")
    program(editor, "\0\1\2")
    tui.type("e")
    still_works(tui, "cannot be run: Exec format error", "rubbish")
    editor.unlink()
    editor.mkdir()
    tui.type("e")
    still_works(tui, "cannot be run: Permission denied", "folder", 2)
    leave(tui)


def test_an_editor_that_ends_badly(tui: Tui, editor: Path) -> None:
    program(editor, SELF_STOPPING)
    tui.type("e")
    still_works(tui, "ended with exit status 5", "continued")
    program(editor, DEAF)
    tui.type("e")
    still_works(tui, "was ended by SIGKILL", "deaf")
    program(editor, ANGRY)
    tui.type("e")
    still_works(tui, "was ended by SIGQUIT", "angry")
    program(editor, KILLED)
    tui.type("e")
    still_works(tui, "was ended by SIGKILL", "killed", 2)
    leave(tui)
    flags = termios.tcgetattr(tui.process.fd)[3]
    assert flags & termios.ECHO
    assert flags & termios.ICANON


def test_no_editor_runs_the_item_itself(screen: LocalScreen) -> None:
    path = path_with(screen.home)
    program(screen.home / "vi", '#!/bin/sh\necho "vi has $1"; read line\n')
    with screen.open("cat", size=(160, 40), env={"VISUAL": " ", "EDITOR": "", "PATH": path}) as tui:
        tui.wait("● running")
        screen.item("qa", "evil.md", "#!/bin/sh\ntouch taken-over\n").chmod(0o755)
        tui.wait("1 item waits: F2")
        tui.type(F2 + "e")
        tui.wait("vi has /")
        tui.type("\r")
        tui.wait("┏━ inboxes ")
        leave(tui)
    assert not (screen.root / "taken-over").exists()


def test_a_browser_in_the_terminal(screen: LocalScreen) -> None:
    browser = screen.home / "browser"
    program(browser, '#!/bin/sh\necho "browsing $1"; read line\n')
    with screen.open("sh -c 'echo see https://a.example/b; exec cat'", env={"BROWSER": str(browser)}) as tui:
        tui.wait("see https://a.example/b")
        tui.type("\x02u")
        tui.wait("Enter copies")
        tui.type("o")
        tui.wait("browsing https://a.example/b", absent="● running")
        tui.type("\r")
        tui.wait("● running", absent="browsing")
        leave(tui)
