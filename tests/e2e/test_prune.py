"""What is left over on a real engine: shown, and removed where it may go.

Other people's containers are on the same engine: only what belongs to projects made here is ever removed.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest

from qms_tui.leftovers import Kind, Thing, find_on_engine, remove_from_engine, why_to_go
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.container import Identity, project_slug
from qms_tui.runtime.docker.engine import Engine

from .direct import DirectRuntime
from .held import SIZE
from .test_app import App, leave

Make = Callable[..., DirectRuntime]


@pytest.fixture
def ours() -> Iterator[Engine]:
    """The engine as qms-tui itself holds it."""
    engine = connect()
    yield engine
    engine.close()


def things_of(engine: Engine, root: Path) -> dict[Kind, Thing]:
    """What there is of a project with one agent."""
    return {thing.kind: thing for thing in find_on_engine(engine) if thing.project == str(root)}


async def start(make_runtime: Make, root: Path) -> DirectRuntime:
    runtime = make_runtime(root)
    (await runtime.start("qa", SIZE)).close()
    return runtime


def exists(engine: docker.APIClient, root: Path) -> tuple[bool, bool]:
    """Whether the project has containers, and whether it has networks."""
    filters = {"label": f"qms-tui.project={root}"}
    return bool(engine.containers(all=True, filters=filters)), bool(engine.networks(filters=filters))


async def test_what_runs_for_a_project_is_shown_and_stays(
    make_runtime: Make, qms_project: Path, ours: Engine, engine: docker.APIClient
) -> None:
    await start(make_runtime, qms_project)
    things = things_of(ours, qms_project)
    container, network = things[Kind.CONTAINER], things[Kind.NETWORK]
    assert container.name == Identity(str(qms_project), "qa").container
    assert (container.agent, container.state, container.mine) == ("qa", "running", True)
    assert (container.project_exists, container.age < 60) == (True, True)
    assert (network.name, network.state) == (project_slug(str(qms_project)), "in use")
    assert [why_to_go(thing) for thing in (container, network)] == ["", ""]
    assert not [o for o in remove_from_engine(ours, list(things.values())) if o.removed]
    assert exists(engine, qms_project) == (True, True)


async def test_an_ended_container_and_then_its_network_may_go(
    make_runtime: Make, qms_project: Path, ours: Engine, engine: docker.APIClient
) -> None:
    runtime = await start(make_runtime, qms_project)
    engine.kill((await runtime.find("qa")).container)
    await runtime.ended("qa")
    things = things_of(ours, qms_project)
    assert why_to_go(things[Kind.CONTAINER]) == "it has ended"
    assert things[Kind.NETWORK].state == "unused"
    later = [replace(thing, age=3600.0) for thing in things.values()]
    assert all(outcome.removed for outcome in remove_from_engine(ours, later))
    assert exists(engine, qms_project) == (False, False)


async def test_everything_of_a_lost_project_goes_and_no_other(
    make_runtime: Make, make_qms_project: Callable[..., Path], ours: Engine, engine: docker.APIClient
) -> None:
    lost, kept = make_qms_project("lost"), make_qms_project("kept")
    await start(make_runtime, lost)
    await start(make_runtime, kept)
    shutil.rmtree(lost / ".claude")
    things = [*things_of(ours, lost).values(), *things_of(ours, kept).values()]
    assert {why_to_go(thing) for thing in things if thing.project == str(lost)} == {"its project is gone"}
    remove_from_engine(ours, things)
    assert exists(engine, lost) == (False, False)
    assert exists(engine, kept) == (True, True)


async def test_one_that_was_started_anew_in_between_stays(
    make_runtime: Make, qms_project: Path, ours: Engine, engine: docker.APIClient
) -> None:
    """Also the very same container, by somebody's docker start: the engine refuses."""
    runtime = await start(make_runtime, qms_project)
    name = (await runtime.find("qa")).container
    engine.kill(name)
    await runtime.ended("qa")
    seen = things_of(ours, qms_project)[Kind.CONTAINER]
    engine.start(name)
    (outcome,) = remove_from_engine(ours, [seen])
    assert (outcome.removed, outcome.said) == (False, "it runs by now, or somebody else removes it")
    await runtime.stop("qa")
    (await runtime.start("qa", SIZE)).close()
    (outcome,) = remove_from_engine(ours, [seen])
    assert outcome.said == "was gone already"
    assert things_of(ours, qms_project)[Kind.CONTAINER].state == "running"


@pytest.mark.parametrize("labels", [{}, {"qms-tui.maker": "somebody else"}])
def test_what_others_made_is_shown_and_stays(
    ours: Engine, engine: docker.APIClient, image: str, tmp_path: Path, labels: dict[str, str]
) -> None:
    root = tmp_path / "elsewhere"
    every: dict[str, Any] = {"qms-tui.project": str(root), **labels}
    made = engine.create_container(image, labels=every)["Id"]
    try:
        thing = things_of(ours, root)[Kind.CONTAINER]
        assert (thing.mine, thing.project_exists, thing.state) == (False, False, "created")
        assert not [o for o in remove_from_engine(ours, [replace(thing, age=3600.0)]) if o.removed]
        assert exists(engine, root)[0]
    finally:
        engine.remove_container(made, force=True)


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str) -> App:
    return App(qms_project, tmp_path / "home", image)


@pytest.fixture
async def left(make_runtime: Make, qms_project: Path, tmp_path: Path, image: str) -> App:
    """An app whose project is gone, while its agent runs.

    As whoever runs the tests, whose the agent is: root prunes everywhere.
    """
    await start(make_runtime, qms_project)
    shutil.rmtree(qms_project / ".claude")
    return App(qms_project, tmp_path / "home", image, os.geteuid())


async def test_the_commands(left: App, engine: docker.APIClient) -> None:
    """With --project, so that nothing of others goes."""
    listed = json.loads(left.run("ps", "--all-projects", "--json").stdout)
    rows = {row["kind"]: row for row in listed if row["project"] == str(left.root)}
    assert set(rows) == {"container", "network", "trust"}
    assert rows["container"] | {"age": 0, "name": ""} == {
        "kind": "container", "name": "", "project": str(left.root), "project_exists": False, "agent": "qa",
        "state": "running", "age": 0, "yours": True, "prune": "its project is gone",
    }  # fmt: skip
    assert f"{left.root} (gone)" in left.run("ps", "--all-projects").stdout
    prune = ("prune", "--project", str(left.root))
    refused = left.run(*prune)
    assert refused.returncode == 2
    assert rows["container"]["name"] in refused.stdout
    assert "--yes" in refused.stderr
    assert exists(engine, left.root) == (True, True)
    done = left.run(*prune, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"removed container {rows['container']['name']}" in done.stdout
    assert exists(engine, left.root) == (False, False)
    assert left.run(*prune, "--yes").stdout == "there is nothing to remove\n"


async def test_it_asks_in_a_terminal(left: App, engine: docker.APIClient) -> None:
    with left.open("prune", "--project", str(left.root)) as tui:
        tui.wait("its project is gone", "Remove these 3? [y/N]")
        tui.type("n\r")
        assert tui.end() == 130
    assert exists(engine, left.root) == (True, True)
    with left.open("prune", "--project", str(left.root)) as tui:
        tui.wait("Remove these 3? [y/N]")
        tui.type("y\r")
        assert tui.end() == 0
    assert exists(engine, left.root) == (False, False)


def test_the_keeper_of_a_lost_project_ends(app: App, engine: docker.APIClient) -> None:
    """With everything that it kept; while the project is there, it is shown and stays."""
    with app.open("qa") as tui:
        tui.wait("agent ready qa")
        leave(tui)
    (lock,) = app.config.parent.rglob("keeper.lock")
    pid = json.loads(lock.read_text())["pid"]
    prune = ("prune", "--project", str(app.root), "--yes")
    assert f"running, pid {pid}" in app.run("ps", "--all-projects").stdout
    assert app.run(*prune).stdout == "there is nothing to remove\n"
    shutil.rmtree(app.root / ".claude")
    done = app.run(*prune)
    assert (done.returncode, done.stderr) == (0, "")
    assert "removed keeper" in done.stdout
    assert "removed layout" in done.stdout
    assert not lock.parent.exists()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():  # it gives its lock back a moment before its end
        assert time.monotonic() < deadline, "the keeper still runs"
        time.sleep(0.01)
    assert exists(engine, app.root) == (False, False)
