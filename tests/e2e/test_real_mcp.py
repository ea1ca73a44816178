"""The real Claude Code in the product's image calls tools of servers on the host, whenever those come.

It reaches nothing but a stand-in for the model, which has it call a tool. What is asserted on is what the
servers ran, for whom, and what the model was told.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from qms_tui.config import NO_TRUST, AgentConfig, Config, load_config, read_files
from qms_tui.keeper.gateway import GatewayProcess
from qms_tui.mcp.mounting import with_gateway
from qms_tui.mcp.places import gateway_folder
from qms_tui.mcp.status import gateway_status
from qms_tui.project import Project
from qms_tui.runtime.docker import connect
from tests.bench.model import Model
from tests.mcp.house import TestServer, free_port, runs

from . import debian
from .clients import KEY, asked, say, status, until
from .direct import DirectRuntime
from .held import Held, started

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
TOOLS = ("mcp__test__whoami", "mcp__test__count")
LISTS = 3  # that a client asks for when it hears of changes: tools, prompts, resources
# It looks at the servers of the folder that it stands in, never at those of --mcp-config.
LIST = "mkdir /tmp/l && cd /tmp/l && cp /run/qms-mcp/client.json .mcp.json && claude mcp list"
# Seconds that a server is late after the client's start. The client itself looks for 8 and then never again;
# 30 take it the same way.
LATE = float(os.environ.get("QMS_TUI_LATE", "10"))


@dataclass
class Place:
    """A project with a gateway and one server, which is not started yet; a model."""

    runtime: DirectRuntime
    root: Path
    model: Model
    server: TestServer
    folder: Path
    engine: docker.APIClient

    @asynccontextmanager
    async def agent(self, name: str) -> AsyncIterator[Held]:
        """A client at its first prompt."""
        async with started(self.runtime, name) as held:
            await status(self.root, name, "idle")
            yield held

    async def is_up(self) -> None:
        """Wait until the gateway has the server."""
        await until(lambda: (now := gateway_status(self.folder)) and now["servers"][0]["state"] == "up")

    def served(self, agent: str) -> int:
        """How many requests of the agent's client the gateway has answered."""
        now = gateway_status(self.folder)
        agents = now["agents"] if now else ()
        return sum(each["servers"][0]["served"] for each in agents if each["agent"] == agent)

    async def call(self, held: Held, tool: str, **arguments: Any) -> str:
        """Have it call a tool; what came of it."""
        self.ask(held, tool, **arguments)
        return await self.answer()

    def ask(self, held: Held, tool: str, **arguments: Any) -> None:
        """Have it call a tool."""
        self.model.requests.clear()
        say(held, f"call mcp__test__{tool} {json.dumps(arguments)}")

    async def answer(self) -> str:
        """What the client tells the model of the call."""
        talk = await asked(self.model, "tool_result")
        said = [each["content"] for each in talk["messages"] if each["role"] == "user"][-1]
        return json.dumps([block for block in said if block.get("type") == "tool_result"])

    async def run(self, agent: str, *words: str) -> str:
        """What a command prints in the agent's container."""
        container = (await self.runtime.find(agent)).container

        def go() -> str:
            made = self.engine.exec_create(container, list(words))
            return bytes(self.engine.exec_start(made["Id"])).decode()

        return await asyncio.to_thread(go)


@pytest.fixture
async def place(
    engine: docker.APIClient,
    client_image: str,
    network: tuple[str, str],
    qms_project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Place]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project, folder = Project(qms_project), gateway_folder(tmp_path / "keeper")
    server = TestServer(tmp_path / "log", free_port())
    file = tmp_path / "config.toml"
    file.write_text(f"[mcp.test]\nurl = {server.url!r}\n")
    gateway = GatewayProcess(tmp_path / "keeper", qms_project, file, "info")
    servers = load_config(read_files(qms_project, file), trust=NO_TRUST).servers
    with Model(network[1]) as model:
        host = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": KEY}
        host["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1"
        every = AgentConfig(image=client_image, network=network[0], env=tuple(host), tools=TOOLS)
        config = Config(every_agent=every, servers=servers)
        config = with_gateway(config, folder, ("claude", "qa"), project.owner())
        runtime = DirectRuntime(connect(), project, config, host)
        for agent in ("claude", "qa"):
            gateway.serve(agent)
        yield Place(runtime, qms_project, model, server, folder, engine)
        await gateway.close()
        await runtime.close()
        server.kill()


async def test_a_tool_is_called_at_the_first_prompt_and_after_a_restart(place: Place) -> None:
    """Each agent as itself. What comes while the server is away waits for it; `claude mcp list` connects."""
    await asyncio.to_thread(place.server.start)
    await place.is_up()
    async with place.agent("claude") as claude, place.agent("qa") as qa:
        assert "claude" in await place.call(claude, "whoami", claim="qa")
        assert "qa" in await place.call(qa, "whoami", claim="claude")
        assert "\u2714 Connected" in await place.run("qa", "sh", "-c", LIST)
        await asyncio.to_thread(place.server.kill)
        place.ask(qa, "count", key="while it is away")
        await asyncio.to_thread(place.server.start)
        assert "while it is away" in await place.answer()
        await asyncio.to_thread(place.server.kill)
        await asyncio.to_thread(place.server.start)
        place.ask(claude, "count", key="after it")
        assert "after it" in await place.answer()
    assert runs(place.server.log, "asked") == {"claude": 1, "qa": 1}
    assert runs(place.server.log) == {"while it is away": 1, "after it": 1}


async def test_a_server_that_comes_late_has_its_tools_at_the_first_prompt(place: Place) -> None:
    """Nobody has ever seen it: the client learns of its tools when it comes."""
    async with place.agent("qa") as qa:
        await asyncio.sleep(LATE)  # the lateness itself
        before = place.served("qa")
        await asyncio.to_thread(place.server.start)
        await until(lambda: place.served("qa") >= before + LISTS)
        assert "qa" in await place.call(qa, "whoami")
    assert runs(place.server.log, "asked") == {"qa": 1}
