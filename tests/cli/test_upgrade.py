"""A newer qms-tui beside a daemon and a keeper of an older one: replaced silently, or as the human says."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from qms_tui.api.agents import AgentState
from qms_tui.api.place import LOCK as DAEMON_LOCK
from qms_tui.api.place import daemon_folder
from qms_tui.keeper.paths import LOCAL, SPAWNER_LOCK, keeper_folder
from qms_tui.keeper.paths import LOCK as KEEPER_LOCK
from tests.daemon.household import Household, household
from tests.tui import Tui

QUESTION = "an older qms-tui (0.0.9) holds on this machine: qa. Have this one (0.1.0) take over?"
STAYS = "an older qms-tui (0.0.9) holds on this machine: qa; it goes on holding them"
START = ("start", "bu", "--runtime", "local", "--command", "sleep 1000")


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Household]:
    async with household(tmp_path, monkeypatch) as made:
        yield made


class Locks:
    """Who holds what."""

    def __init__(self, home: Household) -> None:
        local = keeper_folder(home.root, LOCAL)
        self.daemon = daemon_folder(home.root) / DAEMON_LOCK
        self.keeper, self.spawner = local / KEEPER_LOCK, local / SPAWNER_LOCK

    @property
    def pids(self) -> tuple[int, int, int]:
        daemon, keeper, spawner = (
            json.loads(path.read_text())["pid"] for path in (self.daemon, self.keeper, self.spawner)
        )
        return daemon, keeper, spawner

    def age(self, *paths: Path, **words: object) -> None:
        """Have them of an older version."""
        for path in paths:
            said = json.loads(path.read_text()) | {"version": "0.0.9"} | words
            path.write_text(json.dumps(said))


async def held(home: Household) -> Locks:
    """A local agent under a daemon."""
    window = await home.hold("qa")
    await home.until(lambda: window.state("qa") is AgentState.RUNNING)
    await window.client.close()
    return Locks(home)


def in_terminal(home: Household, *args: str) -> Tui:
    tui = Tui(*args, "--config", str(home.config), cwd=home.root, env=os.environ)
    tui.leaves_agents = True
    return tui


async def test_without_a_terminal_what_is_older_stays(home: Household) -> None:
    locks = await held(home)
    before, began = locks.pids, home.began("qa")
    locks.age(locks.daemon, locks.keeper)
    said = home.run(*START)
    assert STAYS in said.stderr
    assert (said.returncode, said.stdout) == (0, "bu: running\n"), said
    assert locks.pids == before
    assert home.began("qa") == began


async def test_a_human_is_asked_and_local_agents_go_on(home: Household) -> None:
    locks = await held(home)
    before, began = locks.pids, home.began("qa")
    locks.age(locks.daemon, locks.keeper)
    with in_terminal(home, *START) as tui:
        tui.wait(QUESTION, "It goes on. [y/N]")
        tui.type("\r")  # no
        tui.wait("bu: running")
        assert tui.end() == 0
    assert locks.pids == before
    with in_terminal(home, *START) as tui:
        tui.wait(QUESTION.replace("qa", "bu, qa"), "They go on. [y/N]")
        tui.type("y\r")
        tui.wait("bu: running")
        assert tui.end() == 0
    daemon, keeper, spawner = locks.pids
    assert daemon != before[0]
    assert keeper != before[1]
    assert spawner == before[2]
    assert home.began("qa") == began


async def test_without_local_agents_nobody_is_asked(home: Household) -> None:
    locks = await held(home)
    before = locks.pids
    assert home.run("stop", "qa").returncode == 0
    locks.age(locks.daemon)
    said = home.run(*START)
    assert "older" not in said.stderr
    assert said.stdout == "bu: running\n"
    assert locks.pids[0] != before[0]


async def test_a_keeper_that_a_new_daemon_would_not_understand_is_left_alone(home: Household) -> None:
    """Where the human says no, and no daemon of its own version runs any more."""
    locks = await held(home)
    before, began = locks.pids, home.began("qa")
    home.daemon.end()
    locks.age(locks.keeper, protocol=1)
    said = home.run(*START)
    assert said.returncode == 2
    assert "the keeper of qa is of an older qms-tui, and was not to be replaced" in said.stderr
    assert "qms-tui stop qa" in said.stderr
    assert locks.pids[1:] == before[1:]
    assert home.began("qa") == began
