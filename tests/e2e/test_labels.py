"""What somebody made on the engine with our names or labels: never used, trusted or removed, but named."""

from __future__ import annotations

import asyncio
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest

from qms_tui.core import AgentState
from qms_tui.errors import EngineError
from qms_tui.leftovers import find_on_engine, remove_from_engine
from qms_tui.runtime import Condition, RunsAlready
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.container import Identity, project_slug
from qms_tui.runtime.docker.maker import maker
from qms_tui.runtime.docker.tap import Tap
from qms_tui.runtime.docker.throwaway import throwaway

from .direct import DirectRuntime
from .engine import PROJECT_LABEL, Console
from .held import SIZE, attached, started
from .shell import SHELL, Shell
from .test_app import App, leave
from .watched import watched

Make = Callable[..., DirectRuntime]
CLOSED = {"com.docker.network.bridge.enable_icc": "false"}
SLEEP = ["sleep", "600"]


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str) -> App:
    return App(qms_project, tmp_path / "home", image)


@pytest.fixture
def slug(qms_project: Path) -> str:
    """What the names of the project's containers begin with, and the name of its network."""
    return project_slug(str(qms_project))


@pytest.fixture
def name(qms_project: Path) -> str:
    """Of qa's container."""
    return Identity(str(qms_project), "qa").container


@pytest.fixture
def labels(qms_project: Path) -> dict[str, str]:
    """Those of qa's container that anybody can write who knows where the project is."""
    return Identity(str(qms_project), "qa").labels


@pytest.fixture
def put(engine: docker.APIClient, image: str) -> Iterator[Callable[..., str]]:
    """`put(name, labels, start=True)`: the id of a container that somebody makes; it goes with the test."""
    made: list[str] = []

    def make(name: str, labels: dict[str, str], start: bool = True, image: str = image) -> str:
        container: str = engine.create_container(image, SLEEP, name=name, labels=labels)["Id"]
        made.append(container)
        if start:
            engine.start(container)
        return container

    yield make
    for container in made:
        try:
            engine.remove_container(container, force=True, v=True)
        except docker.errors.NotFound:
            continue


@pytest.fixture
def put_network(engine: docker.APIClient) -> Iterator[Callable[..., str]]:
    """`put_network(name, labels=..., options=...)`: as `put`, of a network."""
    made: list[str] = []

    def make(name: str, **settings: Any) -> str:
        made.append(engine.create_network(name, **{"driver": "bridge", **settings})["Id"])
        return made[-1]

    yield make
    for network in made:
        for container in engine.inspect_network(network)["Containers"]:
            engine.remove_container(container, force=True)
        engine.remove_network(network)


@pytest.fixture
def labelled_image(engine: docker.APIClient, image: str) -> Iterator[Callable[[dict[str, str]], str]]:
    """`labelled_image(labels)`: the name of an image as the tiny one, with labels of its own."""
    made: list[str] = []

    def make(labels: dict[str, str]) -> str:
        made.append(f"qms-tui-test-labelled-{len(made)}:{os.getpid()}")
        words = " ".join(f"{key}={json.dumps(value)}" for key, value in labels.items())
        recipe = f"FROM {image}\nLABEL {words}\n".encode()
        list(engine.build(fileobj=io.BytesIO(recipe), tag=made[-1], decode=True, rm=True))
        return made[-1]

    yield make
    for each in made:
        engine.remove_image(each, force=True)


def labels_of(engine: docker.APIClient, container: str) -> dict[str, str]:
    """Those that say something."""
    every = engine.inspect_container(container)["Config"]["Labels"]
    return {key: value for key, value in every.items() if key.startswith("qms-tui.") and value}


def exists(engine: docker.APIClient, container: str) -> bool:
    return bool(engine.containers(filters={"id": container}))


def networks_of(engine: docker.APIClient, container: str) -> list[str]:
    facts = engine.inspect_container(container)["NetworkSettings"]["Networks"]
    return [network["NetworkID"] for network in facts.values()]


def messages(refused: EngineError) -> str:
    return f"{refused.message}: {refused.hint}"


# -- networks ----------------------------------------------------------------------------------------------


def planted(case: str, root: str) -> dict[str, Any]:
    """How somebody might have made the project's network before."""
    ours = {PROJECT_LABEL: root, "qms-tui.schema": "1", "qms-tui.maker": maker()}
    cases: dict[str, dict[str, Any]] = {
        "no labels": {},
        "no maker": {"labels": {PROJECT_LABEL: root}, "options": CLOSED},
        "open": {"labels": ours},
        "open by name": {"labels": ours, "options": {**CLOSED, next(iter(CLOSED)): "true"}},
        "internal": {"labels": ours, "options": CLOSED, "internal": True},
        "attachable": {"labels": ours, "options": CLOSED, "attachable": True},
        "another project's": {"labels": {**ours, PROJECT_LABEL: f"{root}-other"}, "options": CLOSED},
    }
    return cases[case]


@pytest.mark.parametrize(
    "case",
    ["no labels", "no maker", "open", "open by name", "internal", "attachable", "another project's"],
)
async def test_a_network_that_is_not_as_ours_is_not_used(
    runtime: DirectRuntime,
    engine: docker.APIClient,
    qms_project: Path,
    slug: str,
    put_network: Callable[..., str],
    case: str,
) -> None:
    theirs = put_network(slug, **planted(case, str(qms_project)))
    for agent in ("qa", "claude"):
        (await runtime.start(agent, SIZE)).close()
    (used,) = {
        network
        for agent in ("qa", "claude")
        for network in networks_of(engine, (await runtime.find(agent)).container)
    }
    assert used != theirs
    facts = engine.inspect_network(used)
    assert (facts["Driver"], facts["Options"], facts["Internal"]) == ("bridge", CLOSED, False)
    assert facts["Name"] != slug  # else nobody can tell them apart
    (stranger,) = runtime.containers.strangers()
    assert (stranger.what, stranger.name) == ("network", slug)
    assert f"network rm {slug}" in stranger.remedy
    for agent in ("qa", "claude"):
        await runtime.stop(agent)


async def test_agents_on_a_planted_network_do_not_reach_each_other(
    make_runtime: Make,
    engine: docker.APIClient,
    qms_project: Path,
    slug: str,
    put_network: Callable[..., str],
) -> None:
    put_network(slug)
    runtime = make_runtime(qms_project, command=SHELL)
    for agent in ("qa", "claude"):
        (await runtime.start(agent, SIZE)).close()
    claude, qa = [(await runtime.find(agent)).container for agent in ("claude", "qa")]
    (network,) = engine.inspect_container(claude)["NetworkSettings"]["Networks"].values()
    with Console(engine, claude) as one, Console(engine, qa) as other:
        server, client = Shell(one), Shell(other)
        assert server.run("echo secret | nc -l -p 7777 >/dev/null 2>&1 & sleep 0.2").status == 0
        assert "secret" not in client.run(f"nc -w 2 {network['IPAddress']} 7777").said


async def test_ours_is_used_again_beside_a_planted_one(
    runtime: DirectRuntime,
    make_runtime: Make,
    engine: docker.APIClient,
    qms_project: Path,
    slug: str,
    put_network: Callable[..., str],
) -> None:
    put_network(slug)
    (await runtime.start("qa", SIZE)).close()
    put_network(f"{slug}-another")
    (await make_runtime(qms_project).start("claude", SIZE)).close()
    assert len(engine.networks(filters={"label": f"{PROJECT_LABEL}={qms_project}"})) == 1
    found = runtime.containers.all()
    assert networks_of(engine, found["qa"].id) == networks_of(engine, found["claude"].id)


async def test_one_that_gets_the_name_of_ours_later_is_not_used_either(
    runtime: DirectRuntime,
    engine: docker.APIClient,
    qms_project: Path,
    slug: str,
    put_network: Callable[..., str],
) -> None:
    """Nor is ours then: older engines let both have the name, and look it up at each start."""
    (await runtime.start("qa", SIZE)).close()
    try:
        theirs = put_network(slug)
    except docker.errors.APIError:
        pytest.skip("this engine gives a name once")
    (await runtime.start("claude", SIZE)).close()
    (used,) = networks_of(engine, runtime.containers.all()["claude"].id)
    assert used != theirs
    assert engine.inspect_network(used)["Options"] == CLOSED


def test_ps_doctor_and_stop_name_a_planted_network(
    app: App, engine: docker.APIClient, slug: str, put_network: Callable[..., str]
) -> None:
    theirs = put_network(slug)
    with app.open("qa") as tui:
        tui.wait("agent ready qa")
        leave(tui)
    said = f"the network {slug} is not ours"
    assert said in app.run("ps").stdout
    assert said in app.run("ps", "--json").stderr
    assert said in app.run("doctor").stdout
    stopped = app.run("stop", "--all")
    assert (stopped.returncode, f"left alone: {said}" in stopped.stdout) == (0, True)
    assert [network["Id"] for network in engine.networks(names=[slug])] == [theirs]


# -- names -------------------------------------------------------------------------------------------------


async def test_a_renamed_container_is_still_the_agents(
    runtime: DirectRuntime, engine: docker.APIClient, name: str, qms_project: Path
) -> None:
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        engine.rename(name, f"{name}-old")
        found = await runtime.find("qa")
        assert (found.condition, found.container) == (Condition.RUNNING, f"{name}-old")
        assert found.renamed_from == name
        with pytest.raises(RunsAlready, match=f"{name}-old") as refused:
            await runtime.start("qa", SIZE)
        assert "qms-tui stop qa" in refused.value.hint
        assert await runtime.usage("qa") is not None
        assert runtime.containers.usage(runtime.containers.all()).keys() == {"qa"}
        async with attached(runtime, "qa") as again:
            again.type(b"still here\r")
            await again.expect(rb"echo:still here\r\n")
        assert runtime.containers.log("qa", 0.0) is not None
        qa.type(b"exit 3\r")
        await qa.end()
        ending = await runtime.ended("qa")
        assert ending is not None
        assert ending.exit_code == 3
    (await runtime.start("qa", SIZE)).close()  # the ended one has made room
    assert list(engine.containers(all=True, filters={"name": f"{name}-old"})) == []
    engine.rename(name, "somebody-calls-it-so")
    assert runtime.containers.stop("qa")
    assert not engine.containers(all=True, filters={"label": f"{PROJECT_LABEL}={qms_project}"})


def test_a_renamed_container_on_the_command_line(app: App, engine: docker.APIClient, name: str) -> None:
    with app.open("qa") as tui:
        tui.wait("agent ready qa")
        leave(tui)
    for stop in (("stop", "qa"), ("stop", "--all")):
        with app.open("qa") as tui:
            tui.wait("agent ready qa")
            leave(tui)
        engine.rename(name, f"{name}.old")
        with app.open("qa") as tui:  # no second one on the same folders
            tui.wait("1 qa ● running", "agent ready qa")
            leave(tui)
        listed = app.run("ps").stdout
        assert f"{name}.old" in listed
        assert f"renamed from {name}" in listed
        assert "qms-tui stop qa" in listed
        assert app.ps()["qa"]["renamed_from"] == name
        assert f"renamed from {name}" in app.run("doctor").stdout
        assert "qa: stopped" in app.run(*stop).stdout
        assert app.ps() == {}


async def test_two_containers_of_one_agent_are_named_and_stopped(
    runtime: DirectRuntime, engine: docker.APIClient, name: str, put: Callable[..., str]
) -> None:
    (await runtime.start("qa", SIZE)).close()
    other = put("a-second-qa", labels_of(engine, name))
    found = await runtime.find("qa")
    assert found.container == name
    assert name in found.wrong
    assert "a-second-qa" in found.wrong
    assert "qms-tui stop qa" in found.wrong
    assert runtime.containers.all() == {"qa": found}
    engine.remove_container(name, force=True)
    with pytest.raises(RunsAlready, match="a-second-qa"):
        await runtime.start("qa", SIZE)
    (await runtime.attach("qa", SIZE)).close()
    assert runtime.containers.stop("qa")
    assert not exists(engine, other)
    (await runtime.start("qa", SIZE)).close()


async def test_stop_ends_both_of_two(
    runtime: DirectRuntime, engine: docker.APIClient, name: str, put: Callable[..., str]
) -> None:
    (await runtime.start("qa", SIZE)).close()
    put("a-second-qa", labels_of(engine, name))
    engine.pause("a-second-qa")
    await runtime.stop("qa")
    assert runtime.containers.all() == {}
    assert not runtime.containers.stop("qa")


async def test_what_only_has_our_name_is_named_and_stays(
    runtime: DirectRuntime, name: str, put: Callable[..., str], engine: docker.APIClient, app: App
) -> None:
    theirs = put(name, {})
    begun = time.monotonic()
    with pytest.raises(EngineError, match=f"{name} is not ours") as refused:
        await runtime.start("qa", SIZE)
    assert time.monotonic() - begun < 5  # nobody waits for a name that does not get free
    assert f"rename {name}" in messages(refused.value)
    with pytest.raises(EngineError, match=f"{name} is not ours"):
        runtime.containers.stop("qa")
    assert f"the container {name} is not ours" in app.run("ps").stdout
    assert name in app.run("ps", "--all-projects").stdout
    assert f"left alone: the container {name} is not ours" in app.run("stop", "--all").stdout
    pruned = app.run("prune", "--project", str(app.root), "--yes")
    assert f"left alone container {name}" in pruned.stdout
    assert exists(engine, theirs)


# -- labels that anybody can write -------------------------------------------------------------------------


async def test_labels_without_a_maker_are_nobodys(
    runtime: DirectRuntime,
    engine: docker.APIClient,
    labels: dict[str, str],
    put: Callable[..., str],
    app: App,
) -> None:
    """As a compose file of the repository can have them."""
    theirs = put("composed", labels)
    for attempt in (runtime.find("qa"), runtime.start("qa", SIZE), runtime.attach("qa", SIZE)):
        with pytest.raises(EngineError, match="composed is not ours") as refused:
            await attempt
        assert "rm -f composed" in refused.value.hint
    assert runtime.containers.all() == {}
    assert "the container composed is not ours" in app.run("ps").stdout
    assert "left alone: the container composed" in app.run("stop", "--all").stdout
    assert await running(qms_root=app.root) == {}
    assert exists(engine, theirs)


async def test_what_becomes_of_a_stranger_is_not_told_of_the_agent(
    runtime: DirectRuntime,
    engine: docker.APIClient,
    labels: dict[str, str],
    name: str,
    put: Callable[..., str],
) -> None:
    async with watched(runtime, "qa") as held:
        await held.says("qa", AgentState.RUNNING)
        await held.until(lambda: held["qa"].container_id)
        theirs = put("composed", labels)
        await asyncio.to_thread(engine.kill, theirs)
        await asyncio.to_thread(engine.pause, name)  # its event comes after theirs
        await held.says("qa", AgentState.PAUSED)
        await asyncio.to_thread(engine.unpause, name)
        await held.says("qa", AgentState.RUNNING)
        assert AgentState.ENDED not in [state for _, state in held.states]


async def running(qms_root: Path) -> dict[str, str]:
    """What a keeper would hold."""
    tap = Tap(connect(), str(qms_root))
    try:
        return await tap.running()
    finally:
        tap.close()


@pytest.mark.parametrize("made_by", [{}, {"qms-tui.maker": "0123456789abcdef"}])
async def test_labels_of_an_image_are_nobodys(
    runtime: DirectRuntime,
    engine: docker.APIClient,
    labels: dict[str, str],
    labelled_image: Callable[[dict[str, str]], str],
    put: Callable[..., str],
    qms_project: Path,
    made_by: dict[str, str],
) -> None:
    theirs = put("run-by-hand", {}, image=labelled_image({**labels, **made_by}))
    assert (await runtime.find("qa")).condition is Condition.ABSENT
    assert runtime.containers.all() == {}
    (await runtime.start("qa", SIZE)).close()
    assert not runtime.containers.all()["qa"].wrong
    assert [stranger.name for stranger in runtime.containers.strangers()] == ["run-by-hand"]
    assert (await running(qms_project)).keys() == {"qa"}
    await runtime.stop("qa")
    assert exists(engine, theirs)


async def test_an_image_made_of_an_agents_container_is_not_the_agent(
    runtime: DirectRuntime, engine: docker.APIClient, name: str, put: Callable[..., str], qms_project: Path
) -> None:
    """`docker commit` keeps all labels, also who made it."""
    (await runtime.start("qa", SIZE)).close()
    copy = f"qms-tui-test-commit:{os.getpid()}"
    engine.commit(name, copy.partition(":")[0], str(os.getpid()))
    try:
        theirs = put("a-copy", {}, image=copy)
        found = await runtime.find("qa")
        assert (found.container, found.wrong) == (name, "")
        assert runtime.containers.stop("qa")
        assert exists(engine, theirs)
        ours = connect()
        try:
            (thing,) = [thing for thing in find_on_engine(ours) if thing.id == theirs]
            assert not thing.mine
            (outcome,) = remove_from_engine(ours, [replace(thing, project=f"{qms_project}-gone")])
            assert not outcome.removed
        finally:
            ours.close()
        engine.remove_container(theirs, force=True)
    finally:
        engine.remove_image(copy, force=True)


LIES = {
    "qms-tui.project": "/home/somebody/project",
    "qms-tui.agent": "claude",
    "qms-tui.schema": "9",
    "qms-tui.maker": "0123456789abcdef",
    "qms-tui.resumes": "1",
    "qms-tui.definition": "0123",
    "qms-tui.files": "/home/somebody/files",
    "qms-tui.volume": "somebodys-volume",
    "qms-tui.throwaway": "/home/somebody/project",
}


async def test_an_agents_image_says_nothing_about_its_container(
    make_runtime: Make,
    engine: docker.APIClient,
    labels: dict[str, str],
    labelled_image: Callable[[dict[str, str]], str],
    qms_project: Path,
) -> None:
    runtime = make_runtime(qms_project, image=labelled_image(LIES))
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready qa")
        found = await runtime.find("qa")
        ours = labels_of(engine, found.container)
        assert os.path.isdir(ours.pop("qms-tui.files"))  # noqa: ASYNC240
        assert ours == {**labels, "qms-tui.maker": maker()}
        mine = connect()
        try:
            things = [thing for thing in find_on_engine(mine) if thing.id == found.id]
        finally:
            mine.close()
        assert [thing.project for thing in things] == [str(qms_project)]  # once
        qa.type(b"exit 3\r")
        await qa.end()
        ending = await runtime.ended("qa")
        assert ending is not None
        assert not ending.resuming
    await runtime.stop("qa")


def test_an_image_that_is_looked_into_is_nobodys_agent(
    engine: docker.APIClient, labelled_image: Callable[[dict[str, str]], str], tmp_path: Path
) -> None:
    """The container for it has our maker's label, and would be taken for an agent of some project."""
    name = labelled_image(LIES)
    with throwaway(engine, name, str(tmp_path)) as container:
        assert labels_of(engine, container) == {"qms-tui.throwaway": str(tmp_path), "qms-tui.maker": maker()}
