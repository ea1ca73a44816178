"""How agents get to the MCP servers, and how those stand."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qms_tui.config import Config
from qms_tui.errors import QmsTuiError
from qms_tui.project import Project

if TYPE_CHECKING:
    from qms_tui.mcp.lights import Standing


def with_servers(project: Project, config: Config, names: Sequence[str]) -> Config:
    """Agents' containers get their way to the MCP servers, as far as there are any."""
    if not config.servers:
        return config
    from qms_tui.mcp.mounting import with_gateway
    from qms_tui.runtime.engines import engine_host

    host = engine_host(config)
    if not host.startswith("unix://") and config.engine.mcp_listen is None:
        notice = "MCP servers cannot be reached by agents on another machine: engine.mcp_listen says where to"
        return dataclasses.replace(config, notices=(*config.notices, notice))
    agents = dict.fromkeys((*project.roster(config.agents), *names))
    return with_gateway(config, find_gateway(project, config), tuple(agents), project.owner())


def as_started(project: Project, config: Config) -> tuple[Config, Path | None]:
    """The configuration as agents are started with it, and the gateway's folder if they can reach it."""
    from qms_tui.mcp.mounting import with_mounts
    from qms_tui.runtime.engines import engine_host

    try:
        host = engine_host(config)
    except QmsTuiError:
        return config, None  # the report will say it
    if not config.servers or (not host.startswith("unix://") and config.engine.mcp_listen is None):
        return config, None
    folder = find_gateway(project, config)
    return with_mounts(config, folder, project.roster(config.agents)), folder


def with_repository(project: Project, config: Config) -> Config:
    """Agents' containers get the repository of a worktree, if it is on the engine's machine."""
    from qms_tui.runtime import worktree
    from qms_tui.runtime.engines import engine_host

    host = engine_host(config)
    return worktree.with_repository(project, config) if host.startswith("unix://") else config


def find_gateway(project: Project, config: Config) -> Path:
    """The folder of the gateway's sockets."""
    from qms_tui.keeper.paths import keeper_folder
    from qms_tui.mcp.places import gateway_folder
    from qms_tui.runtime.engines import engine_host

    return gateway_folder(keeper_folder(project.root, engine_host(config)))


def lights(project: Project, config: Config) -> Callable[[], Awaitable[Standing]] | None:
    """What tells how the MCP servers stand, where there are any."""
    if not config.servers:
        return None
    from qms_tui.mcp.lights import look

    return functools.partial(look, find_gateway(project, config), [each.name for each in config.servers])


def standing(project: Project, config: Config) -> Standing | None:
    """How they stand now, where there are any."""
    if not config.servers:
        return None
    from qms_tui.mcp.lights import look_now

    return look_now(find_gateway(project, config), [each.name for each in config.servers])
