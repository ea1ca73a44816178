"""Leaving ends no program of this machine, and coming back shows all of it; in a real terminal."""

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

from qms_tui.keeper.paths import SPAWNER_LOCK
from qms_tui.keeper.spawner.client import SpawnerClient
from qms_tui.keeper.spawner.request import Facts
from tests.tui import PATIENCE, end_local_agents
from tests.ui.local_screen import LEAVE, PREFIX, LocalScreen


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[LocalScreen]:
    screen = LocalScreen(tmp_path)
    yield screen
    end_local_agents(screen.home / "state")


def programs(screen: LocalScreen) -> dict[str, Facts]:
    """What the spawner has."""
    return SpawnerClient(spawners_folder(screen), str(screen.root)).programs()


def spawners_folder(screen: LocalScreen) -> Path:
    (lock,) = (screen.home / "state/qms-tui/projects").glob(f"*/{SPAWNER_LOCK}")
    return lock.parent


def command(screen: LocalScreen, *words: str) -> str:
    """What a command prints; it must succeed."""
    env = os.environ | screen.environment | {"DOCKER_HOST": "unix:///no-engine.sock"}
    done = run(
        [sys.executable, "-m", "qms_tui", *words], cwd=screen.root, env=env, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("way", [LEAVE, PREFIX + "d", PREFIX + LEAVE])
def test_programs_go_on_and_are_found_again(screen: LocalScreen, way: str) -> None:
    with screen.open("cat", "qa", "bu", size=(160, 40)) as tui:
        tui.leaves_agents = True
        tui.wait("2 of 2 running")
        tui.type("still here\r")
        tui.until(lambda: tui.text.count("still here") == 2)
        shown = tui.text.splitlines()[1:4]
        tui.type(way)
        assert tui.end() == 0
        assert "qa and bu go on on this machine." in tui.text
        assert "to come back:  qms-tui --runtime local" in tui.text
        assert "to end them:   qms-tui stop qa bu" in tui.text
    before = programs(screen)
    assert all(psutil.pid_exists(facts.pid) for facts in before.values())
    with screen.open("cat", "qa", "bu", size=(160, 40)) as tui:
        tui.wait("2 of 2 running", "still here")
        assert tui.text.splitlines()[1:4] == shown
        assert programs(screen) == before
        tui.type("and here\r")
        tui.wait("and here")


def test_a_program_that_ended_meanwhile_shows_how(screen: LocalScreen) -> None:
    pipe = screen.home / "pipe"
    os.mkfifo(pipe)
    agent = screen.home / "agent"
    agent.write_text(f"#!/bin/sh\necho at work\nread x <{pipe}\necho done\nexit 7\n")
    agent.chmod(0o755)
    with screen.open(str(agent)) as tui:
        tui.leaves_agents = True
        tui.wait("at work")
        tui.type(LEAVE)
        assert tui.end() == 0
    process = psutil.Process(programs(screen)["qa"].pid)
    pipe.write_text("go on\n")
    psutil.wait_procs([process], timeout=PATIENCE)
    with screen.open(str(agent)) as tui:
        tui.wait("exited", "at work", "done", "exit code 7")
        tui.type(PREFIX + "r")  # it starts again where that is wanted, and not before
        tui.wait("1 of 1 running", "at work", absent="done")


def test_a_killed_screen_ends_nothing(screen: LocalScreen) -> None:
    with screen.open("cat", "qa") as tui:
        tui.leaves_agents = True
        tui.wait("1 of 1 running")
        tui.type("before\r")
        tui.until(lambda: tui.text.count("before") == 2)
        tui.process.kill(signal.SIGKILL)
        tui.end()
    with screen.open("cat", "qa") as tui:
        tui.wait("1 of 1 running", "before")
        tui.type("after\r")
        tui.until(lambda: tui.text.count("after") == 2)


def test_a_hang_up_is_no_failure(screen: LocalScreen) -> None:
    with screen.open("cat") as tui:
        tui.wait("1 of 1 running")
        tui.process.kill(signal.SIGHUP)
        assert tui.end() == 128 + signal.SIGHUP
        assert "failed" not in tui.text


def test_two_screens_show_the_same_program(screen: LocalScreen) -> None:
    """Whoever is typed into leads, and sets the size; the other follows."""
    with screen.open("cat", "qa", size=(120, 30)) as one, screen.open("cat", "qa", size=(100, 24)) as two:
        for tui in (one, two):
            tui.wait("1 of 1 running")
        one.type("from one\r")
        for tui in (one, two):
            tui.wait("from one")
        two.type("from two\r")
        for tui in (two, one):
            tui.until(lambda tui=tui: tui.text.count("from two") == 2)  # type: ignore[misc]
        one.type("\x04")
        for tui in (one, two):
            tui.wait("exited", "exit code 0")


def test_commands_know_local_agents(screen: LocalScreen) -> None:
    """Without an engine, and without a word on where they run."""
    with screen.open("cat", "qa", "bu") as tui:
        tui.leaves_agents = True
        tui.wait("2 of 2 running")
        tui.type("remember this\r")
        tui.until(lambda: tui.text.count("remember this") == 2)
        tui.type(LEAVE)
        assert tui.end() == 0
    running = {facts.agent: psutil.Process(facts.pid) for facts in programs(screen).values()}
    listed = command(screen, "ps")
    for agent, process in running.items():
        assert f"{agent} " in listed
        assert f"process {process.pid}" in listed
    assert listed.count("running, local, not isolated") == 2
    assert {row["runtime"] for row in json.loads(command(screen, "ps", "--json"))} == {"local"}
    assert command(screen, "log", "qa").splitlines()[1:] == ["remember this"] * 2
    assert "asciicast" not in command(screen, "record", "qa", "-o", str(screen.root / "qa.cast"))
    assert "remember this" in (screen.root / "qa.cast").read_text()
    assert "bu: stopped" in command(screen, "stop", "bu")
    assert not psutil.pid_exists(running["bu"].pid)
    assert "qa: stopped" in command(screen, "stop", "--all")
    assert not psutil.pid_exists(running["qa"].pid)
    spawner = spawners_folder(screen)
    assert SpawnerClient(spawner, str(screen.root)).connect() is None
