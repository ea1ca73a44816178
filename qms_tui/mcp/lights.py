"""How the servers stand, at a glance: asked of the gateway without holding anybody up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from qms_tui.mcp.places import STATUS
from qms_tui.mcp.status import LONGEST
from qms_tui.sockets import reachable

PATIENCE = 2.0  # seconds; a gateway that works takes milliseconds


class Light(StrEnum):
    """Whether agents have a server."""

    UP = "up"
    DOWN = "down"
    OFF = "not started"  # nor is the gateway: it comes with the first container
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Shown:
    """A server; `detail` says why it is not up, in whatever words the server may have chosen."""

    server: str
    light: Light
    detail: str = ""


async def look(folder: Path, servers: Sequence[str]) -> tuple[Shown, ...]:
    """The configured servers, in their order. `folder` is the gateway's. Raises nothing."""
    try:
        async with asyncio.timeout(PATIENCE):
            said = await _ask(folder)
    except (FileNotFoundError, ConnectionRefusedError):
        return tuple(Shown(server, Light.OFF) for server in servers)
    except (OSError, ValueError, RecursionError):  # a TimeoutError is an OSError
        return tuple(Shown(server, Light.UNKNOWN, "the gateway does not answer") for server in servers)
    return shown(said, servers)


def shown(status: object, servers: Sequence[str]) -> tuple[Shown, ...]:
    """What a gateway's status says of them. Pure."""
    listed = status.get("servers") if isinstance(status, dict) else None
    rows = listed if isinstance(listed, list) else []
    found = {each.get("name"): each for each in rows if isinstance(each, dict)}
    return tuple(_shown(server, found.get(server)) for server in servers)


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
        return json.loads(await reader.readline())
    finally:
        writer.close()
