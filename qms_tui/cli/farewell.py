"""What is said once the screen is left: who goes on, how to come back, how to end them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qms_tui.cli.options import Common
from qms_tui.cli.printing import echo_lines
from qms_tui.errors import QmsTuiError
from qms_tui.project import Project, find_project

if TYPE_CHECKING:
    from qms_tui.api.agents import AgentView


def farewell(
    agents: Sequence[str], options: Sequence[str], where: str, back: Sequence[str] = ()
) -> list[str]:
    """Lines on agents that go on somewhere; `options` are those with which qms-tui means this project.

    `back` are those that it needs besides to open the same again.
    """
    if not agents:
        return []
    *others, last = agents
    who = f"{', '.join(others)} and {last} go on" if others else f"{last} goes on"
    return [
        f"{who} {where if others else where.replace('their containers', 'its container')}.",
        f"  to come back:  {shlex.join(['qms-tui', *options, *back])}",
        f"  to end {'them' if others else 'it'}:".ljust(17)
        + shlex.join(["qms-tui", "stop", *options, *agents]),
    ]


def say_farewell(options: Sequence[str], back: Sequence[str], agents: Sequence[AgentView]) -> None:
    """Print them, of agents that run wherever they were started."""
    isolated = {agent.isolated for agent in agents}
    places = ["in their containers"] * (True in isolated) + ["on this machine"] * (False in isolated)
    echo_lines(farewell([agent.name for agent in agents], options, " and ".join(places), back))


def options_again(common: Common, project: Project) -> list[str]:
    """The options without which qms-tui, started here again, would mean something else."""
    named = [] if common.config is None else ["--config", str(common.config)]
    return named if _is_around_us(project) else [*named, "--project", str(project.root)]


def _is_around_us(project: Project) -> bool:
    try:
        return find_project(None, Path()).root == project.root
    except QmsTuiError:
        return False
