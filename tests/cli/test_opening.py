"""The screen on its daemon: another process, found or started, that goes on; in a real terminal."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import psutil
import pytest

from qms_tui.api.place import LOCK
from tests.tui import PATIENCE, Tui, end_local_agents
from tests.ui.local_screen import LEAVE, PREFIX, LocalScreen

MISSING = "states, inbox missing since"
TESTS = Path(__file__).parents[1]


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[LocalScreen]:
    screen = LocalScreen(tmp_path)
    yield screen
    end_local_agents(screen.home / "state")


def daemon(screen: LocalScreen) -> psutil.Process:
    return psutil.Process(daemon_pid(screen))


def daemon_pid(screen: LocalScreen) -> int:
    """Of the one that has taken the lock last, whether it lives or not."""
    (lock,) = (screen.home / "state/qms-tui/projects").glob(f"*/{LOCK}")
    return int(json.loads(lock.read_text() or '{"pid": 0}')["pid"])


def command(screen: LocalScreen, *words: str, status: int = 0) -> str:
    env = os.environ | screen.environment | {"DOCKER_HOST": "unix:///no-engine.sock"}
    done = run(
        [sys.executable, "-m", "qms_tui", *words], cwd=screen.root, env=env, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout


def leave(tui: Tui) -> None:
    tui.type(LEAVE)
    assert tui.end() == 0


def test_the_screens_process_has_nothing_of_the_application(screen: LocalScreen, tmp_path: Path) -> None:
    """Neither an engine's SDK, nor what watches inboxes, nor the core; its daemon has, and nothing of it."""
    written = tmp_path / "imports"
    source = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join(filter(None, [str(TESTS / "daemon/imports"), str(TESTS.parent), source]))
    env = {"PYTHONPATH": path, "IMPORTS_OF_DAEMON": str(written)}
    with screen.open("cat", "qa", env=env) as tui:
        tui.wait("1 of 1 running")
        tui.type("hello\r")
        tui.until(lambda: tui.text.count("hello") == 2)
        ours, theirs = tui.process.pid, daemon(screen).pid
        leave(tui)
    lines = [line.split() for line in written.read_text().splitlines()]
    loaded = {pid: {name for number, name in lines if number == str(pid)} for pid in (ours, theirs)}
    assert {"textual", "qms_tui.ui.app", "qms_tui.api.client"} <= loaded[ours]
    assert "qms_tui.core.core" in loaded[theirs]
    rooms = ("docker", "watchdog", "qms_tui.core", "qms_tui.daemon", "qms_tui.runtime.docker", "requests")
    assert [name for name in loaded[ours] if f"{name}.".startswith(tuple(f"{room}." for room in rooms))] == []


def test_a_program_begins_with_the_size_of_its_pane(screen: LocalScreen) -> None:
    with screen.open("sh -c 'stty size; exec cat'", "qa", size=(100, 24)) as tui:
        tui.wait("1 of 1 running", "21 98")


def test_leaving_leaves_the_daemon_and_another_screen_has_the_same(screen: LocalScreen) -> None:
    with screen.open("cat", "qa") as tui:
        tui.leaves_agents = True
        tui.wait("1 of 1 running")
        first = daemon(screen)
        leave(tui)
        assert "qa goes on on this machine." in tui.text
    with screen.open("cat", "qa") as tui:
        tui.wait("1 of 1 running")
        assert daemon(screen) == first
        tui.type("hello\r")
        tui.until(lambda: tui.text.count("hello") == 2)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_one_that_ended_is_started_again_by_the_screen(screen: LocalScreen, number: signal.Signals) -> None:
    """What was typed meanwhile is there, and what it shows is up to date."""
    with screen.open("cat", "qa", size=(200, 30)) as tui:
        tui.wait("1 of 1 running")
        first = daemon(screen)
        first.send_signal(number)
        tui.type("meanwhile\r")
        tui.until(lambda: tui.text.count("meanwhile") == 2)
        tui.until(lambda: not first.is_running() and daemon_pid(screen) not in (0, first.pid))
        screen.item("qa", "msg-1.md", "---\ntype: message\nfrom: bu\n---\nafterwards\n")
        tui.wait("1 of 1 running", "1 item waits", absent=MISSING)


def test_a_screen_starts_nothing_again_that_stop_all_has_ended(screen: LocalScreen) -> None:
    with screen.open("cat", "qa", size=(200, 30)) as tui:
        tui.wait("1 of 1 running")
        first = daemon(screen)
        assert "qa: stopped" in command(screen, "stop", "--all", "--yes")
        tui.until(lambda: not first.is_running())
        tui.wait("0 of 1 running", absent=MISSING)
        assert "policies wait until you open or start something" in command(screen, "doctor", status=1)
        tui.type(PREFIX + "r")
        tui.wait("1 of 1 running")


def test_two_screens_hear_the_same(screen: LocalScreen) -> None:
    with screen.open("cat", "qa") as one, screen.open("cat", "bu", size=(100, 24)) as two:
        for tui in (one, two):
            tui.leaves_agents = True
            tui.wait("1 of 1 running")
        screen.item("qa", "msg-1.md", "---\ntype: message\nfrom: bu\nsubject: for both\n---\nhello\n")
        for tui in (one, two):
            tui.wait("for both", "F2")
        assert "2 bu" not in one.text  # each shows whom it was opened on


def test_why_there_is_nothing_to_show_is_said_by_the_command(screen: LocalScreen) -> None:
    """An engine that is not there, and a daemon that cannot start."""
    env = screen.environment | {"DOCKER_HOST": "unix:///no-engine.sock"}
    with Tui("qa", cwd=screen.root, env=env) as tui:
        assert tui.end() == 2
        assert "no-engine.sock" in tui.text
        assert "go on" not in tui.text
    (screen.home / "config/qms-tui").mkdir(parents=True)
    with screen.open("cat", "qa") as tui:
        tui.leaves_agents = True
        tui.wait("1 of 1 running")
        leave(tui)
    end_local_agents(screen.home / "state")
    (lock,) = (screen.home / "state/qms-tui/projects").glob(f"*/{LOCK}")
    lock.unlink()
    lock.mkdir()
    with screen.open("cat", "qa") as tui:
        assert tui.end() == 2
        assert "the daemon" in tui.text
        assert LOCK in tui.text
