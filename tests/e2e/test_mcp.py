"""MCP from inside containers on a real engine, with the keeper's gateway and a real server on the host."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest
from mcp import StdioServerParameters
from mcp.client.session import ClientSession
from mcp.client.stdio import stdio_client

from qms_tui import demo
from qms_tui.config import AgentConfig, Config, McpServer, Mount
from qms_tui.keeper.gateway import GatewayProcess
from qms_tui.mcp.mounting import with_gateway
from qms_tui.mcp.places import BRIDGE, INSIDE, PYTHON, gateway_folder
from qms_tui.mcp.status import gateway_status
from qms_tui.project import Project
from qms_tui.runtime import Size
from qms_tui.runtime.docker import connect
from tests.mcp import house
from tests.trusted import trust

from .direct import DirectAttachment, DirectRuntime

AGENTS = ("claude", "qa")
SAMPLE = Path(demo.__file__).parent / "sample" / "QMS"
INBOX = "/pipe-dream/.claude/users/qa/inbox/"
SERVER = Path(house.__file__).with_name("server.py")
# A hostile program in qa's container: it says whatever might make it somebody else.
LIAR = """
import json, socket, sys
link = socket.socket(socket.AF_UNIX)
link.connect("/run/qms-mcp/mcp.sock")
hello = {"server": "test", "session": "x", "instance": "", "received": 0, "client": {}, "agent": "claude"}
link.sendall(json.dumps({**hello, "qms-tui/agent": "claude"}).encode() + b"\\n")
stream = link.makefile("rb")
stream.readline()
arguments = {"claim": "claude"}
meta = {"qms-tui/agent": "claude", "X-QMS-Agent": "claude"}
call = {"name": "whoami", "arguments": arguments, "_meta": meta, "qms-tui/agent": "claude"}
message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call, "agent": "claude"}
link.sendall(b"1 0 " + json.dumps(message).encode() + b"\\n")
while True:
    line = stream.readline().split(b" ", 3)
    if line[2] == b"1":
        sys.stdout.write(json.loads(line[3])["result"]["content"][1]["text"])
        break
"""


@dataclass
class Containers:
    """Two agents' containers, and the gateway."""

    engine: docker.APIClient
    names: dict[str, str]
    root: Path
    folder: Path
    log: Path

    def run(self, agent: str, *words: str) -> str:
        """What a program in the agent's container prints."""
        made = self.engine.exec_create(self.names[agent], list(words))
        return str(self.engine.exec_start(made["Id"]).decode())

    @asynccontextmanager
    async def client(self, agent: str, server: str = "test") -> AsyncIterator[ClientSession]:
        """The SDK's client, with the bridge in the agent's container."""
        words = ["exec", "-i", self.names[agent], *PYTHON, BRIDGE, server]
        parameters = StdioServerParameters(command="docker", args=words, env=dict(os.environ))
        async with (
            stdio_client(parameters) as (reading, writing),
            ClientSession(reading, writing, read_timeout_seconds=house.SECONDS) as session,
        ):
            await session.initialize()
            yield session


@pytest.fixture
async def containers(
    engine: docker.APIClient,
    programs_image: str,
    make_qms_project: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Containers]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project, log = Project(make_qms_project()), tmp_path / "log"
    shutil.copytree(SAMPLE, project.root / "QMS", dirs_exist_ok=True)
    words = [sys.executable, str(SERVER), str(log)]
    qms = [sys.executable, "-P", "-m", "qms_tui.demo.server", "."]  # it starts in the project
    file = tmp_path / "config.toml"
    file.write_text(
        f"[mcp.test]\ncommand = {words!r}\n[mcp.closed]\ncommand = {words!r}\nagents = ['claude']\n"
        f"[mcp.qms]\ncommand = {qms!r}\n"
    )
    every = AgentConfig(image=programs_image, command=("sleep", "600"), mounts=(Mount(house.BRIDGE, BRIDGE),))
    servers = (McpServer("test", command=tuple(words)),)
    folder = tmp_path / "keeper"
    config = with_gateway(
        Config(every_agent=every, servers=servers), gateway_folder(folder), AGENTS, project.owner()
    )
    runtime = DirectRuntime(connect(), project, config, {})
    trust(project.root, Path(os.environ["XDG_STATE_HOME"]), file)
    gateway = GatewayProcess(folder, project.root, file, "info")
    held: list[DirectAttachment] = []
    for agent in AGENTS:
        gateway.serve(agent)
        held.append(await runtime.start(agent, Size(80, 24)))
    found = {agent: (await runtime.find(agent)).container for agent in AGENTS}
    yield Containers(engine, found, project.root, gateway_folder(folder), log)
    for attachment in held:
        attachment.close()
    await gateway.close()
    await runtime.close()


async def whoami(session: ClientSession) -> str:
    meta: Any = {"qms-tui/agent": "claude"}
    result = await session.call_tool("whoami", {"claim": "claude"}, meta=meta)
    return str(result.content[1].text)  # type: ignore[union-attr]


async def test_each_container_is_its_agent_whatever_it_says(containers: Containers) -> None:
    async with containers.client("qa") as qa, containers.client("claude") as claude:
        assert (await whoami(qa), await whoami(claude)) == ("qa", "claude")
    said = await asyncio.to_thread(containers.run, "qa", "/usr/bin/python3", "-c", LIAR)
    assert said == "qa"


async def test_agents_route_and_write_though_no_inbox_is_writable(containers: Containers) -> None:
    """With the sample project's server: what an agent may not write itself, the QMS writes for it."""
    root, inboxes = containers.root, containers.root / ".claude/users"
    async with containers.client("claude", "qms") as claude, containers.client("qa", "qms") as qa:
        routed = await claude.call_tool("route", {"document": "CR-001", "to": "qa"})
        name = house.text_of(routed).removeprefix("qa has ")
        house.text_of(await claude.call_tool("message", {"to": "qa", "text": "please"}))
        assert "REVIEW REQUEST" in house.text_of(await qa.call_tool("read", {"name": name}))
        for act, outcome in (
            (f"print(open({INBOX + name!r}).read())", "REVIEW REQUEST"),
            (f"open({INBOX + 'x'!r}, 'w')", "Read-only"),
        ):
            assert outcome in await asyncio.to_thread(containers.run, "qa", *PYTHON, "-c", act)
        house.text_of(await qa.call_tool("review", {"document": "CR-001", "recommend": True}))
        not_its_own = await qa.call_tool("approve", {"document": "CR-001"})
    assert not_its_own.is_error
    assert [item.name.rsplit("-", 4)[0] for item in (inboxes / "qa/inbox").iterdir()] == ["msg-claude"]
    assert "PRE_REVIEWED" in (root / "QMS/CR/CR-001/CR-001.md").read_text()


async def test_an_agent_has_its_own_socket_only_and_cannot_replace_it(containers: Containers) -> None:
    def run(*words: str) -> str:
        return containers.run("qa", *words)

    listing = "import os; print(sorted(os.listdir('/run/qms-mcp')))"
    await asyncio.to_thread(house.wait_until, lambda: "mcp.sock" in run(*PYTHON, "-c", listing), "a socket")
    assert run(*PYTHON, "-c", listing).strip() == "['client.json', 'mcp.sock']"
    for act in (f"os.unlink('{INSIDE}/mcp.sock')", f"open('{INSIDE}/x', 'w')", f"os.rmdir('{INSIDE}')"):
        assert "Error" in run(*PYTHON, "-c", f"import os; {act}")


def _dead(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _is_back(containers: Containers) -> bool:
    """Whether a gateway has qa's bridge."""
    status = gateway_status(containers.folder)
    found = [agent for agent in status["agents"] if agent["agent"] == "qa"] if status else []
    return any(server["connected"] for agent in found for server in agent["servers"])


async def test_a_restarted_gateway_is_found_through_the_same_mount(containers: Containers) -> None:
    async with containers.client("qa") as session:
        for number in range(2):
            assert house.text_of(await session.call_tool("count", {"key": str(number)})) == str(number)
            status = gateway_status(containers.folder)
            assert status is not None
            dying = psutil.Process(status["pid"])
            dying.kill()
            await asyncio.to_thread(house.wait_until, partial(_dead, dying), "it is dead")
            # What is sent to a dying gateway may have run, and is not sent again.
            await asyncio.to_thread(house.wait_until, partial(_is_back, containers), "the bridge is back")
    assert house.runs(containers.log) == {"0": 1, "1": 1}
