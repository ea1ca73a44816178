"""`qms-tui unpause`: agents that were paused go on."""

from __future__ import annotations

from collections.abc import Sequence

import click

from qms_tui.cli.loading import load
from qms_tui.cli.options import Common, agents_argument, common_options
from qms_tui.cli.printing import echo
from qms_tui.errors import UsageError
from qms_tui.runtime.engines import project_containers


@click.command("unpause")
@common_options
@agents_argument
def unpause(common: Common, agents: Sequence[str]) -> int:
    """Let agents go on that were paused, by hand or at their disk limit.

    One that is over its limit may tidy up for five minutes, and is paused again then.
    """
    if not agents:
        raise UsageError("let which agents go on?", hint="name them; qms-tui ps says which are paused")
    project, config = load(common)
    containers = project_containers(project, config)
    try:
        project.check_agents(agents, sorted({*project.roster(config.agents), *containers.all()}))
        for agent in dict.fromkeys(agents):
            echo(f"{agent}: {'goes on' if containers.unpause(agent) else 'is not paused'}")
    finally:
        containers.close()
    return 0
