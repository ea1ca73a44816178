"""`qms-tui ps`: its options, and what there is of every project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click
from msgspec import Struct, field

from qms_tui.cli.daemon import views_of_daemon
from qms_tui.cli.loading import load
from qms_tui.cli.local_agents import is_enough, local_agents
from qms_tui.cli.moved import say_moved
from qms_tui.cli.options import Common, common_options
from qms_tui.cli.printing import echo, echo_json, echo_lines, warn
from qms_tui.cli.prune import everywhere
from qms_tui.config import Config
from qms_tui.errors import EngineError, KeeperError, UsageError
from qms_tui.keeper.runtimes import keeper_client, local_processes
from qms_tui.keeper.servers import standing
from qms_tui.project import Project
from qms_tui.runtime.engines import project_containers

if TYPE_CHECKING:
    from qms_tui.keeper.client import KeeperClient
    from qms_tui.keeper.programs import Programs
    from qms_tui.runtime import Found, Usage
    from qms_tui.runtime.docker.stranger import Stranger


@click.command("ps")
@common_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--usage", "with_usage", is_flag=True, help="Processor and memory, too; takes two seconds.")
@click.option("--all-projects", is_flag=True, help="Everything of qms-tui's, of every project.")
def ps(common: Common, as_json: bool, with_usage: bool, all_projects: bool) -> int:
    """List the project's agents, in containers and on this machine, or all there is."""
    if all_projects and with_usage:
        raise UsageError("--usage is of one project's agents", hint="leave out --all-projects")
    if all_projects:
        return _ps_everything(common, as_json)
    from qms_tui.cli.ps_listing import listing
    from qms_tui.cli.ps_states import found_by, is_there

    project, config = load(common)
    processes = local_processes(project, config)
    local, views = local_agents(processes), views_of_daemon(project)
    try:
        contained = _contained(project, config, with_usage=with_usage)
    except EngineError as error:
        known = {agent: found_by(view) for agent, view in views.items() if view.isolated and is_there(view)}
        if known:
            warn(f"agents in containers are listed as the daemon knows them: {error.message}")
        elif not is_enough(config, local, error):
            raise
        contained = _Contained(known)
    reported = {**contained.reported, **(_reported(processes.keeper) if local else {})}
    lines = listing(
        project, contained.found, config, standing(project, config), contained.usage, reported, local,
        views, as_json=as_json,
    )  # fmt: skip
    echo_lines(lines[0].split("\n") if as_json else lines)
    for agent in sorted({*contained.found, *local}):
        if why := project.inbox_obstacle(agent):
            warn(f"the inbox of {agent} cannot be looked at: {why}")
    say_moved(project, config)
    for stranger in contained.strangers:
        (warn if as_json else echo)(f"{stranger}: {stranger.remedy}")
    return 0


class _Contained(Struct, frozen=True):
    """What the engine has of the project, what its agents use, and what their programs report."""

    found: Mapping[str, Found] = field(default_factory=dict)
    usage: Mapping[str, Usage] | None = None
    strangers: Sequence[Stranger] = ()
    reported: Programs = field(default_factory=dict)


def _contained(project: Project, config: Config, *, with_usage: bool) -> _Contained:
    """Raises EngineError."""
    from qms_tui.keeper.disk.record import with_disk
    from qms_tui.keeper.paths import keeper_folder

    containers = project_containers(project, config)
    try:
        found = with_disk(containers.all(), keeper_folder(project.root, containers.host))
        usage = containers.usage(found) if with_usage else None
        strangers = containers.strangers()
    finally:
        containers.close()
    return _Contained(found, usage, strangers, _reported(keeper_client(project, config, containers.host)))


def _reported(keeper: KeeperClient) -> Programs:
    """What programs report of themselves, as far as a keeper holds their terminals."""
    from qms_tui.keeper.programs import reported

    try:
        return reported(keeper)
    except KeeperError as error:
        warn(f"what programs report of themselves is not known: {error.message}")
        return {}


def _ps_everything(common: Common, as_json: bool) -> int:
    from qms_tui import leftovers

    with everywhere(common) as place:
        things, status = place.things, place.status
    if as_json:
        echo_json(leftovers.as_json(things))
    else:
        echo_lines(leftovers.as_table(things) if things else ["there is nothing of qms-tui's"])
    return status
