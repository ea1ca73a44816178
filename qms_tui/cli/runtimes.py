"""Where agents run: on an engine, beside their keeper, or on this machine."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qms_tui.cli.loading import load_anywhere, log_to_file, warn_of
from qms_tui.cli.options import Common
from qms_tui.config import Config, Faults, refusal
from qms_tui.errors import ProjectError
from qms_tui.project import Owner, Project

if TYPE_CHECKING:
    from qms_tui.keeper.client import KeeperClient
    from qms_tui.keeper.local_processes import LocalProcesses
    from qms_tui.programs.base import Program
    from qms_tui.runtime import Runtime
    from qms_tui.runtime.docker import DockerRuntime, ProjectContainers
    from qms_tui.runtime.docker.engine import Engine


def engine_here(common: Common) -> Engine:
    """The engine that holds here, in a project or outside of any."""
    from qms_tui.runtime.docker import connect

    log_to_file(common)
    faults = Faults()
    config = load_anywhere(common, on_fault=faults)
    warn_of(faults)
    return connect(config.engine.host)


def project_containers(project: Project, config: Config) -> ProjectContainers:
    """The project's on the engine that holds here, for a command. Raises EngineError."""
    from qms_tui.runtime.docker import ProjectContainers, connect

    return ProjectContainers(connect(config.engine.host), project, config)


def docker_runtime(project: Project, config: Config) -> DockerRuntime:
    """Containers on the engine that holds here. Raises EngineError."""
    from qms_tui.runtime.docker import DockerRuntime, connect

    return DockerRuntime(connect(config.engine.host), project, config, os.environ)


def keeper_client(
    project: Project, config: Config, engine: str, log_level: str = "info", config_file: Path | None = None
) -> KeeperClient:
    """The project's keeper on that engine, whether it runs or not."""
    from qms_tui.keeper.client import KeeperClient

    setting = ("--engine-setting", config.engine.host) if config.engine.host else ()
    if config_file is not None:
        setting = (*setting, "--config", str(config_file.absolute()))
    options = (*setting, "--scrollback", str(config.terminal.scrollback), "--log-level", log_level)
    return KeeperClient(project.root, engine, options)


def early_keeper(project: Project, config: Config, common: Common) -> KeeperClient:
    """The keeper takes its time to start, and so does the rest: let them do so side by side.

    Raises EngineError for an engine that cannot be named.
    """
    from qms_tui.runtime.docker.address import find_address

    address = find_address(config.engine.host, os.environ, Path.home())
    keeper = keeper_client(project, config, address.host, common.log_level, common.config)
    keeper.start_early()
    return keeper


def ignored_wishes(project: Project, config: Config, agents: Sequence[str]) -> list[str]:
    """A sentence for each agent whose definition asks for something that has no effect."""
    from qms_tui.runtime.agent_places import agent_places
    from qms_tui.runtime.definition import agent_wishes

    places = agent_places(project, config)
    asked = {agent: agent_wishes(project, config, agent, places).ignored for agent in agents}
    return [f"of the definition of {agent}, {'; '.join(keys)}" for agent, keys in asked.items() if keys]


def inside_paths(project: Project, config: Config) -> Callable[[str, str], str | None] | None:
    """Where agents in containers see paths of this machine; None if pasted ones are to stay as they are."""
    from qms_tui.runtime.docker.inside_path import InsidePaths

    return InsidePaths(project, config) if config.terminal.paste_paths else None


def kept_runtime(docker: DockerRuntime, keeper: KeeperClient) -> Runtime:
    """Containers by the engine, their terminals by the keeper. Takes over both."""
    from qms_tui.keeper.runtime import KeptRuntime

    return KeptRuntime(docker, keeper)


def local_processes(project: Project, config: Config, log_level: str = "info") -> LocalProcesses:
    """The spawner and the keeper of the project's local agents, whether they run or not."""
    from qms_tui.keeper.local_processes import LocalProcesses

    options = ("--scrollback", str(config.terminal.scrollback), "--log-level", log_level)
    return LocalProcesses(project.root, options)


def local_runtime(project: Project, config: Config, processes: LocalProcesses | None = None) -> Runtime:
    """Programs on this machine, which nothing isolates. Takes over the processes, if there are some yet."""
    from qms_tui.keeper.local_runtime import LocalRuntime
    from qms_tui.programs.config_folder import local_folder, make_local_folder
    from qms_tui.programs.registry import program_of
    from qms_tui.runtime.environment import inherited, passed_on
    from qms_tui.runtime.path_rules import path_rules

    def program(agent: str) -> Program:
        return program_of(config.agent(agent).command)

    def command(agent: str) -> Sequence[str]:
        words = program(agent).command_line(config.agent(agent), None, trusted=config.trusted)
        if why := refusal(project, config.programs, words):
            raise ProjectError(f"{agent}: {why}", hint="leave, and open the project again: you will be asked")
        return words

    def again(agent: str) -> Sequence[str]:
        wanted = dataclasses.replace(config.agent(agent), command=tuple(command(agent)))
        return program(agent).resuming(wanted, local_folder(project, agent), str(project.root))

    def environment(agent: str) -> dict[str, str]:
        project.prepare_work(agent, Owner(os.geteuid(), os.getegid()))
        own = program(agent).environment(str(make_local_folder(project, agent)))
        passed = passed_on(config.agent(agent), os.environ, path_rules(project, config))
        here = inherited(os.environ) | {"QMS_USER": agent}
        return {**program(agent).defaults, **here, **passed, **own}

    held_by = processes or local_processes(project, config)
    return LocalRuntime(project.root, command, environment, again, processes=held_by)
