"""Where agents run: on an engine, beside their keeper, or on this machine."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qms_tui.config import Config, refusal
from qms_tui.errors import ProjectError
from qms_tui.project import Owner, Project

if TYPE_CHECKING:
    from qms_tui.keeper.client import KeeperClient
    from qms_tui.keeper.local_processes import LocalProcesses
    from qms_tui.programs.base import Program
    from qms_tui.runtime import Runtime
    from qms_tui.runtime.base import HoldableRuntime
    from qms_tui.runtime.caller import Caller


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


def early_keeper(
    project: Project, config: Config, log_level: str = "info", config_file: Path | None = None
) -> KeeperClient:
    """The keeper takes its time to start, and so does the rest: let them do so side by side.

    Raises EngineError for an engine that cannot be named.
    """
    from qms_tui.runtime.engines import engine_host

    keeper = keeper_client(project, config, engine_host(config), log_level, config_file)
    keeper.start_early()
    return keeper


def kept_runtime(engine: HoldableRuntime, keeper: KeeperClient) -> Runtime:
    """Containers by the engine, their terminals by the keeper. Takes over both."""
    from qms_tui.keeper.runtime import KeptRuntime

    return KeptRuntime(engine, keeper)


def ignored_wishes(project: Project, config: Config, agents: Sequence[str]) -> list[str]:
    """A sentence for each agent whose definition asks for something that has no effect."""
    from qms_tui.runtime.agent_places import agent_places
    from qms_tui.runtime.definition import agent_wishes

    places = agent_places(project, config)
    asked = {agent: agent_wishes(project, config, agent, places).ignored for agent in agents}
    return [f"of the definition of {agent}, {'; '.join(keys)}" for agent, keys in asked.items() if keys]


def local_processes(
    project: Project, config: Config, log_level: str = "info", lifeline: int = -1
) -> LocalProcesses:
    """The spawner and the keeper of the project's local agents, whether they run or not.

    With the end of the pipe `lifeline` both end, and the agents.
    """
    from qms_tui.keeper.local_processes import LocalProcesses

    options = ("--scrollback", str(config.terminal.scrollback), "--log-level", log_level)
    return LocalProcesses(project.root, options, lifeline=lifeline)


def local_runtime(
    project: Project,
    config: Config | Callable[[], Config],
    processes: LocalProcesses | None = None,
    caller: Callable[[str], Caller] | None = None,
) -> Runtime:
    """Programs on this machine, which nothing isolates. Takes over the processes, if there are some yet.

    `config` is asked at each start if it can be; `caller` says who asks for an agent's, else this process.
    """
    from qms_tui.keeper.local_runtime import LocalRuntime
    from qms_tui.runtime.caller import Caller

    here = Caller.here()
    start = _LocalStart(
        project, config if callable(config) else lambda: config, caller or (lambda agent: here)
    )
    held_by = processes or local_processes(project, start.config())
    return LocalRuntime(
        project.root, start.command, start.environment, start.again, processes=held_by, caller=start.caller
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _LocalStart:
    """What an agent on this machine is started with."""

    project: Project
    config: Callable[[], Config]
    caller: Callable[[str], Caller]

    def command(self, agent: str) -> Sequence[str]:
        """Its argv. Raises ProjectError for a program that the human has not looked at."""
        config = self.config()
        words = _program(config, agent).command_line(config.agent(agent), None, trusted=config.trusted)
        if why := refusal(self.project, config.programs, words):
            raise ProjectError(f"{agent}: {why}", hint="leave, and open the project again: you will be asked")
        return words

    def again(self, agent: str) -> Sequence[str]:
        """Its argv if it can go on with its conversation."""
        from qms_tui.programs.config_folder import local_folder

        config, folder = self.config(), local_folder(self.project, agent)
        wanted = dataclasses.replace(config.agent(agent), command=tuple(self.command(agent)))
        return _program(config, agent).resuming(wanted, folder, str(self.project.root))

    def environment(self, agent: str) -> Mapping[str, str]:
        """Its variables."""
        from qms_tui.programs.config_folder import make_local_folder
        from qms_tui.runtime.environment import inherited, passed_on
        from qms_tui.runtime.path_rules import path_rules

        project, config = self.project, self.config()
        host, program = self.caller(agent).environment, _program(config, agent)
        project.prepare_work(agent, Owner(os.geteuid(), os.getegid()))
        own = program.environment(str(make_local_folder(project, agent)))
        passed = passed_on(config.agent(agent), host, path_rules(project, config))
        return {**program.defaults, **inherited(host), "QMS_USER": agent, **passed, **own}


def _program(config: Config, agent: str) -> Program:
    from qms_tui.programs.registry import program_of

    return program_of(config.agent(agent).command)
