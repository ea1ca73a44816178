"""Leaving ends no program of this machine, and coming back shows all of it; in a real terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import psutil
import pytest

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
    """What the spawner has; the folder has the spawner's name in it as soon as there is one."""
    folders = (screen.home / "state/qms-tui/projects").iterdir()
    return SpawnerClient(next(folders), str(screen.root)).programs()


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
