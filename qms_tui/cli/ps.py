"""`qms-tui ps`: its options, and what there is of every project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qms_tui.cli.gateway import standing
from qms_tui.cli.loading import load
from qms_tui.cli.options import Common, common_options
from qms_tui.cli.printing import echo, echo_json, echo_lines, warn
from qms_tui.cli.prune import everything
from qms_tui.cli.runtimes import docker_runtime, engine_here, keeper_client
from qms_tui.config import Config
from qms_tui.errors import KeeperError, UsageError
from qms_tui.project import Project

if TYPE_CHECKING:
    from qms_tui.keeper.programs import Programs


@click.command("ps")
@common_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--usage", "with_usage", is_flag=True, help="Processor and memory, too; takes two seconds.")
@click.option("--all-projects", is_flag=True, help="Everything of qms-tui's, of every project.")
def ps(common: Common, as_json: bool, with_usage: bool, all_projects: bool) -> int:
    """List the project's containers, or all there is."""
    if all_projects and with_usage:
        raise UsageError("--usage is of one project's agents", hint="leave out --all-projects")
    if all_projects:
        return _ps_everything(common, as_json)
    from qms_tui.keeper.disk.record import with_disk
    from qms_tui.keeper.paths import keeper_folder

    project, config = load(common)
    runtime = docker_runtime(project, config)
    try:
        found = with_disk(runtime.all_now(), keeper_folder(project.root, runtime.host))
        usage = runtime.usage_now(found) if with_usage else None
        strangers = runtime.strangers_now()
    finally:
        runtime.close_now()
    from qms_tui.cli.ps_listing import listing

    servers, reported = standing(project, config), _reported(project, config, runtime.host)
    lines = listing(project, found, config, servers, usage, reported, as_json=as_json)
    echo_lines(lines[0].split("\n") if as_json else lines)
    for agent in sorted(found):
        if why := project.inbox_obstacle(agent):
            warn(f"the inbox of {agent} cannot be looked at: {why}")
    for stranger in strangers:
        (warn if as_json else echo)(f"{stranger}: {stranger.remedy}")
    return 0


def _reported(project: Project, config: Config, engine: str) -> Programs:
    """What programs report of themselves, as far as a keeper holds their terminals."""
    from qms_tui.keeper.programs import reported

    try:
        return reported(keeper_client(project, config, engine))
    except KeeperError as error:
        warn(f"what programs report of themselves is not known: {error.message}")
        return {}


def _ps_everything(common: Common, as_json: bool) -> int:
    from qms_tui import leftovers

    engine = engine_here(common)
    try:
        things = everything(engine)
    finally:
        engine.close()
    if as_json:
        echo_json(leftovers.as_json(things))
    else:
        echo_lines(leftovers.as_table(things) if things else ["there is nothing of qms-tui's"])
    return 0
