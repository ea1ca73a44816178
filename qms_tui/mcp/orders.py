"""What the keeper tells the gateway on its standard input: lines of JSON. Its end is the gateway's end."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from msgspec import Struct

from qms_tui.config import McpServer, Program
from qms_tui.project import AGENT_NAME


class Order(Struct, frozen=True):
    """Servers to have up, or an agent to open a door for."""

    servers: tuple[McpServer, ...] = ()
    agent: str = ""
    trusted: bool = False
    """Whether the servers may start in the project's folder."""
    programs: tuple[Program, ...] = ()
    """Files of the project that their commands name."""


def servers_line(
    servers: Sequence[McpServer], programs: Sequence[Program] = (), *, trusted: bool = True
) -> bytes:
    """Have these up, for a project that is `trusted` or not."""
    named = [asdict(program) for program in programs]
    content = {"servers": [asdict(server) for server in servers], "trusted": trusted, "programs": named}
    return json.dumps(content, default=os.fspath).encode() + b"\n"


def agent_line(agent: str) -> bytes:
    """Open a door for this agent."""
    return json.dumps({"agent": agent}).encode() + b"\n"


def read_order(line: bytes) -> Order:
    """A line's order. Raises ValueError."""
    content = json.loads(line)
    if "agent" in content:
        if not AGENT_NAME.fullmatch(str(content["agent"])):
            raise ValueError("no agent's name")
        return Order(agent=content["agent"])
    programs = tuple(
        Program(str(each["path"]), str(each["sha256"]), tuple(map(str, each["words"])))
        for each in content.get("programs", ())
    )
    servers = tuple(map(_server, content["servers"]))
    return Order(servers, trusted=content.get("trusted") is True, programs=programs)


def _server(content: dict[str, object]) -> McpServer:
    def words(name: str) -> tuple[str, ...] | None:
        found = content[name]
        return tuple(map(str, found)) if isinstance(found, list) else None

    url, cwd = content["url"], content.get("cwd")
    return McpServer(
        name=str(content["name"]),
        command=words("command"),
        url=str(url) if url is not None else None,
        headers=words("headers") or (),
        agents=words("agents"),
        cwd=Path(str(cwd)) if cwd is not None else None,
    )
