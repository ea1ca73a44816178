"""What hangs is said, and one key restarts it: real processes, stopped by a signal, in a real terminal."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from qms_tui.api.place import LOCK as DAEMON_LOCK
from qms_tui.keeper.paths import LOCK
from tests.tui import Tui

from .local_screen import LEAVE, PREFIX, LocalScreen, leave

F5 = "\x1b[15~"
# Says its number, then shows what it reads: once each, in the order in which it came.
PROGRAM = "sh -c 'stty raw -echo; printf \"pid %s \" $$; exec cat -v'"
MISSING = "states, inbox missing since "
HINT = "the keeper hangs: F5 restarts it"


@pytest.fixture
def screen(tmp_path: Path) -> LocalScreen:
    return LocalScreen(tmp_path)


@pytest.fixture
def tui(screen: LocalScreen) -> Iterator[Tui]:
    with screen.open(PROGRAM, size=(140, 30)) as tui:
        tui.wait("1 of 1 running", "pid ")
        yield tui
        leave(tui)


def keeper(screen: LocalScreen) -> psutil.Process:
    """The one that holds the agent's terminal."""
    (lock,) = screen.home.glob(f"state/qms-tui/projects/*/{LOCK}")
    return psutil.Process(json.loads(lock.read_text())["pid"])


def daemon(screen: LocalScreen) -> psutil.Process:
    """The one that the screen is a client of."""
    (lock,) = screen.home.glob(f"state/qms-tui/projects/*/{DAEMON_LOCK}")
    return psutil.Process(json.loads(lock.read_text())["pid"])


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_keeper_that_hangs_is_restarted_by_one_key(tui: Tui, screen: LocalScreen) -> None:
    """What was typed meanwhile is there once, in its order; the program is the same one."""
    tui.type("before ")
    tui.wait("before ")
    hung = keeper(screen)
    hung.suspend()
    tui.type("meanwhile ")
    tui.wait(HINT)
    tui.type("and then ")
    tui.type(F5)
    tui.wait("The keeper is restarted; agents go on.")
    tui.type("after")
    tui.wait("before meanwhile and then after", absent=HINT)
    assert is_gone(hung)
    assert keeper(screen).pid != hung.pid
    assert tui.text.count("pid ") == 1
    assert psutil.pid_exists(int(tui.text.partition("pid ")[2].split()[0]))


def test_a_daemon_that_hangs_is_restarted_by_one_key(tui: Tui, screen: LocalScreen) -> None:
    """Keys go on all the time; what the daemon knows is back."""
    hung = daemon(screen)
    hung.suspend()
    tui.type("while it hangs ")
    tui.wait("while it hangs ")
    tui.wait(MISSING, "the daemon hangs: F5 restarts it")
    tui.type("still ")
    tui.wait("while it hangs still ")
    tui.type(F5)
    tui.wait("The daemon is restarted; agents go on.")
    tui.wait("1 of 1 running", absent=MISSING)
    tui.type("after")
    tui.wait("while it hangs still after", "1 qa ● running")
    assert is_gone(hung)
    assert daemon(screen).pid != hung.pid
    assert tui.text.count("pid ") == 1


def test_both_are_restarted_by_one_key(tui: Tui, screen: LocalScreen) -> None:
    hung = [daemon(screen), keeper(screen)]
    for process in hung:
        process.suspend()
    tui.type("meanwhile ")
    tui.wait(MISSING, "the daemon and the keeper hang: F5 restarts them")
    tui.type(F5)
    tui.type("after")
    tui.wait("meanwhile after", "1 of 1 running", absent=MISSING)
    assert all(is_gone(process) for process in hung)
    assert tui.text.count("pid ") == 1


def test_a_screen_that_finds_one_that_hangs_replaces_it(screen: LocalScreen) -> None:
    with screen.open(PROGRAM, size=(140, 30)) as tui:
        tui.leaves_agents = True
        tui.wait("1 of 1 running", "pid ")
        tui.type(LEAVE)
        assert tui.end() == 0
    hung = daemon(screen)
    hung.suspend()
    with screen.open(PROGRAM, size=(140, 30)) as tui:
        tui.wait("1 of 1 running", "pid ")
        assert is_gone(hung)
        leave(tui)


def test_the_menu_restarts_it_too(tui: Tui, screen: LocalScreen) -> None:
    hung = keeper(screen)
    hung.suspend()
    tui.wait(HINT)
    tui.type(PREFIX + "h")
    tui.type("typed")
    tui.wait(" typed", absent=HINT)
    assert is_gone(hung)


def test_one_that_goes_on_by_itself_has_all_keys(tui: Tui, screen: LocalScreen) -> None:
    hung = keeper(screen)
    hung.suspend()
    tui.type("one ")
    tui.wait(HINT)
    tui.type("two ")
    os.kill(hung.pid, signal.SIGCONT)
    tui.wait("one two ", absent=HINT)
    assert keeper(screen).pid == hung.pid


def test_the_key_is_the_agents_while_nothing_hangs(tui: Tui, screen: LocalScreen) -> None:
    before = keeper(screen).pid
    tui.type(F5 + "x")
    tui.wait("^[[15~x")
    tui.type(PREFIX + "h")
    tui.wait("Nothing hangs")
    assert keeper(screen).pid == before


def test_the_hint_gives_way_to_its_key(screen: LocalScreen) -> None:
    with screen.open(PROGRAM, size=(60, 20)) as tui:
        tui.wait("pid ")
        hung = keeper(screen)
        hung.suspend()
        tui.wait("F5 restarts it")
        tui.type(F5 + "typed")
        tui.wait("typed", absent="F5 restarts it")
        leave(tui)
