"""qms-tui's own files and sockets where agents have something mounted: in the project, and besides.

Each wall is tried by itself: an agent of ours sees nothing of them, and a container that sees them all the
same, since somebody made it with such a mount, is refused by whoever listens there.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest
from docker.types import Mount as EngineMount

import qms_tui
from qms_tui.config import AgentConfig, Config
from qms_tui.config.paths import Mount
from qms_tui.doctor import Verdict, examine
from qms_tui.errors import ExposureError, KeeperError
from qms_tui.ipc import reachable
from qms_tui.keeper.paths import SOCKET, keeper_folder
from qms_tui.mcp import places
from qms_tui.project import Project
from qms_tui.runtime.docker import connect
from tests.mcp import house as gateways

from . import engine as engines
from . import project as projects
from .direct import DirectRuntime
from .held import started
from .kept import House

INSIDE = "/pipe-dream"
WAITING = ("/usr/bin/python3", "-c", "import sys; print('here', flush=True); sys.stdin.read()")
# Says what a keeper, or a gateway, answers to whoever connects.
KNOCK = """
import json, socket, struct, sys
link = socket.socket(socket.AF_UNIX)
link.settimeout(10)
link.connect(sys.argv[1])
if len(sys.argv) > 2:
    body = json.dumps({"want": 4}).encode()
    try:
        link.sendall(struct.pack(">BI", 1, len(body)) + body)
    except BrokenPipeError:
        pass  # what was said first can still be read
print(link.recv(65536))
"""
# Claims to be a keeper that runs.
LIE = """
import contextlib, json, os, socket, struct, sys
link = socket.socket(socket.AF_UNIX)
link.bind(sys.argv[1])
link.listen()
os.chmod(sys.argv[1], 0o777)
print("listening", flush=True)
body = json.dumps({"protocol": 0, "pid": 1, "version": "planted"}).encode()
while True:
    guest, _ = link.accept()
    with contextlib.suppress(OSError):  # one that only knocks has gone by then
        guest.recv(65536)
        guest.sendall(struct.pack(">BI", 2, len(body)) + body)
"""


@pytest.fixture
def outer() -> Iterator[Path]:
    """A folder that agents may enter; pytest's own are closed to all but their owner."""
    with tempfile.TemporaryDirectory(prefix="qms-tui-own-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture
def below(
    engine: docker.APIClient, programs_image: str, outer: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """A project that has everything of qms-tui's in it, as one in a home folder has."""
    root = outer / "project"
    root.mkdir()
    projects.make_qms_project(root)
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(root / ".local" / name.lower()))
    monkeypatch.setenv("PYTHONPATH", str(Path(qms_tui.__file__).parents[1]))
    home = House(root, programs_image)
    yield home
    home.end()
    engines.remove_project(engine, str(root))


@pytest.fixture
async def held(below: House, engine: docker.APIClient) -> AsyncIterator[House]:
    """The same with an agent, and so with a keeper."""
    client, _ = await below.start("qa", *WAITING)
    await client.expect("here")
    yield below
    await below.leave()
    below.clear(engine)


@contextmanager
def container(
    engine: docker.APIClient, image: str, command: Sequence[str], mounts: Sequence[EngineMount], user: int
) -> Iterator[str]:
    """A container that somebody made without us."""
    host = engine.create_host_config(mounts=list(mounts), cap_drop=["ALL"])
    made = engine.create_container(image, list(command), user=str(user), host_config=host, stdin_open=True)
    try:
        engine.start(made["Id"])
        yield made["Id"]
    finally:
        engine.remove_container(made["Id"], force=True)


def run(engine: docker.APIClient, found: str, *words: str, user: str = "") -> str:
    """What a program in the container says, errors too."""
    made = engine.exec_create(found, list(words), user=user)
    return str(engine.exec_start(made["Id"]).decode(errors="replace"))


def listed(engine: docker.APIClient, found: str, folder: str) -> str:
    """What is in a folder of the container, for root, whose files ours are where root runs the tests."""
    script = f"import os; print(*os.listdir({folder!r}))"
    return run(engine, found, "/usr/bin/python3", "-c", script, user="0").strip()


def knock(engine: docker.APIClient, found: str, path: str, *words: str) -> str:
    """Connect as the user whom the socket belongs to."""
    return run(engine, found, "/usr/bin/python3", "-c", KNOCK, path, *words, user=str(held_uid()))


def keepers_socket(home: House) -> Path:
    home.keeper()
    return keeper_folder(home.root, home._engine) / SOCKET


def agent_of(home: House, engine: docker.APIClient) -> str:
    rows = engine.containers(filters={"label": f"qms-tui.project={home.root}"})
    return str(rows[0]["Id"])


# -- masked ------------------------------------------------------------------------------------------------


async def test_an_agent_sees_nothing_of_ours_in_its_project(held: House, engine: docker.APIClient) -> None:
    found = agent_of(held, engine)
    inside = INSIDE / keepers_socket(held).relative_to(held.root)
    assert keepers_socket(held).is_socket()
    assert "FileNotFoundError" in knock(engine, found, str(inside), "status")
    for kind in ("state", "config", "cache"):
        assert (held.root / ".local" / kind / "qms-tui").is_dir()
        assert listed(engine, found, f"{INSIDE}/.local/{kind}/qms-tui") == ""
    assert "qms.config.json" in listed(engine, found, INSIDE)


async def test_what_comes_there_later_is_not_seen_either(held: House, engine: docker.APIClient) -> None:
    found, config = agent_of(held, engine), held.root / ".local/config/qms-tui/config.toml"
    config.write_text("theme = 'dark'\n")
    assert config.is_file()
    assert listed(engine, found, f"{INSIDE}/.local/config/qms-tui") == ""


async def test_a_mount_that_has_ours_in_it_is_masked(
    below: House, engine: docker.APIClient, outer: Path
) -> None:
    client, _ = await below.start("qa", *WAITING, mounts=(Mount(outer, "/outer"),))
    await client.expect("here")
    found = agent_of(below, engine)
    assert "qms.config.json" in listed(engine, found, "/outer/project")
    assert listed(engine, found, "/outer/project/.local/state/qms-tui") == ""
    await below.leave()
    below.clear(engine)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
async def test_ours_under_another_path_is_masked(below: House, engine: docker.APIClient, outer: Path) -> None:
    """A folder of the machine that is a bind mount of the project: known by what it is, not by its name."""
    other = outer / "elsewhere" / "other"
    other.mkdir(parents=True)
    subprocess.run(["mount", "--bind", below.root, other], check=True)  # noqa: ASYNC221 it takes no time
    try:
        client, _ = await below.start("qa", *WAITING, mounts=(Mount(other.parent, "/outer"),))
        await client.expect("here")
        found = agent_of(below, engine)
        assert "qms.config.json" in listed(engine, found, "/outer/other")
        assert listed(engine, found, "/outer/other/.local/state/qms-tui") == ""
    finally:
        await below.leave()
        below.clear(engine)
        subprocess.run(["umount", "--lazy", other], check=True)  # noqa: ASYNC221 it takes no time


# -- not started -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "writable", "why"),
    [
        (".local", True, "would let it replace qms-tui's own files and sockets"),
        (".local/state/qms-tui", False, "lies in"),
        (".local/state/qms-tui/projects", False, "lies in"),
        (".local/state/qms-tui/trust.json", False, "lies in"),
    ],
)
async def test_what_cannot_be_masked_is_not_mounted(
    below: House, image: str, source: str, writable: bool, why: str
) -> None:
    place = below.root / source
    (below.root / ".local/state/qms-tui/projects").mkdir(parents=True)
    (below.root / ".local/state/qms-tui/trust.json").write_text("{}")
    mounted = AgentConfig(image=image, mounts=(Mount(place, "/m", not writable),))
    runtime = DirectRuntime(connect(), Project(below.root), Config(every_agent=mounted), {})
    with contextlib.closing(_Ending(runtime)), pytest.raises(ExposureError, match=why):
        async with started(runtime, "qa"):
            pass
    config = Config(every_agent=mounted)
    told = [each for each in examine(Project(below.root), config, {}, None) if each.subject == "qa"]
    assert any(each.verdict is Verdict.ERROR and why in each.text for each in told), told


async def test_a_workspace_that_has_ours_in_it_is_not_mounted(
    below: House, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where nothing is there yet: the agent would make it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(below.root / ".claude/users/qa/workspace/.config"))
    runtime = DirectRuntime(connect(), Project(below.root), Config(every_agent=AgentConfig(image=image)), {})
    with contextlib.closing(_Ending(runtime)), pytest.raises(ExposureError, match="let it replace"):
        async with started(runtime, "qa"):
            pass


@pytest.mark.parametrize("source", ["the socket", "its folder"])
async def test_the_engines_socket_is_not_mounted(below: House, image: str, source: str) -> None:
    engine = connect()
    path = Path(engine.host.removeprefix("unix://"))
    mount = Mount(path if source == "the socket" else path.parent, "/m")
    config = Config(every_agent=AgentConfig(image=image, mounts=(mount,)))
    runtime = DirectRuntime(engine, Project(below.root), config, {})
    with contextlib.closing(_Ending(runtime)), pytest.raises(ExposureError, match="the engine's socket"):
        async with started(runtime, "qa"):
            pass


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such files")
@pytest.mark.parametrize("source", ["/proc", "/proc/self", "/proc/1", "/proc/sys/kernel"])
async def test_the_machines_processes_are_not_mounted(below: House, image: str, source: str) -> None:
    """/proc/PID/root of a process of its own user is a way past all masks, and not read-only."""
    config = Config(every_agent=AgentConfig(image=image, mounts=(Mount(Path(source), "/m"),)))
    runtime = DirectRuntime(connect(), Project(below.root), config, {})
    with contextlib.closing(_Ending(runtime)), pytest.raises(ExposureError, match="a way to all files"):
        async with started(runtime, "qa"):
            pass
    told = [each for each in examine(Project(below.root), config, {}, None) if each.subject == "qa"]
    assert any(each.verdict is Verdict.ERROR and "a way to all files" in each.text for each in told), told


class _Ending:
    """A runtime, closed without an event loop."""

    def __init__(self, runtime: DirectRuntime) -> None:
        self._runtime = runtime

    def close(self) -> None:
        self._runtime.let_go()


# -- refused by who listens --------------------------------------------------------------------------------


async def test_the_keeper_refuses_a_container_that_sees_its_socket(
    held: House, engine: docker.APIClient, programs_image: str
) -> None:
    mounts = [EngineMount(INSIDE, str(held.root), type="bind", read_only=True)]
    with container(engine, programs_image, ("sleep", "600"), mounts, held_uid()) as found:
        inside = INSIDE / keepers_socket(held).relative_to(held.root)
        said = knock(engine, found, str(inside), "status")
    assert "the keeper does not serve this program" in said
    assert '"agents"' not in said
    status = held.keeper().status()
    assert status is not None
    assert list(status["agents"]) == ["qa"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make namespaces")
async def test_a_screen_in_another_mount_namespace_is_told_what_to_do(held: House) -> None:
    """As one in a flatpak is; and stop ends the keeper from there."""
    asked = (
        "import sys; from pathlib import Path; from qms_tui.keeper.client import KeeperClient\n"
        "from qms_tui.errors import KeeperError\n"
        "client = KeeperClient(Path(sys.argv[1]), sys.argv[2])\n"
        "try: print(client.status())\n"
        "except KeeperError as error: print(error.message, error.hint, client.stop(), sep='|')"
    )
    words = ("unshare", "--mount", sys.executable, "-c", asked, str(held.root), held._engine)
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout  # noqa: ASYNC221
    message, hint, stopped = said.strip().split("|")
    assert message.endswith("is not our keeper's: it runs in another mount namespace")
    assert "run it where the agents were started" in hint
    assert stopped == "True"


async def test_no_container_is_taken_for_the_keeper(
    below: House, engine: docker.APIClient, programs_image: str
) -> None:
    place = keepers_socket(below)
    place.parent.mkdir(mode=0o700, parents=True)
    os.chown(place.parent, held_uid(), held_uid())
    mounts = [EngineMount("/there", str(place.parent), type="bind", read_only=False)]
    lie = ("/usr/bin/python3", "-u", "-c", LIE, f"/there/{SOCKET}")
    with container(engine, programs_image, lie, mounts, held_uid()):
        gateways.wait_until(place.exists, "the planted socket")
        gateways.wait_until(lambda: _listens(place), "somebody listens")
        with pytest.raises(KeeperError, match="is not our keeper's") as refused:
            below.keeper().status()
        assert "stop --all" in refused.value.hint
    place.unlink()


def _listens(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as knocking, reachable(place) as path:
        return knocking.connect_ex(str(path)) == 0


def held_uid() -> int:
    """Whom the keeper runs as: a container of this user is the hardest to tell from us."""
    return os.geteuid()


# -- the gateway -------------------------------------------------------------------------------------------


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[gateways.House]:
    made = gateways.House(tmp_path, (), ("claude", "qa"))
    made.start()
    try:
        gateways.wait_until(made.socket("claude").exists, "claude's socket")
        yield made
    finally:
        made.close()


def test_the_gateway_tells_no_container_how_it_stands(
    gateway: gateways.House, engine: docker.APIClient, programs_image: str
) -> None:
    assert gateway.status()["agents"]
    mounts = [EngineMount("/there", str(gateway.folder), type="bind", read_only=True)]
    with container(engine, programs_image, ("sleep", "600"), mounts, held_uid()) as found:
        assert knock(engine, found, f"/there/{places.STATUS}") == "b''\n"


def test_an_agents_socket_serves_only_its_container(
    gateway: gateways.House, engine: docker.APIClient, programs_image: str
) -> None:
    """Another agent's container that sees all of the gateway's folder; links make nobody another agent."""
    hello = json.dumps({"server": "x", "session": "s", "instance": "", "received": 0, "client": {}})
    script = KNOCK.replace("if len(sys.argv) > 2:", f"link.sendall({hello.encode()!r} + b'\\n')\nif 0:")
    folder, uid = gateway.folder, held_uid()
    whole = EngineMount(str(folder), str(folder), type="bind", read_only=True)

    def ask(found: str, path: str) -> str:
        return run(engine, found, "/usr/bin/python3", "-c", script, path)

    own = EngineMount(places.INSIDE, str(folder / "claude"), type="bind", read_only=True)
    with container(engine, programs_image, ("sleep", "600"), [own], uid) as found:
        assert "no such server" in ask(found, f"{places.INSIDE}/mcp.sock")
    other = EngineMount(places.INSIDE, str(folder / "qa"), type="bind", read_only=True)
    with container(engine, programs_image, ("sleep", "600"), [other, whole], uid) as found:
        assert "no such server" in ask(found, f"{places.INSIDE}/mcp.sock")
        assert "no such server" not in ask(found, f"{folder}/claude/mcp.sock")
    with container(engine, programs_image, ("sleep", "600"), [whole], 0) as found:
        link = "import os, sys; os.makedirs('/run', exist_ok=True); os.symlink(*sys.argv[1:])"
        assert run(engine, found, "/usr/bin/python3", "-c", link, f"{folder}/claude", places.INSIDE) == ""
        assert "no such server" not in ask(found, f"{places.INSIDE}/mcp.sock")
    assert gateway.complaints("claude") == 2
