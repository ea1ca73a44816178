"""Agents on Podman, by its Docker-compatible socket."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qms_tui.config import AgentConfig, Config
from qms_tui.config.paths import Mount
from qms_tui.core import AgentState
from qms_tui.errors import EngineError
from qms_tui.project import Project
from qms_tui.runtime import Condition, Ending, RunsAlready
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.container import Identity, project_slug

from . import image as images
from . import project as projects
from .direct import DirectRuntime
from .held import GREETING, SIZE, Held, attached, started
from .podman import NoPodman, Podman
from .test_app import App, leave
from .user import give
from .watched import watched


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    try:
        made = Podman(tmp_path_factory.mktemp("podman"))
    except NoPodman as reason:
        pytest.skip(str(reason))
    with made:
        with made.client() as client:
            images.ensure(client)
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return projects.make_qms_project(tmp_path / "project")


@pytest.fixture
def on_podman(podman: Podman, root: Path) -> Callable[..., DirectRuntime]:
    """`on_podman(hide=...)`: a runtime for `root`."""

    def make(**agent: object) -> DirectRuntime:
        settings: dict[str, object] = {"image": images.NAME, **agent}
        config = Config(every_agent=AgentConfig(**settings))  # type: ignore[arg-type]
        return DirectRuntime(connect(podman.host), Project(root), config, {})

    return make


async def test_what_is_missing_is_refused_and_not_made(
    on_podman: Callable[..., DirectRuntime], tmp_path: Path
) -> None:
    missing = tmp_path / "missing"
    runtime = on_podman(mounts=(Mount(missing, "/data"),))
    with pytest.raises(EngineError, match="missing"):
        async with started(runtime, "qa"):
            pass
    assert not missing.exists()
    await runtime.close()


async def tried(qa: Held, command: str) -> str:
    """What a command in qa's shell says, then its status."""
    qa.type(b"sh\r" + command.encode() + b" 2>&1; echo status=$?; exit\r")
    await qa.expect(rb"status=\$")
    found = await qa.expect(rb"(?s)(.*?status=\d+)")
    return found.group(1).decode()


async def test_life(on_podman: Callable[..., DirectRuntime]) -> None:
    runtime = on_podman()
    assert "network" in runtime.remarks[0]
    async with started(runtime, "qa") as qa:
        await qa.expect(GREETING % b"qa")
        qa.type(b"size\r")
        await qa.expect(rb"size 24 80\r\n")
    found = await runtime.find("qa")
    assert found.condition is Condition.RUNNING
    usage = runtime.containers.usage({"qa": found})["qa"]
    assert usage.cpu is not None
    assert 0 < usage.memory < 100 * 2**20
    assert usage.limit == 0  # how much of that is cache it does not say
    async with attached(runtime, "qa") as qa:
        qa.type(b"flood 2000\rback\r")
        await qa.expect(rb"flood 2000\r\n")
        await qa.expect(rb"echo:back\r\n")
        qa.type(b"exit 7\r")
        await qa.end()
        assert await runtime.ended("qa") == Ending(7)
    await runtime.stop("qa")
    assert (await runtime.find("qa")).condition is Condition.ABSENT
    await runtime.close()


async def test_what_an_agent_must_not_see_or_do(on_podman: Callable[..., DirectRuntime], root: Path) -> None:
    """Podman would fill the file systems that hide folders with what they are to hide."""
    (root / "vault").mkdir()
    (root / "vault/key.pem").write_text("hush")
    runtime = on_podman(hide=("vault",))
    async with started(runtime, "qa") as qa:
        await qa.expect(GREETING % b"qa")
        assert "status=0" in await tried(qa, "ls /pipe-dream/.claude/users/qa/inbox")
        for command in (
            "ls /pipe-dream/.claude/users/claude",
            "ls /pipe-dream/.claude/users/lead",
            "cat /pipe-dream/vault/key.pem",
            "cat /pipe-dream/.env | grep secret",
            "touch /pipe-dream/x",
            "touch /pipe-dream/.claude/users/qa/inbox/x",
        ):
            assert "status=0" not in await tried(qa, command), command
        await tried(qa, "echo mine >/pipe-dream/.claude/users/qa/workspace/note")
    await runtime.stop("qa")
    await runtime.close()
    check_files(root)


async def test_agents_of_roots_project_run_as_nobody(
    on_podman: Callable[..., DirectRuntime], root: Path
) -> None:
    for path in (root, *root.rglob("*")):  # noqa: ASYNC240
        os.chown(path, 0, 0)
    (root / "key").write_text("hush")
    (root / "key").chmod(0o600)
    runtime = on_podman()
    async with started(runtime, "qa") as qa:
        assert f"{runtime.owner.uid}\r\n" in await tried(qa, "id -u")
        assert "status=0" not in await tried(qa, "cat /pipe-dream/key")
        assert "status=0" in await tried(qa, "echo mine >/pipe-dream/.claude/users/qa/workspace/note")
    await runtime.stop("qa")
    await runtime.close()
    note = root / ".claude/users/qa/workspace/note"
    assert note.stat().st_uid == runtime.owner.uid == Project(root).owner().uid != 0


def test_the_status_line_names_it(podman: Podman, root: Path, tmp_path: Path) -> None:
    app = App(root, tmp_path / "home", images.NAME)
    app.environment["DOCKER_HOST"] = podman.host
    socket = Path(podman.host.removeprefix("unix://"))
    socket.chmod(0o666)  # for the project's owner, as whom the app runs
    give(os.geteuid(), socket)
    with app.open("qa") as tui, podman.client() as client:
        tui.wait("1 qa ● running", f"podman {client.version()['Version']}")
        leave(tui)
    assert app.run("stop", "--all").returncode == 0


def check_files(root: Path) -> None:
    note = root / ".claude/users/qa/workspace/note"
    assert note.read_text() == "mine\n"
    assert note.stat().st_uid == projects.owner() == root.stat().st_uid
    assert os.listdir(root / ".claude/users/qa/inbox") == []


def test_doctor_says_what_holds_agents_in(podman: Podman, root: Path, tmp_path: Path) -> None:
    app = App(root, tmp_path / "home", images.NAME)
    said = json.loads(app.run("doctor", "--json", DOCKER_HOST=podman.host).stdout)
    walls = [f"{one['verdict']} {one['text']}" for one in said if one["subject"] == "isolation"]
    assert "ok seccomp filters system calls: set-uid bits are refused" in walls
    assert "warning agents of the project reach each other over the network" in walls
    assert len(walls) == 5
    with podman.client() as client:
        assert not [network for network in client.networks() if "-trial-" in network["Name"]]


async def test_what_happens_from_outside_is_told(
    on_podman: Callable[..., DirectRuntime], podman: Podman, root: Path
) -> None:
    name = Identity(str(root), "qa").container
    with podman.client() as client:
        async with watched(on_podman(), "qa") as held:
            await asyncio.to_thread(client.pause, name)
            await held.says("qa", AgentState.PAUSED)
            await asyncio.to_thread(client.unpause, name)
            await held.says("qa", AgentState.RUNNING)
            await asyncio.to_thread(client.kill, name)
            await held.says("qa", AgentState.ENDED)
            await asyncio.to_thread(client.start, name)
            await held.says("qa", AgentState.RUNNING)
            await held.answers("qa", "again")
            await asyncio.to_thread(client.pause, name)
            await held.says("qa", AgentState.PAUSED)
            held["qa"].stop()
            await held["qa"].settled()
            assert held["qa"].state is AgentState.ENDED


async def test_names_prove_nothing(
    on_podman: Callable[..., DirectRuntime], podman: Podman, root: Path
) -> None:
    runtime, name, slug = on_podman(), Identity(str(root), "qa").container, project_slug(str(root))
    with podman.client() as client:
        theirs = client.create_network(slug, driver="bridge")["Id"]
        async with started(runtime, "qa") as qa:
            await qa.expect(rb"agent ready")
            assert slug not in client.inspect_container(name)["NetworkSettings"]["Networks"]
            assert [stranger.name for stranger in runtime.containers.strangers()] == [slug]
            client.rename(name, "renamed")
            with pytest.raises(RunsAlready, match="renamed"):
                await runtime.start("qa", SIZE)
            assert (await runtime.find("qa")).container == "renamed"
            async with attached(runtime, "qa") as again:
                again.type(b"hello\r")
                await again.expect(rb"echo:hello\r\n")
        assert runtime.containers.stop("qa")
        taken = client.create_container(images.NAME, ["sleep", "600"], name=name)["Id"]
        with pytest.raises(EngineError, match=f"{name} is not ours"):
            await runtime.start("qa", SIZE)
        with pytest.raises(EngineError, match=f"{name} is not ours"):
            runtime.containers.stop("qa")
        client.remove_container(taken, force=True)
        client.remove_network(theirs)
    await runtime.close()


async def test_limits_and_a_read_only_container(on_podman: Callable[..., DirectRuntime]) -> None:
    memory = 64 * 2**20
    runtime = on_podman(open_files=100, file_size=8 * 2**20, read_only=True, memory=memory)
    async with started(runtime, "qa") as qa:
        await qa.expect(GREETING % b"qa")
        assert "100\r\n0\r\nstatus=0" in await tried(qa, "ulimit -Hn; ulimit -Hc")
        assert "status=0" not in await tried(qa, "dd if=/dev/zero of=/claude-config/big bs=1M count=9")
        for place in ("/", "/etc", "/usr"):
            assert "status=0" not in await tried(qa, f"touch {place}/x"), place
        for place in ("/home/agent", "/tmp", "/var/tmp", "/run", "/claude-config"):
            assert "status=0" in await tried(qa, f"touch {place}/x"), place
        assert "status=0" in await tried(qa, "cp /bin/busybox /tmp/true && /tmp/true")
        assert "status=0" not in await tried(
            qa, "truncate -s 8M /tmp/a && dd if=/dev/zero of=/tmp/b bs=1M count=17"
        )
    await runtime.stop("qa")
    await runtime.close()


async def test_another_runtime_than_podmans_own_is_refused_and_not_dropped(
    on_podman: Callable[..., DirectRuntime], podman: Podman
) -> None:
    with podman.client() as client:
        default = client.info()["DefaultRuntime"]
    runtime = on_podman(oci_runtime="runsc")
    with pytest.raises(EngineError, match=f"agent.oci_runtime: Podman takes '{default}'") as refused:
        await runtime.start("qa", SIZE)
    assert 'runtime = "runsc"' in refused.value.hint
    await runtime.close()
    runtime = on_podman(oci_runtime=default)
    async with started(runtime, "qa") as qa:
        await qa.expect(GREETING % b"qa")
    await runtime.stop("qa")
    await runtime.close()
