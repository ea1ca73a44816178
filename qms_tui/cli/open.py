"""`qms-tui [AGENT]...`: which agents, where they run, and the screen on them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from qms_tui.cli.deciding import decide
from qms_tui.cli.farewell import farewell, options_again
from qms_tui.cli.group import OPEN, complete_words
from qms_tui.cli.loading import check_rights, config_of, examine_here, log_to_file
from qms_tui.cli.moved import check_moved
from qms_tui.cli.names import agents_to_open, check_command, commands_meant
from qms_tui.cli.options import Common, common_options, known_agents, program_options
from qms_tui.cli.printing import echo_lines
from qms_tui.cli.screen import show
from qms_tui.config import Overrides, RuntimeKind
from qms_tui.errors import QmsTuiError
from qms_tui.inbox.past import Past, past_folder
from qms_tui.keeper.runtimes import (
    early_keeper,
    ignored_wishes,
    kept_runtime,
    local_processes,
    local_runtime,
)
from qms_tui.keeper.servers import lights, with_repository, with_servers
from qms_tui.project import find_project
from qms_tui.remembered import Memory, views_folder
from qms_tui.runtime.engines import engine_runtime, inside_paths

LOCALLY = ("--runtime", RuntimeKind.LOCAL.value)  # how the human has said it, and has to say it again


class Open(click.Command):
    """Where an option is refused, says which command is meant, as by `logs --since 1h`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            named = next((words[at + 1 :][:1] for at, word in enumerate(words) if word == "--project"), [])
            agents = known_agents(Path(named[0]) if named else None)
            first = words[0] if not words[0].startswith("-") else error.option_name
            check_command(first, agents, words)
            check_command(error.option_name, agents, words)
            raise


@click.command(OPEN, cls=Open)
@common_options
@program_options
@click.argument("agents", nargs=-1, metavar="[AGENT]...", shell_complete=complete_words)
def open_screen(
    common: Common, agents: Sequence[str], runtime: str | None, command: str | None, image: str | None
) -> int:
    """Open the screen on these agents, also on those that are called like a command."""
    overrides = Overrides(runtime, command, image)
    with commands_meant(common, agents):
        project = find_project(common.project, Path())
        check_rights(project)
        standing = examine_here(project, common, overrides)
        log_to_file(common)
        memory = Memory(project.root, views_folder())
        past = Past(project.root, past_folder())
        expected = config_of(standing, overrides)
        check_moved(standing, expected)
        roster = project.roster(expected.agents)
        names, view = agents_to_open(project, roster, agents, memory.read())
    config = decide(standing, overrides)
    if config is None:
        return 0
    from qms_tui.runtime.logins import shared_logins

    if config.engine.runtime is RuntimeKind.LOCAL:
        from qms_tui.programs.local_copy import remarks as local_remarks

        processes = local_processes(project, config, common.log_level)
        processes.start_early()
        local, said = local_runtime(project, config, processes), local_remarks(project, config, names)
        said = (*said, *shared_logins(map(config.agent, names), os.environ, isolated=False))
        again = options_again(common, project)
        back = [] if expected.engine.runtime is config_of(standing).engine.runtime else LOCALLY
        return show(
            project, config, names, local, "local, not isolated", said, view, memory, past,
            on_left=lambda agents: echo_lines(farewell(agents, again, "on this machine", back)),
        )  # fmt: skip
    project.check_path()
    config = with_repository(project, with_servers(project, config, names))
    keeper = early_keeper(project, config, common.log_level, common.config)
    try:
        where = engine_runtime(project, config)
        try:
            where.prepare_early(where.check_images(names))
        except QmsTuiError:
            where.let_go()
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
    again = options_again(common, project)
    return show(
        project, config, names, kept, where.engine, remarks, view, memory, past, servers,
        inside=inside_paths(project, config),
        on_left=lambda agents: echo_lines(farewell(agents, again, "in their containers")),
    )  # fmt: skip
