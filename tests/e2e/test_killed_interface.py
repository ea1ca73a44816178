"""The interface itself is killed, a real process in a real terminal; the next one shows the same."""

from __future__ import annotations

import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.tui import PATIENCE, Tui

from . import engine as engines
from .shown import QUIET, Frozen
from .test_app import ALT_1, ALT_2, App

CONFIG = """
[agent.claude]
command = ["bash", "--norc", "-i"]
[agent.qa]
command = ["/usr/bin/python3", "/etc/acts.py", "sized", "vim", "-N", "--clean", "/etc/acts.py"]
"""
# Vim that sees no size takes 24 lines, and when it is told more while it starts, it may keep a scrolling
# region of 24 lines: what it then draws is wrong before anybody has left.
DRAFT = "echo " + " ".join(f"word{number}" for number in range(30))


@pytest.fixture
def app(engine: docker.APIClient, qms_project: Path, tmp_path: Path, programs_image: str) -> Iterator[App]:
    app = App(qms_project, tmp_path / "home", programs_image)
    app.set(CONFIG)
    yield app
    engines.remove_project(engine, str(qms_project))  # a shell does not end when it is asked to
    assert app.run("stop", "--all").returncode == 0


def frozen(tui: Tui) -> tuple[Any, Any]:
    """What the human sees of the terminals: below them the frames say what agents use, now and then."""
    cursor = tui.terminal.cursor
    return Frozen.of(tui.terminal).styled[:-2], cursor if cursor.visible else None


TOAST = "\u258c"  # the left edge of each


def rest(tui: Tui) -> None:
    """Read until nothing comes for a moment: a painting may be half done, and a toast lie over a pane."""
    tui.until(lambda: TOAST not in tui.text)
    while select.select([tui.process.fd], [], [], QUIET)[0]:
        assert tui._read(0.0), "ended"


def wait_for_vim_at_its_full_size(tui: Tui) -> None:
    """A new terminal is a row smaller for a moment (keeper/audience.py); vim's last row says what vim knows.

    Not where its cursor is: its ruler stays behind now and then when several keys come at once.
    """
    deadline = time.monotonic() + PATIENCE
    while "1,1" not in tui.terminal.display[-3]:  # above the frame and the status line
        assert time.monotonic() < deadline, f"not at full size; shown:\n{tui.text}"
        assert tui._read(1.0), "ended"


def different(shown: tuple[Any, Any], expected: tuple[Any, Any]) -> list[object]:
    """The rows and the cursor that are not as expected, with what was."""
    rows = zip(shown[0], expected[0], strict=True)
    found: list[object] = [(y, ours, wanted) for y, (ours, wanted) in enumerate(rows) if ours != wanted]
    return found if shown[1] == expected[1] else [*found, shown[1], expected[1]]


def wait_for_the_same(tui: Tui, expected: tuple[Any, Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while (shown := frozen(tui)) != expected:
        assert time.monotonic() < deadline, f"not the same: {different(shown, expected)}; shown:\n{tui.text}"
        assert tui._read(1.0), "ended"


def test_killed_at_a_wrapped_draft_and_in_vim(app: App) -> None:
    with app.open("claude", "qa") as tui:
        tui.wait("bash-5.2", "Standard library")
        wait_for_vim_at_its_full_size(tui)
        tui.type(f"{ALT_2}ohalf ä{ALT_1}{DRAFT}\x01\x1bf")
        tui.wait("half ä", "word29")
        tui.type("XYZ")
        tui.wait("echoXYZ word0", "┃ord21 word22")  # to the last cell
        rest(tui)
        before = frozen(tui)
        tui.process.kill(signal.SIGKILL)
        assert tui.end() == -signal.SIGKILL
    with app.open("claude", "qa") as tui:
        tui.wait("word29", "half ä")
        wait_for_the_same(tui, before)
        tui.type(f"\x08\x08\x08\r{ALT_2} typed\x1b:set nu\r")
        tui.wait("word0 word1", "half ä typed", " 1 ")
