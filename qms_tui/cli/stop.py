"""`qms-tui stop`: agents, or all there is of a project."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from qms_tui.cli.daemon import disarm, stop_by_daemon
from qms_tui.cli.loading import load
from qms_tui.cli.moved import say_moved
from qms_tui.cli.options import Common, agents_argument, common_options
from qms_tui.cli.printing import confirm, echo
from qms_tui.errors import UsageError
from qms_tui.text.printable import plain


@click.command("stop")
@common_options
@click.option("--all", "every", is_flag=True, help="Every agent of this project.")
@click.option("--yes", is_flag=True, help="Do not ask, also of another user's agents.")
@agents_argument
def stop(common: Common, agents: Sequence[str], every: bool, yes: bool) -> int:
    """End agents, and remove containers; their files stay.

    Asks before it ends what another user has started. After --all nothing is started by itself any more,
    until you open or start something.
    """
    if bool(agents) == every:
        raise UsageError("stop which agents?", hint="name them, or say --all for every agent of this project")
    from qms_tui.cli.stopping import Stopping

    project, config = load(common)
    there = Stopping(project, config)
    try:
        if not every:
            project.check_agents(agents, sorted({*project.roster(config.agents), *there.agents}))
        wanted = there.agents if every else tuple(dict.fromkeys(agents))
        foreign = [agent for agent in wanted if there.is_foreign(agent)]
        if foreign and not yes:
            _ask_to_stop(foreign)
        if every:
            disarm(project)  # else what is ended here may be started again
        echo(f"stopping {', '.join(wanted)} ..." if wanted else there.nothing)
        there.end(wanted, frozenset() if every else stop_by_daemon(project, wanted))
        if every:
            there.clear_away()
        say_moved(project, config)
        return there.status
    finally:
        there.close()


def _ask_to_stop(foreign: Sequence[str]) -> None:
    """They may be another user's, or one's own under another name of the machine: only a human knows."""
    said = plain(f"{', '.join(foreign)}: started by another user, by root, or on another machine")
    if not sys.stdin.isatty():
        raise UsageError(said, hint="say --yes if they may be ended")
    confirm(f"{said}. End {'it' if len(foreign) == 1 else 'them'} all the same?")
