"""`qms-tui stop`: agents, or all there is of a project."""

from __future__ import annotations

from collections.abc import Sequence

import click

from qms_tui.cli.loading import load
from qms_tui.cli.options import Common, agents_argument, common_options
from qms_tui.cli.printing import echo
from qms_tui.cli.runtimes import docker_runtime, keeper_client
from qms_tui.errors import UsageError


@click.command("stop")
@common_options
@click.option("--all", "every", is_flag=True, help="Every agent of this project.")
@agents_argument
def stop(common: Common, agents: Sequence[str], every: bool) -> int:
    """End agents and remove their containers; their files stay."""
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
        echo(f"stopping {', '.join(wanted)} ..." if wanted else f"no agent of {project.name} has a container")
        # Each may take its seconds to end, so all at once.
        with ThreadPoolExecutor(max_workers=8) as pool:
            for agent, stopped in zip(wanted, pool.map(runtime.stop_now, wanted), strict=True):
                echo(f"{agent}: {'stopped' if stopped else 'has no container'}")
        if every:
            keeper_client(project, config, runtime.host).stop()
            runtime.remove_network_now()
    finally:
        runtime.close_now()
    return 0
