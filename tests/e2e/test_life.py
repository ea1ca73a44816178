"""An agent's container through its life: made, found again, attached to, ended, cleared away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from qms_tui.errors import EngineError, ImageError, ProjectError
from qms_tui.runtime import Condition, Ending, Found, RunsAlready
from qms_tui.runtime.docker import containers as module
from qms_tui.runtime.docker.container import Identity
from qms_tui.runtime.docker.maker import maker

from .direct import DirectRuntime
from .engine import PROJECT_LABEL
from .held import GREETING, SIZE, Held, attached, started

Make = Callable[..., DirectRuntime]


def containers_of(engine: docker.APIClient, root: Path) -> list[str]:
    rows = engine.containers(all=True, filters={"label": f"{PROJECT_LABEL}={root}"})
    return sorted(row["Names"][0].lstrip("/") for row in rows)


async def test_there_is_nothing_before_the_start(runtime: DirectRuntime) -> None:
    assert await runtime.find("qa") == Found(Condition.ABSENT)
    await runtime.stop("qa")


async def test_a_started_agent_is_found_and_held(
    runtime: DirectRuntime, engine: docker.APIClient, qms_project: Path, image: str
) -> None:
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready qa uid=")
        found = await runtime.find("qa")
        facts = engine.inspect_container(found.container)
    assert found.condition is Condition.RUNNING
    assert found.image == image
    assert found.started_at.startswith("20")
    assert found.container.startswith("qms-project-")
    assert found.container.endswith("-qa")
    ours = {key: value for key, value in facts["Config"]["Labels"].items() if key.startswith("qms-tui.")}
    assert os.path.isdir(ours.pop("qms-tui.files"))  # noqa: ASYNC240
    assert ours == {
        "qms-tui.project": str(qms_project),
        "qms-tui.agent": "qa",
        "qms-tui.schema": "1",
        "qms-tui.maker": maker(),
    }


async def test_no_first_byte_is_missed(runtime: DirectRuntime) -> None:
    for _ in range(5):
        async with started(runtime, "claude") as claude:
            await claude.expect(GREETING % b"claude")
            claude.type(b"exit 0\r")
            await claude.end()


async def test_the_program_gets_the_size_of_the_pane(runtime: DirectRuntime) -> None:
    async with started(runtime, "qa") as qa:
        qa.type(b"size\r")
        await qa.expect(rb"size 24 80\r\n")


async def test_leaving_and_coming_back(
    runtime: DirectRuntime, make_runtime: Make, qms_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ENDED_WAIT", 0.5)
    async with started(runtime, "qa") as qa:
        qa.type(b"first visit\r")
        await qa.expect(rb"echo:first visit\r\n")
    await runtime.close()
    again = make_runtime(qms_project)
    assert (await again.find("qa")).condition is Condition.RUNNING
    async with attached(again, "qa") as qa:
        qa.type(b"second visit\r")
        await qa.expect(rb"echo:second visit\r\n")
    assert await again.ended("qa") is None


async def test_two_interfaces_see_the_same(
    runtime: DirectRuntime, make_runtime: Make, qms_project: Path
) -> None:
    async with started(runtime, "qa") as one, attached(make_runtime(qms_project), "qa") as two:
        one.type(b"hello\r")
        await two.expect(rb"echo:hello\r\n")
        two.type(b"hi\r")
        await one.expect(rb"echo:hi\r\n")


async def test_an_exit_status_is_told(runtime: DirectRuntime) -> None:
    async with started(runtime, "qa") as qa:
        qa.type(b"exit 7\r")
        await qa.end()
        assert await runtime.ended("qa") == Ending(7)
    found = await runtime.find("qa")
    assert (found.condition, found.ending) == (Condition.EXITED, Ending(7))


async def test_a_program_that_ends_at_once_is_an_ending_and_no_failure(
    make_runtime: Make, qms_project: Path
) -> None:
    runtime = make_runtime(qms_project, command=("sh", "-c", "echo short; exit 3"))
    for _ in range(3):
        async with started(runtime, "qa") as qa:
            assert b"short\r\n" in await qa.end()
            assert await runtime.ended("qa") == Ending(3)


async def test_a_command_that_does_not_exist_says_so_on_the_terminal(
    make_runtime: Make, qms_project: Path
) -> None:
    """The container's init is what runs it."""
    async with started(make_runtime(qms_project, command=("no-such-command",)), "qa") as qa:
        await qa.expect(rb"no-such-command failed: No such file or directory")


async def test_killed_from_outside(runtime: DirectRuntime, engine: docker.APIClient) -> None:
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        engine.kill((await runtime.find("qa")).container)
        await qa.end()
        assert await runtime.ended("qa") == Ending(137, "killed")


async def test_removed_from_outside(runtime: DirectRuntime, engine: docker.APIClient) -> None:
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        engine.remove_container((await runtime.find("qa")).container, force=True)
        await qa.end()
        ending = await runtime.ended("qa")
    assert ending is not None
    assert ending.exit_code in (None, 137)  # as it is looked at before or after its removal
    assert await runtime.find("qa") == Found(Condition.ABSENT)


async def test_out_of_memory(make_runtime: Make, qms_project: Path) -> None:
    runtime = make_runtime(qms_project, memory=32 * 2**20)
    async with started(runtime, "qa") as qa:
        qa.type(b"oom\r")
        await qa.end()
        assert await runtime.ended("qa") == Ending(137, "out of memory")


async def test_no_more_processes_than_allowed(make_runtime: Make, qms_project: Path) -> None:
    async with started(make_runtime(qms_project, pids=40), "qa") as qa:
        qa.type(b"forks 1000\r")
        found = await qa.expect(rb"forks (\d+) of 1000\r\n")
        assert 0 < int(found.group(1)) < 40
        qa.type(b"alive\r")
        await qa.expect(rb"echo:alive\r\n")


async def test_an_ended_container_makes_room_for_a_new_one(
    runtime: DirectRuntime, engine: docker.APIClient
) -> None:
    async with started(runtime, "qa") as qa:
        first = engine.inspect_container((await runtime.find("qa")).container)["Id"]
        qa.type(b"exit 0\r")
        await qa.end()
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready qa")
        assert engine.inspect_container((await runtime.find("qa")).container)["Id"] != first


async def test_stopping_removes(runtime: DirectRuntime, engine: docker.APIClient, qms_project: Path) -> None:
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        await runtime.stop("qa")
        await qa.end()
    assert containers_of(engine, qms_project) == []


async def test_an_image_that_is_missing_names_a_way_out(make_runtime: Make, qms_project: Path) -> None:
    runtime = make_runtime(qms_project, image="qms-tui-no-such-image:1")
    with pytest.raises(ImageError, match="qms-tui-no-such-image:1") as caught:
        await runtime.start("qa", SIZE)
    assert "--image" in caught.value.hint
    with pytest.raises(ImageError, match="qms-tui-no-such-image:1"):
        runtime.check_images(["qa"])


async def test_a_name_that_a_stranger_has_taken(
    runtime: DirectRuntime, engine: docker.APIClient, qms_project: Path, image: str
) -> None:
    name = Identity(str(qms_project), "qa").container
    # found by our own clean-up, and yet not this agent's
    created = engine.create_container(image, name=name, labels={PROJECT_LABEL: str(qms_project)})
    for attempt in (runtime.find("qa"), runtime.start("qa", SIZE), runtime.stop("qa")):
        with pytest.raises(EngineError, match=f"{name} is not ours"):
            await attempt
    assert engine.inspect_container(name)["Id"] == created["Id"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": "qms-tui-no-such-network"}, "qms-tui-no-such-network"),
        ({"workdir": "/etc/passwd/x"}, "passwd"),
    ],
)
async def test_a_failed_start_leaves_nothing_behind(
    make_runtime: Make,
    engine: docker.APIClient,
    qms_project: Path,
    settings: dict[str, object],
    message: str,
) -> None:
    runtime = make_runtime(qms_project, **settings)
    with pytest.raises(EngineError, match=message):
        await runtime.start("qa", SIZE)
    assert containers_of(engine, qms_project) == []


async def test_a_cancelled_start_leaves_nothing_behind(
    runtime: DirectRuntime, engine: docker.APIClient, qms_project: Path
) -> None:
    """Whenever it is given up: before, while or after the container is made, attached to, started."""
    for patience in (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2):
        start = asyncio.create_task(runtime.start("qa", SIZE))
        await asyncio.wait([start], timeout=patience)
        if start.done() and start.exception() is None:  # on a fast machine
            start.result().close()
            await runtime.stop("qa")
            continue
        start.cancel()
        # RunsAlready: the name is taken until the one before has been undone
        with pytest.raises((asyncio.CancelledError, RunsAlready)):
            await start
    await runtime.close()
    assert containers_of(engine, qms_project) == []


async def test_starting_what_runs_is_refused(runtime: DirectRuntime) -> None:
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        with pytest.raises(RunsAlready, match="qa runs already"):
            await runtime.start("qa", SIZE)
        qa.type(b"still here\r")
        await qa.expect(rb"echo:still here\r\n")


async def test_starts_at_the_same_time_destroy_nothing(
    make_runtime: Make, engine: docker.APIClient, qms_project: Path
) -> None:
    """One of them wins; the others are told so, and find its agent there to attach to."""

    async def start_or_attach(rival: DirectRuntime) -> tuple[bool, Held]:
        try:
            return True, Held(await rival.start("qa", SIZE))
        except RunsAlready:
            return False, Held(await rival.attach("qa", SIZE))

    rivals = [make_runtime(qms_project) for _ in range(4)]
    for _ in range(5):
        results = await asyncio.gather(*map(start_or_attach, rivals))
        assert [won for won, _ in results].count(True) == 1
        results[0][1].type(b"alive\r")
        for _, held in results:
            await held.expect(rb"echo:alive\r\n")
        results[0][1].type(b"exit 0\r")
        for _, held in results:
            await held.end()
            held.attachment.close()
    assert len(containers_of(engine, qms_project)) == 1


async def test_networks_are_made_once(
    make_runtime: Make, engine: docker.APIClient, qms_project: Path
) -> None:
    runtimes = [make_runtime(qms_project) for _ in range(3)]
    names = ("claude", "qa", "bu")
    held = await asyncio.gather(*(r.start(a, SIZE) for r, a in zip(runtimes, names, strict=True)))
    for attachment in held:
        attachment.close()
    networks = engine.networks(filters={"label": f"{PROJECT_LABEL}={qms_project}"})
    assert len(networks) == 1
    joined = engine.inspect_network(networks[0]["Id"])["Containers"]
    assert len(joined) == 3
    runtimes[0].containers.remove_network()  # in use: stays
    assert engine.networks(ids=[networks[0]["Id"]])
    await asyncio.gather(*(r.stop(a) for r, a in zip(runtimes, names, strict=True)))
    runtimes[0].containers.remove_network()
    assert not engine.networks(ids=[networks[0]["Id"]])


async def test_projects_with_the_same_folder_name_do_not_meet(
    make_runtime: Make, make_qms_project: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    here, there = make_qms_project("twin"), make_qms_project("other/twin")
    one, two = make_runtime(here), make_runtime(there)
    async with started(one, "qa") as first, started(two, "qa") as second:
        first.type(b"here\r")
        second.type(b"there\r")
        await first.expect(rb"echo:here\r\n")
        await second.expect(rb"echo:there\r\n")
        await one.stop("qa")
        assert (await two.find("qa")).condition is Condition.RUNNING
        assert list(two.containers.all()) == ["qa"]
        assert one.containers.all() == {}


async def test_a_container_that_never_started_is_no_obstacle(
    runtime: DirectRuntime,
    engine: docker.APIClient,
    qms_project: Path,
    image: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is left when an interface is killed between create and start."""
    monkeypatch.setattr(module, "STARTING_WAIT", 0.2)
    identity = Identity(str(qms_project), "qa")
    engine.create_container(image, name=identity.container, labels=identity.labels)
    found = await runtime.find("qa")
    assert (found.condition, found.ending) == (Condition.EXITED, Ending(None, "never started"))
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready qa")


async def test_a_project_folder_that_cannot_be_used_is_a_project_error(
    runtime: DirectRuntime, engine: docker.APIClient, qms_project: Path
) -> None:
    (qms_project / ".claude/users/qa/workspace").rmdir()
    (qms_project / ".claude/users/qa/workspace").symlink_to("/")
    with pytest.raises(ProjectError, match="users/qa"):
        await runtime.start("qa", SIZE)
    assert containers_of(engine, qms_project) == []
