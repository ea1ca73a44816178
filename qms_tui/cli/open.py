"""`qms-tui [AGENT]...`: which agents, where they run, and the screen on them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from qms_tui.cli.deciding import decide
from qms_tui.cli.farewell import options_again, say_farewell
from qms_tui.cli.group import OPEN, complete_words
from qms_tui.cli.loading import check_rights, config_of, examine_here, log_to_file
from qms_tui.cli.moved import check_moved
from qms_tui.cli.names import agents_to_open, check_command, commands_meant
from qms_tui.cli.options import Common, common_options, known_agents, program_options
from qms_tui.cli.screen import check_terminal, show
from qms_tui.cli.wish import config_file_of, environment_of, wish_to_open
from qms_tui.config import Overrides, RuntimeKind
from qms_tui.errors import UsageError
from qms_tui.project import find_project
from qms_tui.remembered import Memory, views_folder

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
        expected = config_of(standing, overrides)
        check_moved(standing, expected)
        roster = project.roster(expected.agents)
        names, view = agents_to_open(project, roster, agents, memory.read())
    config = decide(standing, overrides)
    if config is None:
        return 0
    if config.engine.runtime is RuntimeKind.DOCKER:
        project.check_path()
    from qms_tui.cli.opening import Opening
    from qms_tui.cli.upgrade import may_replace_older

    opening = Opening(
        project,
        partial(wish_to_open, names, overrides, common),
        partial(environment_of, config),
        config_file=config_file_of(common),
        log_level=common.log_level,
        keeps_older=not may_replace_older(project),
    )
    try:
        check_terminal()
    except UsageError:
        opening.try_out()  # what is wrong with the agents comes first: it needs no terminal to be mended
        raise
    said_locally = expected.engine.runtime is not config_of(standing).engine.runtime
    again, back = options_again(common, project), LOCALLY if said_locally else ()
    return show(project, config, names, opening, view, memory, on_left=partial(say_farewell, again, back))
