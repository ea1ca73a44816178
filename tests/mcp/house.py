"""A real gateway in a process of its own, real servers, real clients that speak through the real bridge."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import StdioServerParameters
from mcp.client.session import ClientSession
from mcp.client.stdio import stdio_client

from qms_tui.config import McpServer
from qms_tui.mcp.orders import agent_line, servers_line
from qms_tui.mcp.places import SOCKET, agent_folder
from qms_tui.mcp.status import gateway_status
from qms_tui.mcp.tokens import make_token

ROOT = Path(__file__).parents[2]
BRIDGE = ROOT / "docker" / "inside" / "mcp_bridge.py"
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
SECONDS = 30.0


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(holds: Callable[[], Any], what: str, within: float = SECONDS) -> Any:
    """Look until something holds, and give it."""
    until = time.monotonic() + within
    while not (found := holds()):
        assert time.monotonic() < until, f"waited too long: {what}"
        time.sleep(0.02)
    return found


class TestServer:
    """`tests.mcp.server` as a program that is told to come and go."""

    __test__ = False

    def __init__(self, log: Path, port: int) -> None:
        self.log, self.port = log, port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.mcp.server", str(self.log), "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self.listens, "the server listens")

    def listens(self) -> bool:
        with socket.socket() as knocking:
            return knocking.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class House:
    """One gateway's files and process."""

    def __init__(
        self, folder: Path, servers: tuple[McpServer, ...], agents: tuple[str, ...], listen: str = ""
    ) -> None:
        self.listen = listen
        self.folder, self.servers, self.agents = folder / ".mcp", servers, agents
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it as the keeper does, without waiting for the servers."""
        command = [sys.executable, "-m", "qms_tui.mcp", "--folder", str(self.folder), "--project", str(ROOT)]
        command += ["--listen", self.listen]
        for agent in self.agents if self.listen else ():
            make_token(self.folder, agent)
        environment = os.environ | {"XDG_STATE_HOME": str(self.folder.parent / "state")}
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, env=environment)
        self.say(servers_line(self.servers), *map(agent_line, self.agents))

    def say(self, *lines: bytes) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(lines))
        self.process.stdin.flush()

    def up(self, *names: str) -> None:
        """Wait until servers are up."""

        def all_up() -> bool:
            servers = {each["name"]: each["state"] for each in self.status()["servers"]}
            return all(servers.get(name) == "up" for name in names)

        wait_until(all_up, f"{names} are up")

    def status(self) -> dict[str, Any]:
        found = wait_until(lambda: gateway_status(self.folder), "the gateway says how it stands")
        assert isinstance(found, dict)
        return found

    def complaints(self, agent: str) -> int:
        """How often a connection of an agent was ended, or could not be."""
        return int(next(each["complaints"] for each in self.status()["agents"] if each["agent"] == agent))

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self._reap()

    def close(self) -> None:
        """End it as the keeper's end does."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            self._reap()

    def _reap(self) -> None:
        assert self.process is not None
        self.process.wait(SECONDS)
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None

    def socket(self, agent: str) -> Path:
        return agent_folder(self.folder, agent) / SOCKET

    def bridge(self, agent: str, server: str) -> tuple[list[str], Mapping[str, str]]:
        """Command and environment of an agent's bridge."""
        return [PYTHON, "-I", str(BRIDGE), server], {"QMS_MCP_SOCKET": str(self.socket(agent))}

    @asynccontextmanager
    async def client(
        self, agent: str, server: str, environment: Mapping[str, str] | None = None, **callbacks: Any
    ) -> AsyncIterator[ClientSession]:
        """The SDK's client, initialized, through a bridge; `environment` instead of that of its socket."""
        command, own = self.bridge(agent, server)
        environment = environment or own
        parameters = StdioServerParameters(command=command[0], args=command[1:], env=dict(environment))
        async with (
            stdio_client(parameters) as (reading, writing),
            ClientSession(reading, writing, read_timeout_seconds=SECONDS, **callbacks) as session,
        ):
            await session.initialize()
            yield session


def text_of(result: Any) -> str:
    """The text of a tool's result."""
    assert not result.is_error, result
    return str(result.content[0].text)


def runs(log: Path, word: str = "run") -> dict[str, int]:
    """How often each key stands in the log."""
    found: dict[str, int] = {}
    for line in log.read_text().splitlines() if log.exists() else ():
        kind, _, key = line.partition(" ")
        if kind == word:
            found[key] = found.get(key, 0) + 1
    return found


def said(line: bytes) -> dict[str, Any]:
    """A line of the bridge."""
    found = json.loads(line)
    assert isinstance(found, dict)
    return found
