"""The files of its own that an agent's container gets: on engines of all kinds, and gone with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest

from qms_tui.config import AgentConfig, Config, Laid
from qms_tui.config.paths import Mount
from qms_tui.errors import EngineError
from qms_tui.project import Project
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.agent_files import containers_folder, remove_files
from qms_tui.runtime.docker.container import Identity

from . import image as images
from .direct import DirectRuntime
from .engine import PROJECT_LABEL
from .held import started
from .own_engine import NoOwnEngine, OwnEngine
from .relay import Relay

LOCK = (
    b"sh\r mkdir -p ~/a/b && : >~/a/b/c && ln -s / ~/a/link && chmod 0 ~/a/b ~/a ~ && echo locked$((1+1))\r"
)
READ = b"sh\r cd /run/qms-tui; ls -ln mcp-token; cat mcp-token /usr/share/list; echo x >/usr/share/list\r"
# What an agent can rely on whatever the engine is: a word for each thing that is right.
LOOK = (
    b'sh\r id -un; cat /etc/passwd | grep -c "^agent:"; : >/home/agent/x && echo home; '
    b": >.claude/users/qa/workspace/x && echo workspace; : >/claude-config/x && echo config; "
    b'[ -s .env ] || echo hidden; [ -f .env ] && echo "a file"; grep -c qa CLAUDE.md; echo looked $((1+1))\r'
)
SEEN = rb"(?s)agent.*\b1\b.*home.*workspace.*config.*hidden.*a file.*\b\d\b.*looked 2"


@pytest.fixture(scope="module", autouse=True)
def clean_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Of these tests alone: what others have left is cleared up by some start, sooner or later."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@contextmanager
def on(host: str, root: Path, **agent: Any) -> Iterator[DirectRuntime]:
    config = Config(every_agent=AgentConfig(**{"image": images.NAME, **agent}))
    runtime = DirectRuntime(connect(host), Project(root), config, {})
    try:
        yield runtime
    finally:
        runtime.let_go()


async def lives(runtime: DirectRuntime) -> None:
    """An agent starts and has all that it needs."""
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        qa.type(LOOK)
        await qa.expect(SEEN)


def folders() -> list[Path]:
    return list(containers_folder().glob("*/*/")) if containers_folder().exists() else []


async def test_no_archive_call_ever_reaches_an_agents_container(
    image: str, qms_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would mount for itself what the container mounts: newer engines and rootless ones refuse that."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # nothing is known of the image
    with Relay(tmp_path / "engine.sock") as relay, on(relay.host, qms_project) as runtime:
        await lives(runtime)
        container = (await runtime.find("qa")).container
        await runtime.stop("qa")
    archives = [path for path in relay.requests if "/archive" in path]
    assert len(archives) == 2, relay.requests  # passwd and group, of a container without mounts
    (asked,) = {path.split("/")[2] for path in archives}
    began = next(i for i, path in enumerate(relay.requests) if f"/containers/create?name={container}" in path)
    gone = next(i for i, path in enumerate(relay.requests) if path.startswith(f"DELETE /containers/{asked}"))
    assert gone < began


async def test_they_go_with_the_container(
    runtime: DirectRuntime, engine: docker.APIClient, qms_project: Path
) -> None:
    before = folders()
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        container = (await runtime.find("qa")).container
    (ours,) = set(folders()) - set(before)
    os.utime(ours, (0, 0))  # else it may be another interface's that is about to make a container
    engine.remove_container(container, force=True)  # by somebody else: the next start clears up
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
    (others,) = set(folders()) - set(before)
    assert others != ours
    await runtime.stop("qa")
    assert folders() == before
    assert not [
        path
        for path in containers_folder().iterdir()
        if Identity(str(qms_project), "qa").container in path.name
    ]


async def test_a_start_that_fails_leaves_none(
    make_runtime: Callable[..., DirectRuntime], qms_project: Path
) -> None:
    before = folders()
    runtime = make_runtime(qms_project, mounts=(Mount(Path("/no/such/folder"), "/data"),))
    with pytest.raises(EngineError):
        async with started(runtime, "qa"):
            pass
    assert folders() == before


def test_an_images_label_costs_nobody_a_volume(engine: docker.APIClient) -> None:
    name = f"qms-tui-test-somebodys-{os.getpid()}"
    engine.create_volume(name)
    try:
        remove_files(engine, {"qms-tui.volume": name})
        assert engine.inspect_volume(name)["Name"] == name
    finally:
        engine.remove_volume(name)


async def test_an_agent_that_locks_its_home_folder_does_not_stay(
    runtime: DirectRuntime, qms_project: Path
) -> None:
    before = folders()
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        qa.type(LOCK)
        await qa.expect(rb"locked2")
    await runtime.stop("qa")
    assert folders() == before


@pytest.fixture(scope="module", params=["seen", "hidden", "remapped"])
def other(request: pytest.FixtureRequest) -> Iterator[OwnEngine]:
    """Engines that see our files, that see none of them, and whose containers have other users."""
    state = containers_folder()
    state.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)  # the other users have to come through
        hidden = state if request.param == "hidden" else None
        try:
            own = OwnEngine(Path(folder) / "engine", hidden=hidden, remap=request.param == "remapped")
        except NoOwnEngine as reason:
            pytest.skip(str(reason))
        with own:
            with own.client as client:
                images.ensure(client)
            yield own


async def test_an_agent_has_what_it_needs(other: OwnEngine, qms_project: Path) -> None:
    with on(other.host, qms_project) as runtime:
        await lives(runtime)
        await runtime.stop("qa")
    with other.client as client:
        assert not client.volumes(filters={"label": f"{PROJECT_LABEL}={qms_project}"})["Volumes"]


async def test_what_the_engine_must_not_show_arrives_too(other: OwnEngine, qms_project: Path) -> None:
    """With a volume in place of our folder it is still readable for the agent alone."""
    laid = (Laid("/run/qms-tui/mcp-token", "hush\n", secret=True), Laid("/usr/share/list", "for all\n"))
    with on(other.host, qms_project, laid=laid) as runtime:
        async with started(runtime, "qa") as qa:
            await qa.expect(rb"agent ready")
            qa.type(READ)
            await qa.expect(rb"(?s)-r-------- +1 \d+ +\d+ +5 .*hush\s+for all.*(Read-only|Permission denied)")
            container = (await runtime.find("qa")).container
            with other.client as client:
                assert "hush" not in str(client.inspect_container(container))
        await runtime.stop("qa")
