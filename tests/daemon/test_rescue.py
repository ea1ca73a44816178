"""What must work however things are: agents are listed, looked into and ended within seconds.

Each condition is real: a file system that is full or read-only, processes that are stopped, files that make
no sense, an engine that takes connections and is silent. Agents are programs of this machine here;
tests/e2e/test_rescue.py has containers.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from qms_tui.api.agents import AgentState
from qms_tui.armed import Armed, ArmedFile
from tests.somebody import ROOT

from .conditions import (
    DAEMON,
    KEEPER,
    SPAWNER,
    Condition,
    both,
    broken_file,
    broken_user_file,
    full_disk,
    go_on,
    hung,
    processes,
    read_only_disk,
    silent_engine,
    small_disk,
    unreadable_file,
    writable_disk,
)
from .household import Household
from .household import household as make_household
from .served import Window
from .test_armed import look

pytestmark = pytest.mark.timeout(300)  # seconds; a hung process costs each command some of its patience
BOUND = 55.0  # seconds of a command: a few, and what a loaded machine takes
NAME = "a-program-of-a-test"  # which an agent's process is found by
LOCAL = '[engine]\nruntime = "local"\n[agent]\n'
COMMAND = f"command = ['sh', '-c', 'echo ready; read line', '{NAME}']\n"
ALWAYS = f'{LOCAL}launch = "always_on"\n{COMMAND}'
FILES = (broken_file, unreadable_file, broken_user_file)
DISKS = (full_disk, read_only_disk)
HUNG = (hung(DAEMON), hung(KEEPER), hung(SPAWNER))
WORST = both(hung(DAEMON, KEEPER, SPAWNER), broken_file, full_disk)
needs_root = pytest.mark.skipif(not ROOT, reason="only root mounts a disk of its own")
EVERY = [*FILES, *HUNG, *(pytest.param(each, marks=needs_root) for each in (*DISKS, WORST))]


LOOKS = (
    (("ps",), 0),
    (("ps", "--json"), 0),
    (("log", "qa"), 0),
    (("doctor",), None),
    (("prune", "--yes"), 2),
)
# The engine is not there: prune has not seen all, and doctor may find that it is an error.


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


def run(household: Household, *words: str, status: int | None = 0, **environment: str) -> Done:
    """Run it: within its bound, with this exit status, and with words for people."""
    began = time.monotonic()
    found = household.run(*words, **environment)
    took = time.monotonic() - began
    said = f"{words}: {found.returncode} after {took:.1f} s\n{found.stdout}{found.stderr}"
    assert took < BOUND, said
    assert "Traceback" not in found.stdout + found.stderr, said
    assert status is None or found.returncode == status, said
    return Done(found.returncode, found.stdout, found.stderr)


@pytest.fixture
async def household(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Household]:
    """On a disk of its own where there may be one, and without any engine."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(small_disk(tmp_path)) if ROOT else tmp_path
        async with make_household(place, monkeypatch) as made:
            made.set(ALWAYS)
            stack.callback(end_programs, made)
            yield made
            writable_disk(made)


def programs(household: Household) -> list[psutil.Process]:
    """Agents' programs of this household."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if NAME in process.cmdline() and process.cwd() == str(household.root):
                found.append(process)
    return found


def end_programs(household: Household) -> None:
    for process in programs(household):
        process.kill()


async def running(household: Household) -> Window:
    """All three agents run, and policies hold."""
    window = await household.hold("qa", runtime=None, command=None)
    names = {"qa", "bu", "claude"}
    await household.until(lambda: set(window.mirror.agents) == names)
    await household.until(lambda: {window.state(name) for name in names} == {AgentState.RUNNING})
    await household.until(lambda: "ready" in household.printed())
    return window


@pytest.mark.parametrize("condition", EVERY, ids=lambda each: getattr(each, "__name__", ""))
async def test_agents_are_listed_looked_into_and_ended(household: Household, condition: Condition) -> None:
    await running(household)
    condition(household)
    knows = SPAWNER not in hung_modules(condition)
    with ThreadPoolExecutor() as pool:  # each may have to wait for what hangs
        ps, as_json, log, doctor, prune = pool.map(
            lambda look: run(household, *look[0], status=look[1]), LOOKS
        )
    assert [row["agent"] for row in json.loads(as_json.out)] == (["bu", "claude", "qa"] if knows else [])
    assert ("qa" in ps.out) is knows
    assert knows or "what runs on this machine is not known" in ps.err
    assert "ready" in log.out
    assert "qa" in doctor.out
    assert "what there is on the engine is left out" in prune.err
    assert household.processes()
    stopped = run(household, "stop", "qa", status=0 if knows else 2)
    assert ("qa: stopped" in stopped.out) is knows
    run(household, "stop", "--all", status=None)
    await household.until(lambda: (programs(household), household.processes()) == ([], []))
    if condition is not read_only_disk:
        assert ArmedFile.of(household.root).read() is None


def hung_modules(condition: Condition) -> set[str]:
    name = getattr(condition, "__name__", "")
    return {module for module in (DAEMON, KEEPER, SPAWNER) if module.rpartition(".")[2] in name}


async def test_an_engine_that_is_silent_keeps_nothing_else_from_its_end(
    household: Household, tmp_path: Path
) -> None:
    """Agents on this machine, our processes and policies end all the same; what may be left is said."""
    household.set(ALWAYS.replace('runtime = "local"', ""))
    window = await household.hold("qa", command=None)
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    with silent_engine(tmp_path) as host:
        listed = run(household, "ps", DOCKER_HOST=host)
        assert "qa" in listed.out
        assert "agents in containers are left out" in listed.err
        stopped = run(household, "stop", "--all", status=None, DOCKER_HOST=host)
    assert "qa: stopped" in stopped.out
    await household.until(lambda: (programs(household), household.processes()) == ([], []))
    assert ArmedFile.of(household.root).read() is None


async def test_what_a_project_may_have_on_an_engine_that_is_away_is_said(household: Household) -> None:
    household.set(ALWAYS.replace('runtime = "local"', ""))
    ArmedFile.of(household.root).write(Armed())
    done = run(household, "stop", "--all", status=2)
    assert "agents in containers go on: cannot reach the engine" in done.err
    assert "once the engine answers, end them with: qms-tui stop --all" in done.err
    assert ArmedFile.of(household.root).read() is None


async def test_what_is_stopped_stays_so(household: Household) -> None:
    """With a daemon that answers, one that hangs and goes on, and one that comes later."""
    window = await running(household)
    assert "qa: stopped" in run(household, "stop", "qa").out
    await household.until(lambda: was_stopped(window, "qa"))
    found = hung(DAEMON)(household)
    assert isinstance(found, list)
    stopped = run(household, "stop", "bu")
    assert "bu: stopped" in stopped.out
    assert "qms-tui stop --all ends the daemon" in stopped.err
    go_on(found)
    await household.until(lambda: was_stopped(window, "bu"))
    household.kill()
    assert "claude: stopped" in run(household, "stop", "claude").out
    again = await household.window_of_new()
    await household.until(lambda: set(again.mirror.agents) == {"qa", "bu", "claude"})
    await household.until(
        lambda: {view.state for view in again.mirror.agents.values()} == {AgentState.ABSENT}
    )
    assert programs(household) == []


def was_stopped(window: Window, agent: str) -> bool:
    ending = window.agent(agent).ending
    return window.state(agent) is AgentState.ENDED and ending is not None and ending.asked


async def test_a_start_that_waits_is_given_up(household: Household) -> None:
    """There is no program, and so nothing to end but the daemon's plan."""
    household.set(f'{LOCAL}launch = "always_on"\ncommand = ["{household.root}/nothing"]\n')
    window = await household.hold("qa", runtime=None, command=None)
    await household.until(lambda: "qa" in window.mirror.agents)
    await household.until(lambda: window.state("qa") is AgentState.FAILED)
    assert "qa: stopped" in run(household, "stop", "qa").out
    await household.until(lambda: was_stopped(window, "qa") and not window.agent("qa").plan)


async def test_a_hung_daemon_that_goes_on_after_all_is_stopped_does_nothing(household: Household) -> None:
    await running(household)
    found = hung(DAEMON)(household)
    for process in programs(household)[:1]:
        process.kill()  # it would be started again
    run(household, "stop", "--all")
    assert isinstance(found, list)
    go_on(found)
    await household.until(lambda: (programs(household), household.processes()) == ([], []))


async def test_after_a_boot_nothing_starts_by_itself(household: Household) -> None:
    """All processes are gone with their sockets, what is remembered is there: nobody acts.

    After `stop --all` not even a daemon that comes for another reason does.
    """
    await running(household)
    boot(household)
    look(household)
    assert programs(household) == []
    assert ArmedFile.of(household.root).read() is not None
    run(household, "stop", "--all")
    boot(household)
    client = await household.daemon.reach("a client that only looks")
    mirror = await client.subscribe()
    household.put("qa")
    await household.until(lambda: mirror.items)
    assert (mirror.agents, programs(household)) == ({}, [])
    await client.close()


def boot(household: Household) -> None:
    """Kill everything of ours at once, and what lives no longer than a boot."""
    ours = [*processes(household, DAEMON, KEEPER, SPAWNER), *programs(household)]
    for process in ours:
        with suppress(psutil.NoSuchProcess):  # a program ends with its spawner
            process.kill()
    psutil.wait_procs(ours, BOUND)
    for place in household.state.rglob("*.sock"):
        place.unlink()


# -- what ps says ------------------------------------------------------------------------------------------


async def test_with_a_daemon_and_without_ps_says_the_same(household: Household) -> None:
    await running(household)
    with_daemon = run(household, "ps").out, json.loads(run(household, "ps", "--json").out)
    household.kill()
    assert (run(household, "ps").out, json.loads(run(household, "ps", "--json").out)) == with_daemon
    states = [(row["agent"], row["state"], row["plan"], row["trouble"]) for row in with_daemon[1]]
    assert states == [(agent, "running", "", "") for agent in ("bu", "claude", "qa")]


async def test_ps_says_what_only_a_daemon_knows(household: Household) -> None:
    """What will be done by itself, and what keeps an agent from starting; in the same words and shape."""
    household.set(
        f"{LOCAL}{COMMAND}[agent.bu]\nlaunch = 'auto_on_task'\n[agent.claude]\ncommand = ['/no/program']\n"
    )
    window = await household.hold("qa", runtime=None, command=None)
    await household.hold("bu", "claude", runtime=None, command=None)
    await household.until(lambda: window.state("claude") is AgentState.FAILED)
    await household.until(lambda: window.agent("bu").plan)
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    rows = {row["agent"]: row for row in json.loads(run(household, "ps", "--json").out)}
    assert (rows["bu"]["state"], rows["bu"]["plan"]) == ("absent", "starts when a task arrives")
    assert rows["claude"]["state"] == "failed"
    assert "/no/program" in rows["claude"]["trouble"]
    table = run(household, "ps").out
    assert "starts when a task arrives" in table
    assert "absent, cannot start" in table
    assert f"claude: {rows['claude']['trouble']}" in table
    household.kill()
    (alone,) = json.loads(run(household, "ps", "--json").out)
    assert (alone["agent"], alone.keys()) == ("qa", rows["qa"].keys())
    assert rows["bu"].keys() == rows["qa"].keys()
