"""What must work however things are, with agents in containers; tests/daemon/test_rescue.py has the rest."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import docker
import pytest

from qms_tui.api.agents import AgentState
from qms_tui.armed import ArmedFile
from tests.daemon.conditions import (
    DAEMON,
    KEEPER,
    Condition,
    both,
    broken_file,
    full_disk,
    go_on,
    hung,
    silent_engine,
    small_disk,
    unreadable_file,
    writable_disk,
)
from tests.daemon.household import Household, at_home
from tests.daemon.served import Window
from tests.daemon.test_rescue import run, was_stopped
from tests.somebody import ROOT

from .engine import PROJECT_LABEL

ALWAYS = "[agent.qa]\nlaunch = 'always_on'\n[agent.bu]\nlaunch = 'always_on'\n"
RUNNING = AgentState.RUNNING
HUNG = hung(DAEMON, KEEPER)
needs_root = pytest.mark.skipif(not ROOT, reason="only root mounts a disk of its own")
EVERY = [
    HUNG,
    both(HUNG, unreadable_file),
    pytest.param(both(HUNG, broken_file, full_disk), marks=needs_root),
]


@pytest.fixture
async def household(
    qms_project: Path, tmp_path: Path, image: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Household]:
    """Two agents shall always run; what we write ourselves is on a disk of its own."""
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(small_disk(tmp_path)) if ROOT else tmp_path
        (home / "home").mkdir()
        made = stack.enter_context(at_home(qms_project, home / "home", monkeypatch))
        made.set(f'[agent]\nimage = "{image}"\n{ALWAYS}')
        try:
            yield made
        finally:
            writable_disk(made)
            await made.close()
            made.run("stop", "--all", "--yes")


async def running(household: Household) -> Window:
    window = await household.hold("qa", "bu", runtime=None)
    await household.until(lambda: {window.state("qa"), window.state("bu")} == {RUNNING})
    return window


def containers(engine: docker.APIClient, household: Household) -> list[str]:
    """Their names."""
    rows = engine.containers(all=True, filters={"label": f"{PROJECT_LABEL}={household.root}"})
    return sorted(name for row in rows for name in row["Names"])


@pytest.mark.parametrize("condition", EVERY, ids=lambda each: getattr(each, "__name__", ""))
async def test_containers_are_listed_looked_into_and_ended(
    household: Household, engine: docker.APIClient, condition: Condition
) -> None:
    await running(household)
    condition(household)
    listed = run(household, "ps")
    assert [row["agent"] for row in json.loads(run(household, "ps", "--json").out)] == ["bu", "qa"]
    assert "what will be done by itself is not known: the daemon does not answer" in listed.err
    assert "agent ready qa" in run(household, "log", "qa").out
    assert "the daemon does not answer" in run(household, "doctor", status=None).out
    run(household, "prune", "--yes")
    assert "qa: stopped" in run(household, "stop", "qa").out
    assert len(containers(engine, household)) == 1
    assert "bu: stopped" in run(household, "stop", "--all").out
    assert (containers(engine, household), household.processes()) == ([], [])
    assert ArmedFile.of(household.root).read() is None


async def test_what_was_stopped_stays_so_when_a_hung_daemon_goes_on(
    household: Household, engine: docker.APIClient
) -> None:
    window = await running(household)
    assert "qa: stopped" in run(household, "stop", "qa").out
    found = HUNG(household)
    assert isinstance(found, list)
    assert "bu: stopped" in run(household, "stop", "bu").out
    go_on(found)
    await household.until(lambda: was_stopped(window, "qa") and was_stopped(window, "bu"))
    assert containers(engine, household) == []


async def test_an_engine_that_is_silent_is_said_and_the_rest_ends(
    household: Household, engine: docker.APIClient, tmp_path: Path
) -> None:
    """What the daemon knows of containers is listed; once the engine answers, they can be ended."""
    await running(household)
    with silent_engine(tmp_path) as host:
        listed = run(household, "ps", DOCKER_HOST=host)
        assert "agents in containers are listed as the daemon knows them" in listed.err
        assert "qa     running" in listed.out
        assert "the engine" in run(household, "stop", "--all", status=2, DOCKER_HOST=host).err
        assert DAEMON not in household.processes()
    assert ArmedFile.of(household.root).read() is None
    assert len(containers(engine, household)) == 2
    assert "qa: stopped" in run(household, "stop", "--all").out
    assert (containers(engine, household), household.processes()) == ([], [])


async def test_with_a_daemon_and_without_ps_says_the_same(household: Household) -> None:
    await running(household)
    await household.until(lambda: json.loads(run(household, "ps", "--json").out)[0]["activity"])
    with_daemon = run(household, "ps").out, json.loads(run(household, "ps", "--json").out)
    household.kill()
    assert (run(household, "ps").out, json.loads(run(household, "ps", "--json").out)) == with_daemon
    assert {(row["state"], row["plan"], row["trouble"]) for row in with_daemon[1]} == {("running", "", "")}
