"""Going from one thing to the next: what fails is a finding, and the rest is looked at all the same."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any

from docker.types import Mount

from qms_tui.config import AgentConfig, Config, RuntimeKind
from qms_tui.doctor import agents as at_agents
from qms_tui.doctor import clients as at_clients
from qms_tui.doctor import engine as at_engine
from qms_tui.doctor import host, inside, terminal
from qms_tui.doctor import project as at_project
from qms_tui.doctor import selinux as at_selinux
from qms_tui.doctor import servers as at_servers
from qms_tui.doctor import workspaces as at_workspaces
from qms_tui.doctor.agents import Facts
from qms_tui.doctor.disks import disks
from qms_tui.doctor.finding import Finding, Verdict, failed, ok, warning
from qms_tui.doctor.settings import EVERYBODY, networks, settings
from qms_tui.doctor.trial import trial
from qms_tui.errors import (
    ConfigError,
    EngineError,
    ExposureError,
    GatewayError,
    ProjectError,
    QmsTuiError,
)
from qms_tui.mcp.status import gateway_status
from qms_tui.programs.folders import config_folder
from qms_tui.programs.registry import program_of
from qms_tui.project import Owner, Project
from qms_tui.runtime import Found
from qms_tui.runtime.agent_places import agent_places
from qms_tui.runtime.definition import read_definition
from qms_tui.runtime.docker import Engine, ProjectContainers, connect, read_only
from qms_tui.runtime.docker.agent_files import Place, containers_folder, definition_mount
from qms_tui.runtime.docker.container import LABEL_FILES, bind, check_sources, mounts
from qms_tui.runtime.docker.containers import container_user
from qms_tui.runtime.docker.engine import engine_errors
from qms_tui.runtime.docker.outfit import TOKEN
from qms_tui.runtime.docker.private import private_places, secret_folders
from qms_tui.runtime.docker.runtime import without_sockets
from qms_tui.runtime.logins import project_login, shared_logins

MCP_REMEDY = "see README, Engines elsewhere"
AT_ONCE = 8  # containers whose memory is asked for; each answer takes the engine a second


def examine(
    project: Project | None,
    config: Config,
    environment: Mapping[str, str],
    descriptor: int | None,
    gateway: Path | None = None,
) -> Iterator[Finding]:
    """Everything, in the order of the report. `descriptor` is of the terminal around us, if there is one.

    `gateway` is the folder of the gateway to MCP servers, if agents can reach them.
    """
    agents = project.roster(config.agents) if project else ()
    if project is None:
        yield warning("project", "none here", "go into the project, or name it with --project")
    else:
        yield from _guarded("project", at_project.project(project, config, agents))
        yield from _guarded("project", at_workspaces.workspaces(project, config, agents))
        yield from _guarded(EVERYBODY, settings(project, config, agents, environment))
    yield from at_workspaces.own_folders(secret_folders())
    yield from disks(project.root if project else None, secret_folders()[0])
    found: dict[str, Found] = {}
    yield from _guarded("engine", _at_engine(project, config, environment, agents, gateway, found))
    if project is not None:
        yield from _guarded("login", _logins(project, config, environment, agents, found))
    yield from host.events(project.root if project else Path.cwd())
    yield from terminal.terminal(environment, descriptor, config.notify.outer)


def _guarded(subject: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """What ends a round is a finding, and the next one is made all the same."""
    try:
        yield from findings
    except QmsTuiError as why:
        yield failed(subject, why)


def _logins(
    project: Project,
    config: Config,
    environment: Mapping[str, str],
    agents: Sequence[str],
    found: Mapping[str, Found],
) -> Iterator[Finding]:
    configs = {agent: config.agent(agent) for agent in agents}
    isolated = config.engine.runtime is not RuntimeKind.LOCAL
    for agent in agents:
        own, now = config_folder(project, config, agent), at_agents.clock()
        there = found.get(agent)
        if there is not None and there.foreign:
            yield ok(agent, "its login is the matter of the user who has started it")
        elif own is not None:
            yield from at_agents.login(
                project, agent, configs[agent], environment, now, own, isolated=isolated,
                began=there.began if there is not None and there.alive and isolated else None,
                projects=project_login(config, agent),
            )  # fmt: skip
    yield from (ok("login", said) for said in shared_logins(configs.values(), environment, isolated=isolated))


def _at_engine(
    project: Project | None,
    config: Config,
    environment: Mapping[str, str],
    agents: Sequence[str],
    gateway: Path | None,
    found: dict[str, Found],
) -> Iterator[Finding]:
    """What runs goes into `found`, by agent."""
    try:
        engine = connect(config.engine.host)
    except EngineError as why:
        yield failed("engine", why)
        return
    with closing(engine):
        try:
            yield from at_engine.engine(engine)
            yield from (warning("mcp", said, MCP_REMEDY) for said in without_sockets(engine, config))
            labels = list(at_selinux.selinux(engine, _mounted(project, config, agents)))
            yield from labels
            # What labels keep from agents would fail the trial too, for a reason that it cannot tell.
            if all(label.verdict is not Verdict.ERROR for label in labels):
                owner = container_user(engine, project) if project else Owner(os.getuid(), os.getgid())
                mine = _without(gateway, config.agent(agents[0] if agents else ""))
                yield from trial(engine, project, owner, mine, private_places(config, engine.host))
            yield from networks(engine, config, agents)
            if project is not None:
                yield from _exposed(engine, project, config, agents)
            for name in dict.fromkeys(config.agent(agent).image for agent in agents or ("",)):
                yield at_engine.image(engine, name, config.build)
            if project is not None:
                containers = ProjectContainers(engine, project, config)
                found |= containers.all()
                yield from (warning("engine", str(each), each.remedy) for each in containers.strangers())
                yield from _at_containers(engine, project, config, found)
                if gateway is not None and config.servers:
                    yield from _at_servers(engine, config, found, gateway)
        except EngineError as why:
            yield failed("engine", why)


def _mounted(project: Project | None, config: Config, agents: Sequence[str]) -> Iterator[Mount]:
    """What of this machine agents' containers would have, but for the files that are made with them."""
    if project is None:
        return
    for agent in agents:
        mine = config.agent(agent)
        with contextlib.suppress(ProjectError, ConfigError):  # told with the project
            yield from mounts(project, agent, mine, Place(containers_folder()).empty, None)
        if mine.token_file is not None:
            yield bind(mine.token_file, PurePosixPath(TOKEN))


def _exposed(engine: Engine, project: Project, config: Config, agents: Sequence[str]) -> Iterator[Finding]:
    """The agents that are not started, because their mounts have in them what no agent may see."""
    private, empty = private_places(config, engine.host), Place(containers_folder()).empty
    for agent in agents:
        try:
            check_sources(project, config.agent(agent))
            mounts(project, agent, config.agent(agent), empty, None, private)
        except ExposureError as why:
            yield failed(agent, why)
        except (ProjectError, ConfigError):
            continue  # told with the project


def _without(gateway: Path | None, config: AgentConfig) -> AgentConfig:
    """Without an agent's way to its servers, which is made when it starts."""
    kept = (mount for mount in config.mounts if gateway is None or not mount.source.is_relative_to(gateway))
    return dataclasses.replace(config, mounts=tuple(kept), laid=())


def _at_containers(
    engine: Engine, project: Project, config: Config, found: Mapping[str, Found]
) -> Iterator[Finding]:
    agents, places = project.roster(config.agents), agent_places(project, config)
    private = private_places(config, engine.host)
    there = [agent for agent in agents if agent in found]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        facts = dict(zip(there, pool.map(lambda agent: _facts(engine, found[agent]), there), strict=True))
    reach = read_only.reach_of(config.agent(agent) for agent in agents)
    for agent in agents:
        try:
            place = Place(facts[agent].files if agent in facts else Path())
            mine = config.agent(agent)
            definition = read_definition(project, agent, mine, places)
            copy = definition_mount(project, mine, definition, place, trusted=config.trusted)
            made = mounts(project, agent, mine, place.empty, copy, private)
            expected = read_only.throughout(engine, made, mine.oci_runtime or "", reach)
        except (ProjectError, ConfigError):
            continue  # told with the project
        yield from at_agents.container(agent, facts.get(agent), expected)
        if agent in found and found[agent].alive and not found[agent].foreign:
            yield from _at_client(project, mine, found[agent].began)


def _at_client(project: Project, agent: AgentConfig, began: float) -> Iterator[Finding]:
    with closing(program_of(agent.command).reader(project, agent.name)) as reader:
        report = reader.read(time.monotonic())
    yield from at_clients.client(agent.name, report, began, at_agents.clock())


def _at_servers(
    engine: Engine, config: Config, found: Mapping[str, Found], gateway: Path
) -> Iterator[Finding]:
    alive = {agent: one.id for agent, one in found.items() if one.alive and not one.foreign}
    try:
        status = gateway_status(gateway)
        yield from at_servers.servers([server.name for server in config.servers], status, len(alive))
    except GatewayError as why:
        yield failed("mcp", why)
    asked = [(agent, server.name) for agent in sorted(alive) for server in config.servers_of(agent)]
    address = config.engine.mcp_reached if config.engine.mcp_listen is not None else ""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda one: inside.ask(engine, alive[one[0]], one[1], address), asked))
    for (agent, server), answer in zip(asked, answers, strict=True):
        yield at_servers.bridge(agent, server, answer)


def _facts(engine: Engine, found: Found) -> Facts:
    with engine_errors(f"cannot look at {found.container}"):
        facts = engine.api.inspect_container(found.id)
        used = engine.api.stats(found.id, stream=False, one_shot=True) if found.alive else {}
    place = Place(Path((facts["Config"].get("Labels") or {}).get(LABEL_FILES, "/dev/null")))
    there = [mount for mount in facts["Mounts"] if not _is_own(mount, place)]
    return Facts(found, there, used.get("memory_stats", {}), place.base)


def _is_own(mount: Mapping[str, Any], place: Place) -> bool:
    """Whether what is mounted is the container's own, made with it."""
    source = Path(str(mount.get("Source") or "/"))
    own = source.is_relative_to(place.base) and source != place.empty and not place.is_definition(source)
    return own or mount["Destination"] == TOKEN
