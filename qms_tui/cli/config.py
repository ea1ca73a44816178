"""`qms-tui config`: what is in force here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from qms_tui.cli.loading import load_anywhere, warn_of
from qms_tui.cli.options import Common, common_options
from qms_tui.cli.printing import echo_lines, print_notices
from qms_tui.config import Config, Faults, format_config
from qms_tui.errors import ProjectError
from qms_tui.project import Project, find_project


@click.command("config")
@common_options
def config(common: Common) -> int:
    """Print the configuration in force and where each value comes from.

    What is wrong in a file is said, the rest of it is printed, and the status is 2.
    """
    if common.project is not None:
        find_project(common.project, Path())
    faults = Faults()
    config = load_anywhere(common, on_fault=faults)
    echo_lines(format_config(config).rstrip("\n").split("\n"))
    with contextlib.suppress(ProjectError):
        echo_lines(_of_definitions(find_project(common.project, Path()), config))
    print_notices(config)
    warn_of(faults)
    return 2 if any(faults) else 0


def _of_definitions(project: Project, config: Config) -> Iterator[str]:
    """What agents' definitions ask for besides, and what of that has no effect."""
    from qms_tui.programs.definition_wishes import in_words
    from qms_tui.runtime.agent_places import agent_places
    from qms_tui.runtime.definition import agent_wishes

    places = agent_places(project, config)
    for agent in project.roster(config.agents):
        found = agent_wishes(project, config, agent, places)
        if said := in_words(found, config.agent(agent)):
            yield f"# The definition of {agent} asks for {said}."
        yield from (f"# The definition of {agent}, {key}." for key in found.ignored)
