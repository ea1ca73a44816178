"""`prune` and local agents: what runs for a project that is there stays; the rest ends as containers do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from qms_tui.keeper.local_processes import LocalProcesses
from qms_tui.keeper.paths import SPAWNER_SOCKET
from qms_tui.keeper.spawner.request import Request
from qms_tui.leftovers import Kind, find_in_state, remove_from_state, why_to_go

PATIENCE = 20.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / ".claude").mkdir(parents=True)
    return root


@pytest.fixture
def processes(tmp_path: Path, root: Path) -> Iterator[LocalProcesses]:
    processes = LocalProcesses(root, folder=tmp_path / "state/projects/project-0123456789ab")
    yield processes
    processes.stop()
    processes.close()


def start(processes: LocalProcesses) -> psutil.Process:
    """A local agent that goes on for long."""
    command = ("/bin/sh", "-c", "exec sleep 600")
    facts = processes.spawner.start(Request("qa", command, dict(os.environ), "/", 0o022, 80, 24))
    return psutil.Process(facts.pid)


def test_what_runs_for_a_project_stays(processes: LocalProcesses, tmp_path: Path) -> None:
    agent = start(processes)
    (thing,) = find_in_state(tmp_path / "state")
    assert thing.kind is Kind.SPAWNER
    assert thing.state.endswith("with its agents")
    assert not why_to_go(thing)
    assert agent.is_running()


def test_what_runs_for_one_that_is_gone_ends(processes: LocalProcesses, tmp_path: Path, root: Path) -> None:
    agent = start(processes)
    (root / ".claude").rmdir()
    (thing,) = find_in_state(tmp_path / "state")
    assert why_to_go(thing) == "its project is gone"
    (outcome,) = remove_from_state([thing])
    assert outcome.removed
    assert not psutil.wait_procs([agent], timeout=PATIENCE)[1]
    assert not (processes.folder / SPAWNER_SOCKET).exists()


def test_what_a_killed_one_leaves_goes(processes: LocalProcesses, tmp_path: Path) -> None:
    agent = start(processes)
    spawner = agent.parent()
    assert spawner is not None
    spawner.kill()
    psutil.wait_procs([spawner], timeout=PATIENCE)
    os.utime(processes.folder / "spawner.lock", (1, 1))
    (thing,) = find_in_state(tmp_path / "state")
    assert why_to_go(thing) == "nobody uses it"
    (outcome,) = remove_from_state([thing])
    assert outcome.removed
    assert find_in_state(tmp_path / "state") == []
    psutil.wait_procs([agent], timeout=PATIENCE)
