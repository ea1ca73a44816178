"""`qms-tui stop`: agents, or all there is of a project."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from qms_tui.cli.loading import load
from qms_tui.cli.options import Common, agents_argument, common_options
from qms_tui.cli.printing import confirm, echo, echo_lines
from qms_tui.cli.runtimes import docker_runtime, keeper_client
from qms_tui.errors import UsageError
from qms_tui.text.printable import plain


@click.command("stop")
@common_options
@click.option("--all", "every", is_flag=True, help="Every agent of this project.")
@click.option("--yes", is_flag=True, help="Do not ask, also of another user's agents.")
@agents_argument
def stop(common: Common, agents: Sequence[str], every: bool, yes: bool) -> int:
    """End agents and remove their containers; their files stay.

    Asks before it ends what another user has started.
    """
    if bool(agents) == every:
        raise UsageError("stop which agents?", hint="name them, or say --all for every agent of this project")
    from concurrent.futures import ThreadPoolExecutor

    project, config = load(common)
    runtime = docker_runtime(project, config)
    try:
        found = runtime.all_now()
        if not every:
            project.check_agents(agents, sorted({*project.roster(config.agents), *found}))
        wanted = sorted(found) if every else list(dict.fromkeys(agents))
        foreign = [agent for agent in wanted if agent in found and found[agent].foreign]
        if foreign and not yes:
            _ask_to_stop(foreign)
        echo(f"stopping {', '.join(wanted)} ..." if wanted else f"no agent of {project.name} has a container")
        # Each may take its seconds to end, so all at once.
        with ThreadPoolExecutor(max_workers=8) as pool:
            for agent, stopped in zip(wanted, pool.map(runtime.stop_now, wanted), strict=True):
                echo(f"{agent}: {'stopped' if stopped else 'has no container'}")
        if every:
            keeper_client(project, config, runtime.host).stop()
            runtime.remove_network_now()
            echo_lines(f"left alone: {each}: {each.remedy}" for each in runtime.strangers_now())
    finally:
        runtime.close_now()
    return 0


def _ask_to_stop(foreign: Sequence[str]) -> None:
    """They may be another user's, or one's own under another name of the machine: only a human knows."""
    said = plain(f"{', '.join(foreign)}: started by another user, by root, or on another machine")
    if not sys.stdin.isatty():
        raise UsageError(said, hint="say --yes if they may be ended")
    confirm(f"{said}. End {'it' if len(foreign) == 1 else 'them'} all the same?")
