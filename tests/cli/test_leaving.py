"""Leaving ends no program of this machine unasked; in a real terminal."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest

from tests.tui import PATIENCE
from tests.ui.local_screen import LEAVE, PREFIX, LocalScreen, leave


@pytest.fixture
def screen(tmp_path: Path) -> LocalScreen:
    return LocalScreen(tmp_path)


def test_it_asks_before_it_ends_programs(screen: LocalScreen) -> None:
    with screen.open("cat", "qa", "bu", size=(160, 40)) as tui:
        tui.wait("2 of 2 running")
        children = psutil.Process(tui.process.pid).children(recursive=True)
        for way in (LEAVE, PREFIX + "d", PREFIX + LEAVE):
            tui.type(way)
            tui.wait("qa and bu run on this machine, in no containers: they end when you leave. Leave?")
            tui.type(LEAVE + "n")  # the question stands
            tui.wait(absent="Leave?")
        tui.type("\x1b")  # the menu, which it was asked from
        tui.wait("2 of 2 running", absent="next pane")
        tui.type("still here\r")
        tui.wait("still here")
        assert all(child.is_running() for child in children)
        leave(tui)
    assert not psutil.wait_procs(children, timeout=PATIENCE)[1]


def test_it_does_not_ask_where_nothing_runs(screen: LocalScreen) -> None:
    with screen.open("true") as tui:
        tui.wait("exit code 0")
        tui.type(LEAVE)
        assert tui.end() == 0


def test_a_hang_up_is_no_failure(screen: LocalScreen) -> None:
    with screen.open("cat") as tui:
        tui.wait("1 of 1 running")
        tui.process.kill(signal.SIGHUP)
        assert tui.end() == 128 + signal.SIGHUP
        assert "failed" not in tui.text
