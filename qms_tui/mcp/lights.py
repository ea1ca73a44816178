"""How the servers stand, at a glance: asked of the gateway without holding anybody up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from qms_tui.errors import GatewayError
from qms_tui.ipc import reachable
from qms_tui.mcp.places import STATUS
from qms_tui.mcp.status import LONGEST, check_gateway, gateway_status

PATIENCE = 2.0  # seconds; a gateway that works takes milliseconds


class Light(StrEnum):
    """Whether agents have a server."""

    UP = "up"
    DOWN = "down"
    OFF = "not started"  # nor is the gateway: it comes with the first container
    UNKNOWN = "unknown"


class Shown(Struct, frozen=True):
    """A server; `detail` says why it is not up, in whatever words the server may have chosen."""

    server: str
    light: Light
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """All configured servers, in their order, and which of them each agent's client is connected to."""

    servers: tuple[Shown, ...]
    connected: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))


async def look(folder: Path, servers: Sequence[str]) -> Standing:
    """How it stands now. `folder` is the gateway's. Raises nothing."""
    try:
        async with asyncio.timeout(PATIENCE):
            said = await _ask(folder)
    except (FileNotFoundError, ConnectionRefusedError):
        return standing(None, servers)
    except GatewayError as error:
        return unknown(servers, error.message)
    except (OSError, ValueError, RecursionError):  # a TimeoutError is an OSError
        return unknown(servers)
    return standing(said, servers)


def look_now(folder: Path, servers: Sequence[str]) -> Standing:
    """The same, blocking."""
    try:
        return standing(gateway_status(folder), servers)
    except GatewayError as error:
        return unknown(servers, error.message)


def unknown(servers: Sequence[str], why: str = "the gateway does not answer") -> Standing:
    """Of a gateway that hangs, or is not ours."""
    return Standing(tuple(Shown(server, Light.UNKNOWN, why) for server in servers))


def standing(status: object, servers: Sequence[str]) -> Standing:
    """What a gateway's status says of them; None is that of one that does not run. Pure."""
    connected = {str(each.get("agent")): _connected(each) for each in _rows(status, "agents")}
    return Standing(shown(status, servers), connected)


def shown(status: object, servers: Sequence[str]) -> tuple[Shown, ...]:
    """The same, of the servers alone. Pure."""
    found = {each.get("name"): each for each in _rows(status, "servers")}
    return tuple(_shown(server, found.get(server)) for server in servers)


def _rows(status: object, key: str) -> list[dict[str, Any]]:
    listed = status.get(key) if isinstance(status, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _connected(agent: dict[str, Any]) -> frozenset[str]:
    return frozenset(str(each.get("name")) for each in _rows(agent, "servers") if each.get("connected"))


def _shown(server: str, said: dict[str, Any] | None) -> Shown:
    if said is None:  # configured after the gateway was started
        return Shown(server, Light.OFF)
    if said.get("state") == "up":
        return Shown(server, Light.UP)
    return Shown(server, Light.DOWN, str(said.get("detail", "")))


async def _ask(folder: Path) -> object:
    with reachable(folder / STATUS) as path:
        reader, writer = await asyncio.open_unix_connection(str(path), limit=LONGEST)
    try:
        check_gateway(writer.get_extra_info("socket"))
        return json.loads(await reader.readline())
    finally:
        writer.close()
