"""What must work however things are, with agents in containers; tests/daemon/test_rescue.py has the rest."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import docker
import psutil
import pytest

from qms_tui.api.agents import AgentState
from qms_tui.armed import Armed, ArmedFile
from qms_tui.config import Overrides
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
from tests.daemon.household import PATIENCE, POLL, Household, at_home
from tests.daemon.served import Window
from tests.daemon.test_armed import look
from tests.daemon.test_rescue import run, was_stopped
from tests.somebody import ROOT

from .engine import PROJECT_LABEL
from .relay import Relay
from .test_app import App

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


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """Another address of the engine."""
    with Relay(tmp_path / "relay.sock") as made:
        yield made


async def running(household: Household) -> Window:
    window = await household.hold("qa", "bu", runtime=None)
    await household.until(lambda: {window.state("qa"), window.state("bu")} == {RUNNING})
    return window


def containers(engine: docker.APIClient, household: Household) -> list[str]:
    """Their names."""
    rows = engine.containers(all=True, filters={"label": f"{PROJECT_LABEL}={household.root}"})
    return sorted(name.removeprefix("/") for row in rows for name in row["Names"])


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


async def test_neither_does_it_start_what_had_ended_before_it_was_stopped(
    household: Household, engine: docker.APIClient
) -> None:
    window = await running(household)
    engine.kill(containers(engine, household)[0])
    found = HUNG(household)
    assert isinstance(found, list)
    run(household, "stop", "bu")
    go_on(found)
    await household.until(lambda: was_stopped(window, "bu"))
    assert len(containers(engine, household)) == 1


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


async def test_agents_on_an_engine_that_is_not_configured_any_more_are_said(
    household: Household, engine: docker.APIClient, relay: Relay
) -> None:
    """As when the file that names it is broken by now."""
    before = household.config.read_text()
    household.set(f'{before}[engine]\nhost = "{relay.host}"\n')
    await running(household)
    household.set(before)
    said = run(household, "stop", "--all", status=2).err
    assert f"agents on another engine may go on: {relay.host}" in said
    household.set(f'{before}[engine]\nhost = "{relay.host}"\n')
    run(household, "stop", "--all")
    assert (containers(engine, household), household.processes()) == ([], [])


async def test_with_a_daemon_and_without_ps_says_the_same(household: Household) -> None:
    await running(household)
    await household.until(lambda: json.loads(run(household, "ps", "--json").out)[0]["activity"])
    with_daemon = run(household, "ps").out, json.loads(run(household, "ps", "--json").out)
    household.kill()
    assert (run(household, "ps").out, json.loads(run(household, "ps", "--json").out)) == with_daemon
    assert {(row["state"], row["plan"], row["trouble"]) for row in with_daemon[1]} == {("running", "", "")}


async def test_looking_starts_nothing(household: Household, engine: docker.APIClient) -> None:
    """Whatever is configured, where policies may act."""
    ArmedFile.of(household.root).write(Armed({"qa": Overrides(), "bu": Overrides()}))
    look(household)
    assert containers(engine, household) == []


@needs_root
@pytest.mark.parametrize("mode", [0o500, 0o555])
def test_a_user_whose_state_folder_is_closed_ends_agents(
    qms_project: Path, tmp_path: Path, image: str, engine: docker.APIClient, mode: int
) -> None:
    """Also the daemon that runs: it finds its files gone, and starts nothing again."""
    app = App(qms_project, tmp_path / "home", image)
    app.set('launch = "always_on"\n')
    state = Path(app.environment["XDG_STATE_HOME"], "qms-tui")
    try:
        started = app.run("start", "qa")
        assert started.returncode == 0, started.stderr
        os.chown(state, 0, 0)
        state.chmod(mode)
        for words, status in CLOSED:
            done = app.run(*words, XDG_RUNTIME_DIR=str(tmp_path / "missing"))
            said = f"{words}: {done.stderr}"
            assert (done.returncode, "Traceback" in done.stderr) == (status, False), said
        assert mode == 0o555 or "policies will start agents again" in done.stderr
        wait_until(lambda: not any(str(qms_project) in words for words in daemons()))
        assert engine.containers(all=True, filters={"label": f"{PROJECT_LABEL}={qms_project}"}) == []
    finally:
        os.chown(state, app.uid, app.uid)
        state.chmod(0o700)
        app.run("stop", "--all")


CLOSED = (
    (("ps",), 0),
    (("ps", "--json"), 0),
    (("prune", "--yes"), 0),
    (("stop", "qa"), 0),
    (("stop", "--all"), 0),
)


def daemons() -> list[list[str]]:
    """The words that they were started with."""
    found = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return [words for words in found if DAEMON in words]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(POLL)
