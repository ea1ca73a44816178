"""Every socket of ours, and every way to it from a container: whoever gets there is not served.

Containers that somebody gave more than qms-tui ever does: our folders, the machine's processes, its network.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import docker
import psutil
import pytest

from qms_tui.api.agents import AgentState
from qms_tui.api.place import daemon_folder
from qms_tui.keeper.paths import LOCAL, keeper_folder
from qms_tui.runtime.docker.address import find_address
from tests.daemon.household import OURS, Household, at_home

RUNNING = AgentState.RUNNING
LISTENS = 0x00010000  # __SO_ACCEPTCON of Linux's <linux/net.h>, as /proc/net/unix has it
SERVER = "import sys; sys.stdin.read()"
# Says to each socket what its client says first, and prints by path what it answers.
KNOCK = r"""
import json, os, socket, struct, sys
def framed(kind, words):
    body = json.dumps(words).encode()
    return (struct.pack(">BI", kind, len(body)) if kind else struct.pack(">I", len(body))) + body
SAID = {
    "daemon.sock": b'{"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"version": {}}}\n',
    "keeper.sock": framed(1, {"want": 4}),
    "spawner.sock": framed(0, {"do": "list"}),
    "mcp.sock": json.dumps({"server": "x", "session": "s", "instance": "", "received": 0}).encode() + b"\n",
}
answers = {}
for path in sys.argv[1:]:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(20)
        try:
            folder, name = os.path.split(path)
            opened = os.open(folder, os.O_PATH)  # paths may be longer than a socket's address
            link.connect(f"/proc/self/fd/{opened}/{name}")
            try:
                link.sendall(SAID.get(path.rpartition("/")[2], b""))
            except BrokenPipeError:
                pass  # what was said first can still be read
            answers[path] = repr(link.recv(65536))
        except OSError as error:
            answers[path] = type(error).__name__
print(json.dumps(answers))
"""


@pytest.fixture
async def household(
    qms_project: Path, tmp_path: Path, image: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Household]:
    """A project with an agent in a container, one on this machine, and an MCP server: all processes run."""
    home = tmp_path / "home"
    home.mkdir()
    with at_home(qms_project, home, monkeypatch) as made:
        server = json.dumps([sys.executable, "-c", SERVER])
        made.set(f'[agent]\nimage = "{image}"\n[mcp.files]\ncommand = {server}\n')
        try:
            window = await made.hold("qa", runtime=None)
            await made.hold("bu", runtime="local")
            await made.until(lambda: "bu" in window.mirror.agents and window.state("bu") is RUNNING)
            await made.until(lambda: window.state("qa") is RUNNING)
            await made.until(lambda: len(sockets(made)) >= len(EXPECTED))
            yield made
        finally:
            await made.close()
            made.run("stop", "--all", "--yes")


EXPECTED = {
    "daemon/daemon.sock",
    "engine/keeper.sock",
    "engine/.mcp/gateway.sock",
    "engine/.mcp/qa/mcp.sock",
    "local/keeper.sock",
    "local/spawner.sock",
}
"""All there are, by what their folders are; SECURITY.md lists them."""


def processes(household: Household) -> Iterator[psutil.Process]:
    """Ours of this project, and their children."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(household.root) in process.cmdline() and set(process.cmdline()) & {*OURS}:
                yield process
                yield from process.children(recursive=True)


def sockets(household: Household) -> list[str]:
    """The names of those that our processes listen at; an abstract one begins with @."""
    inodes = set()
    for process in processes(household):
        for entry in os.listdir(f"/proc/{process.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed by now
                inodes.add(os.readlink(f"/proc/{process.pid}/fd/{entry}").strip("socket:[]"))
    rows = [line.split(maxsplit=7) for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return [row[7] for row in rows if len(row) > 7 and row[6] in inodes and int(row[3], 16) & LISTENS]


def folders(household: Household) -> Mapping[str, Path]:
    engine = find_address(None, os.environ, Path.home()).host
    return {
        "daemon": daemon_folder(household.root),
        "engine": keeper_folder(household.root, engine),
        "local": keeper_folder(household.root, LOCAL),
    }


def places(household: Household) -> dict[str, Path]:
    """The sockets' paths, by the names of `EXPECTED`."""
    return {
        f"{kind}/{path.relative_to(folder)}": path
        for kind, folder in folders(household).items()
        for path in folder.rglob("*")
        if path.is_socket()
    }


async def test_there_are_no_other_sockets(household: Household) -> None:
    """None without a path, which a container in the machine's network would reach, and none over TCP."""
    names = {path.name for path in places(household).values()}
    assert set(places(household)) == EXPECTED
    listening = sockets(household)
    assert len(listening) == len(EXPECTED)
    assert {Path(name).name for name in listening} == names
    assert not [name for name in listening if name.startswith("@")]
    for path in places(household).values():
        assert path.stat().st_mode & 0o077 == 0, path
    for process in processes(household):
        with contextlib.suppress(psutil.Error):
            inet = process.net_connections("inet")
            assert not [each for each in inet if each.status == psutil.CONN_LISTEN], process


@pytest.mark.parametrize("where", ["apart", "host"])
async def test_no_container_is_served(
    household: Household, engine: docker.APIClient, programs_image: str, where: str
) -> None:
    """Not as root in it, nor as our user; by a mount, by /proc/PID/root, in our network, among our PIDs."""
    state, daemon = household.state, household.process().pid
    for folder in (state, *state.rglob("*"), *state.parents[:-2]):
        if folder.is_dir():
            folder.chmod(folder.stat().st_mode | 0o011)
    host = engine.create_host_config(
        binds=[f"{state}:/state:ro", "/proc:/machine:ro"],
        network_mode="host" if where == "host" else "none",
        pid_mode="host" if where == "host" else None,
        cap_add=["SYS_PTRACE", "DAC_OVERRIDE"],
    )
    paths = list(places(household).values())
    ways = [f"/state/{path.relative_to(state)}" for path in paths]
    ways += [f"/machine/{daemon}/root{path}" for path in paths]
    for user in ("0", str(os.geteuid()), "65534"):
        made = engine.create_container(
            programs_image, ["python3", "-c", KNOCK, *ways], user=user, host_config=host
        )
        try:
            engine.start(made["Id"])
            await asyncio.to_thread(engine.wait, made["Id"], timeout=120)
            answers = json.loads(engine.logs(made["Id"], stderr=False).decode())
        finally:
            engine.remove_container(made["Id"], force=True)
        assert set(answers) == set(ways)
        for path, said in answers.items():
            assert _is_refusal(said), (user, path, said)
        if user == "0":  # others are kept out by modes already
            assert all(said.startswith("b") or "Reset" in said for said in answers.values()), answers
    assert (await household.status(await household.window())).clients >= 1


def _is_refusal(said: str) -> bool:
    nothing = said in ("b''", "ConnectionResetError", "PermissionError", "FileNotFoundError")
    return nothing or "does not serve this program" in said
