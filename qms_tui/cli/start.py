"""`qms-tui start`: agents without a screen, held by the project's daemon."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from qms_tui.cli.deciding import decide
from qms_tui.cli.loading import check_rights, config_of, examine_here, log_to_file
from qms_tui.cli.moved import check_moved
from qms_tui.cli.names import agents_to_open, commands_meant
from qms_tui.cli.options import Common, agents_argument, common_options, program_options
from qms_tui.config import Overrides, RuntimeKind
from qms_tui.project import find_project
from qms_tui.remembered import Memory, views_folder


@click.command("start")
@common_options
@program_options
@agents_argument
def start(
    common: Common, agents: Sequence[str], runtime: str | None, command: str | None, image: str | None
) -> int:
    """Start agents without a screen: the named ones, else those that were open last.

    From then on their policies hold, also without a screen, until: qms-tui stop --all
    """
    overrides = Overrides(runtime, command, image)
    with commands_meant(common, agents):
        project = find_project(common.project, Path())
        check_rights(project)
        standing = examine_here(project, common, overrides)
        log_to_file(common)
        expected = config_of(standing, overrides)
        check_moved(standing, expected)
        memory = Memory(project.root, views_folder())
        names, _ = agents_to_open(project, project.roster(expected.agents), agents, memory.read())
    config = decide(standing, overrides)
    if config is None:
        return 0
    if config.engine.runtime is RuntimeKind.DOCKER:
        project.check_path()
    from qms_tui.cli.starting import start_agents

    return start_agents(project, config, common, overrides, names)
