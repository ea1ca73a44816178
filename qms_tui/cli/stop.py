"""`qms-tui stop`: agents, or all there is of a project."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from qms_tui.cli.daemon import disarm
from qms_tui.cli.loading import load
from qms_tui.cli.local_agents import is_enough, local_agents, stop_local
from qms_tui.cli.moved import say_moved
from qms_tui.cli.options import Common, agents_argument, common_options
from qms_tui.cli.printing import confirm, echo, echo_lines
from qms_tui.config import Config
from qms_tui.errors import EngineError, UsageError
from qms_tui.keeper.runtimes import keeper_client, local_processes
from qms_tui.project import Project
from qms_tui.runtime.engines import project_containers
from qms_tui.text.printable import plain

if TYPE_CHECKING:
    from qms_tui.keeper.local_processes import LocalProcesses


@click.command("stop")
@common_options
@click.option("--all", "every", is_flag=True, help="Every agent of this project.")
@click.option("--yes", is_flag=True, help="Do not ask, also of another user's agents.")
@agents_argument
def stop(common: Common, agents: Sequence[str], every: bool, yes: bool) -> int:
    """End agents, and remove containers; their files stay.

    Asks before it ends what another user has started. After --all nothing is started by itself any more,
    until you open or start something.
    """
    if bool(agents) == every:
        raise UsageError("stop which agents?", hint="name them, or say --all for every agent of this project")
    project, config = load(common)
    processes = local_processes(project, config)
    local = local_agents(processes)
    try:
        contained: _Containers | None = _Containers(project, config)
    except EngineError as error:
        if not is_enough(config, local, error):
            if every:
                disarm(project)
            raise
        contained = None
    try:
        found = contained.found if contained is not None else {}
        if not every:
            project.check_agents(agents, sorted({*project.roster(config.agents), *found, *local}))
        wanted = sorted({*found, *local}) if every else list(dict.fromkeys(agents))
        foreign = [agent for agent in wanted if agent in found and found[agent].foreign]
        if foreign and not yes:
            _ask_to_stop(foreign)
        if every:
            disarm(project)  # else what is ended here may be started again
        nothing = f"no agent of {project.name} {'runs' if contained is None else 'has a container'}"
        echo(f"stopping {', '.join(wanted)} ..." if wanted else nothing)
        from concurrent.futures import ThreadPoolExecutor

        # Each may take its seconds to end, so all at once.
        with ThreadPoolExecutor(max_workers=8) as pool:
            for agent, said in zip(
                wanted, pool.map(partial(_stop, contained, processes), wanted), strict=True
            ):
                echo(f"{agent}: {said}")
        if every:
            processes.stop()
        if every and contained is not None:
            contained.clear_away()
        say_moved(project, config)
    finally:
        if contained is not None:
            contained.containers.close()
    return 0


class _Containers:
    """The project's, as the engine has them."""

    def __init__(self, project: Project, config: Config) -> None:
        """Raises EngineError."""
        self._project, self._config = project, config
        self.containers = project_containers(project, config)
        try:
            self.found = self.containers.all()
        except BaseException:
            self.containers.close()
            raise

    def clear_away(self) -> None:
        """What is left once all are stopped."""
        keeper_client(self._project, self._config, self.containers.host).stop()
        self.containers.remove_network()
        echo_lines(f"left alone: {each}: {each.remedy}" for each in self.containers.strangers())


def _stop(contained: _Containers | None, processes: LocalProcesses, agent: str) -> str:
    """End an agent wherever it runs; what became of it."""
    here = stop_local(processes, agent)
    there = contained is not None and contained.containers.stop(agent)
    return "stopped" if here or there else "does not run" if contained is None else "has no container"


def _ask_to_stop(foreign: Sequence[str]) -> None:
    """They may be another user's, or one's own under another name of the machine: only a human knows."""
    said = plain(f"{', '.join(foreign)}: started by another user, by root, or on another machine")
    if not sys.stdin.isatty():
        raise UsageError(said, hint="say --yes if they may be ended")
    confirm(f"{said}. End {'it' if len(foreign) == 1 else 'them'} all the same?")
