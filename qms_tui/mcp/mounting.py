"""What of the gateway an agent's container gets: its socket or token, and the client's list of servers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from qms_tui.config import Config, Laid, Mount
from qms_tui.errors import GatewayError, refused, state_remedy
from qms_tui.files import replace_file
from qms_tui.mcp.places import (
    BRIDGE,
    CLIENT_FILE,
    IMAGE_CLIENT_FILE,
    INSIDE,
    PYTHON,
    TOKEN_INSIDE,
    agent_folder,
    make_agent_folder,
)
from qms_tui.mcp.tokens import make_token, read_token
from qms_tui.programs.registry import program_of
from qms_tui.project import Owner


def with_gateway(config: Config, folder: Path, agents: Sequence[str], owner: Owner) -> Config:
    """The same as `with_mounts`, and their folders are made.

    Raises GatewayError if that is not possible.
    """
    for agent in agents:
        if config.servers_of(agent):
            try:
                if config.engine.mcp_listen is not None:
                    make_token(folder, agent)
                    continue
                made = make_agent_folder(folder, agent, owner.uid, owner.gid)
                servers = _server_list(config, agent).encode()
                # Not written over: a container that runs keeps the file that it has.
                replace_file(made / CLIENT_FILE, servers, uid=owner.uid, gid=owner.gid)
            except OSError as error:
                hint = state_remedy(error, "the agents' way to MCP servers is kept there")
                raise GatewayError(refused(error, folder), hint=hint) from error
    return with_mounts(config, folder, agents)


def with_mounts(config: Config, folder: Path, agents: Sequence[str]) -> Config:
    """The configuration with the mounts of those agents that may use servers, or what is laid there."""
    overrides = dict(config.overrides)
    for agent in agents:
        if config.servers_of(agent):
            mine = config.agent(agent)
            if config.engine.mcp_listen is not None:
                overrides[agent] = dataclasses.replace(mine, laid=_laid(config, folder, agent))
            else:
                overrides[agent] = dataclasses.replace(mine, mounts=(*mine.mounts, *_mounts(folder, agent)))
    return dataclasses.replace(config, overrides=MappingProxyType(overrides))


def _server_list(config: Config, agent: str, address: str = "") -> str:
    """What the agent's program reads to find its servers."""
    program = program_of(config.agent(agent).command)
    return program.server_list(agent, config.servers, (*PYTHON, BRIDGE), address)


def _mounts(folder: Path, agent: str) -> tuple[Mount, Mount]:
    own = agent_folder(folder, agent)
    return Mount(own, INSIDE, ours=True), Mount(own / CLIENT_FILE, IMAGE_CLIENT_FILE, ours=True)


def _laid(config: Config, folder: Path, agent: str) -> tuple[Laid, Laid]:
    """Nothing of this machine can be mounted there, so the engine is given copies."""
    text = _server_list(config, agent, config.engine.mcp_reached)
    return Laid(TOKEN_INSIDE, read_token(folder, agent), secret=True), Laid(IMAGE_CLIENT_FILE, text)
