"""What agents are given from outside: by the configuration, and by the gateway to MCP servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qms_tui.activity.lights import Given, Server
from qms_tui.config import Config, Wake
from qms_tui.mcp.lights import Light, Standing
from qms_tui.runtime.logins import login, project_login, unset

_UP = {Light.UP: True, Light.UNKNOWN: None}


def given(config: Config, agent: str, host: Mapping[str, str], *, isolated: bool, served: bool) -> Given:
    """What the configuration gives the agent; `served` says whether it can reach MCP servers at all."""
    servers = tuple(server.name for server in config.servers_of(agent)) if served else ()
    settings = config.agent(agent)
    return Given(
        login(settings, host, isolated=isolated) or project_login(config, agent),
        settings.wake is not Wake.OFF,
        settings.wake is not Wake.OFF and settings.wake_prompt is not None,
        servers,
        unset(settings, host),
    )


def servers_of(standing: Standing, agent: str, names: Sequence[str]) -> tuple[Server, ...]:
    """The servers with these names, as they stand for the agent."""
    connected = standing.connected.get(agent, frozenset())
    return tuple(
        Server(each.server, _UP.get(each.light, False), each.server in connected)
        for each in standing.servers
        if each.server in names
    )
