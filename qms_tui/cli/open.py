"""`qms-tui [AGENT]...`: which agents, where they run, and the screen on them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from qms_tui.cli.deciding import decide
from qms_tui.cli.gateway import lights, with_servers
from qms_tui.cli.group import OPEN
from qms_tui.cli.loading import check_rights, config_of, examine_here, log_to_file
from qms_tui.cli.names import DEFAULT_AGENTS, check_names
from qms_tui.cli.options import Common, agents_argument, common_options
from qms_tui.cli.runtimes import (
    docker_runtime,
    early_keeper,
    ignored_wishes,
    inside_paths,
    kept_runtime,
    local_runtime,
)
from qms_tui.cli.screen import show
from qms_tui.config import Overrides, RuntimeKind
from qms_tui.errors import QmsTuiError
from qms_tui.inbox.past import Past, past_folder
from qms_tui.project import Project, find_project
from qms_tui.remembered import Memory, View, views_folder


@click.command(OPEN, hidden=True)
@common_options
@click.option("--runtime", type=click.Choice([kind.value for kind in RuntimeKind]),
              help="Where agents run: docker (default); local is not isolated.")  # fmt: skip
@click.option("--command", metavar="TEXT", help="What an agent runs, split as a shell would, given to none.")
@click.option("--image", metavar="NAME", help="The image of the agents' containers.")
@agents_argument
def open_screen(
    common: Common, agents: Sequence[str], runtime: str | None, command: str | None, image: str | None
) -> int:
    """Open the screen on these agents."""
    project, overrides = find_project(common.project, Path()), Overrides(runtime, command, image)
    check_rights(project)
    standing = examine_here(project, common, overrides)
    log_to_file(common)
    memory = Memory(project.root, views_folder())
    past = Past(project.root, past_folder())
    roster = project.roster(config_of(standing, overrides).agents)
    names, view = _to_open(project, roster, agents, memory.read())
    config = decide(standing, overrides)
    if config is None:
        return 0
    from qms_tui.runtime.logins import shared_logins

    if config.engine.runtime is RuntimeKind.LOCAL:
        from qms_tui.runtime.local_copy import remarks as local_remarks

        local, said = local_runtime(project, config), local_remarks(project, config, names)
        said = (*said, *shared_logins(map(config.agent, names), os.environ, isolated=False))
        return show(project, config, names, local, "local, not isolated", said, view, memory, past)
    config = with_servers(project, config, names)
    keeper = early_keeper(project, config, common)
    try:
        where = docker_runtime(project, config)
        try:
            where.prepare_early(where.check_images(names))
        except QmsTuiError:
            where.close_now()
            raise
    except QmsTuiError:
        keeper.close()
        raise
    kept = kept_runtime(where, keeper)
    remarks = (
        *where.remarks,
        *shared_logins(map(config.agent, names), os.environ),
        *ignored_wishes(project, config, names),
    )
    servers = lights(project, config)
    inside = inside_paths(project, config)
    return show(project, config, names, kept, where.engine, remarks, view, memory, past, servers, inside)


def _to_open(
    project: Project, roster: Sequence[str], named: Sequence[str], remembered: View | None
) -> tuple[tuple[str, ...], View | None]:
    """The named agents, else those that were open last, else the usual ones; and how they stood.

    Agents that left the roster are dropped. Named ones stand as they did if they are the same, in whatever
    order.
    """
    if named:
        names = check_names(project, named, roster)
        return names, remembered.ordered(names) if remembered else None
    view = remembered.only(roster) if remembered else None
    return check_names(project, view.agents if view else DEFAULT_AGENTS, roster), view
