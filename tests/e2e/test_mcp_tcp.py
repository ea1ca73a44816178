"""Agents whose engine mounts no socket of this host: over TCP, with a token that only their container has."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from qms_tui.config import NO_TRUST, AgentConfig, Mount, load_config, read_files
from qms_tui.keeper.gateway import GatewayProcess
from qms_tui.mcp.mounting import with_gateway
from qms_tui.mcp.places import BRIDGE, IMAGE_CLIENT_FILE, TOKEN_INSIDE, gateway_folder
from qms_tui.mcp.tokens import read_token
from qms_tui.project import Project
from qms_tui.runtime import Size
from qms_tui.runtime.docker import connect
from tests.mcp import house

from .clients import closed_network
from .direct import DirectRuntime

AGENTS = ("claude", "qa")
SERVER = Path(house.__file__).with_name("server.py")
# What a client does: reads its list, starts the bridge as that says, asks who it is.
CLIENT = """
import json, os, subprocess
server = json.load(open("/usr/local/lib/qms-tui/mcp.json"))["mcpServers"]["test"]
command = [server["command"], *server["args"]]
environment = {**os.environ, **server["env"]}
bridge = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
def ask(number, method, params):
    line = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
    bridge.stdin.write(line.encode() + b"\\n")
    bridge.stdin.flush()
    while True:
        answer = json.loads(bridge.stdout.readline())
        if answer.get("id") == number:
            return answer
ask(1, "initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {}})
meta = {"qms-tui/agent": "claude"}
answer = ask(2, "tools/call", {"name": "whoami", "arguments": {"claim": "claude"}, "_meta": meta})
print(answer["result"]["content"][1]["text"])
"""


@pytest.mark.timeout(120)
async def test_each_container_is_its_agent_by_its_token(
    engine: docker.APIClient,
    programs_image: str,
    make_qms_project: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project, folder = Project(make_qms_project()), gateway_folder(tmp_path / "keeper")
    async with contextlib.AsyncExitStack() as stack:
        made = closed_network(engine, f"qms-tui-test-tcp-{os.getpid()}")
        network, address = stack.enter_context(made)
        file = tmp_path / "config.toml"
        file.write_text(
            f'[engine]\nmcp_listen = "{address}:{house.free_port()}"\n'
            f"[mcp.test]\ncommand = {[sys.executable, str(SERVER), str(tmp_path / 'log')]!r}\n"
        )
        bridge = Mount(house.BRIDGE, BRIDGE)
        every = AgentConfig(image=programs_image, command=("sleep", "600"), mounts=(bridge,), network=network)
        config = load_config(read_files(project.root, file), trust=NO_TRUST)
        config = with_gateway(dataclasses.replace(config, every_agent=every), folder, AGENTS, project.owner())
        runtime = DirectRuntime(connect(), project, config, {})
        gateway = GatewayProcess(tmp_path / "keeper", project.root, file, "info")
        stack.push_async_callback(runtime.close)
        stack.push_async_callback(gateway.close)
        for agent in AGENTS:
            gateway.serve(agent)
            stack.push_async_callback(runtime.stop, agent)
            attachment = await runtime.start(agent, Size(80, 24))
            container = (await runtime.find(agent)).container

            def run(code: str, container: str = container) -> str:
                made = engine.exec_create(container, ["/usr/bin/python3", "-c", code])
                return bytes(engine.exec_start(made["Id"])).decode().strip()

            assert await asyncio.to_thread(run, CLIENT) == agent
            assert run(f"print(open({TOKEN_INSIDE!r}).read())") == read_token(folder, agent)
            assert "Read-only" in run(f"open({IMAGE_CLIENT_FILE!r}, 'w')")
            assert "Read-only" in run("open('/run/qms-tui/other', 'w')")
            assert read_token(folder, agent) not in json.dumps(engine.inspect_container(container))
            assert "/run/qms-mcp" not in json.dumps(engine.inspect_container(container)["Mounts"])
            attachment.close()
