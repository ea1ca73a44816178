"""`qms-tui local`: the folders of agents that are programs of this machine, and what may be copied there."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from qms_tui.cli.loading import load_whole
from qms_tui.cli.names import check_names
from qms_tui.cli.options import Common, agents_argument, common_options
from qms_tui.cli.printing import confirm, echo
from qms_tui.config import Config
from qms_tui.errors import UsageError
from qms_tui.project import Project

if TYPE_CHECKING:
    from qms_tui.programs.base import Copyable


@click.command("local")
@common_options
@click.option("--copy", "wanted", is_flag=True, help="Copy login and conversations there, after asking.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@agents_argument
def local(common: Common, agents: Sequence[str], wanted: bool, yes: bool) -> int:
    """Show where agents of the local runtime keep their files.

    It shares nothing with agents' containers. With --copy, the login of each AGENT and what was said in its
    conversations are copied from its container's files; settings and hooks never are, and nothing that is
    there already is replaced.
    """
    from qms_tui.programs.local_copy import copyable

    project, config = load_whole(common)
    roster = project.roster(config.agents)
    names = check_names(project, agents, roster) if agents else roster
    there = {agent: copyable(project, config, agent) for agent in names}
    if not wanted:
        return _show(project, there)
    if not agents:
        raise UsageError("--copy needs an agent's name", hint="as in: qms-tui local --copy qa")
    return _copy(project, config, there, yes)


def _show(project: Project, there: Mapping[str, Copyable]) -> int:
    from qms_tui.programs.config_folder import local_folder

    for agent, found in there.items():
        folder = local_folder(project, agent).path
        made = "" if os.path.lexists(folder) else " (not made yet)"
        echo(f"{agent}: {folder}{made}")
        if found:
            echo(f"  in its container's files: {found}; qms-tui local --copy {agent}")
    return 0


def _copy(project: Project, config: Config, there: Mapping[str, Copyable], yes: bool) -> int:
    from qms_tui.programs.local_copy import copy

    for agent, found in there.items():
        echo(f"{agent}: {found} in {project.folders(agent).config}")
    if not any(there.values()):
        echo("there is nothing to copy")
        return 0
    if not yes:
        _ask()
    for agent, found in there.items():
        if found:
            copied = copy(project, config, agent)
            echo(f"{agent}: copied {copied}" if copied else f"{agent}: has all of it already")
    return 0


def _ask() -> None:
    """Programs in the agents' containers could write what is copied; only the human knows them."""
    if not sys.stdin.isatty():
        raise UsageError(
            "local --copy asks before it copies, and standard input is no terminal",
            hint="say --yes if you trust what these agents' containers have written",
        )
    echo("Programs in these containers could write all of that. On this machine they would be gone on with.")
    confirm("Copy it?")
