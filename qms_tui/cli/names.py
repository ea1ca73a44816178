"""The names of agents as they are typed."""

from __future__ import annotations

from collections.abc import Sequence

from qms_tui.cli.group import cli
from qms_tui.errors import UsageError
from qms_tui.project import AGENT_NAME, Project

DEFAULT_AGENTS = ("claude", "qa")


def check_spelling(names: Sequence[str]) -> None:
    """Raise UsageError unless each can be an agent's name, and comes once."""
    for name in names:
        if name in cli.commands:
            raise UsageError(
                f"{name!r} is a command of qms-tui, not an agent", hint=f"write: qms-tui {name} ..."
            )
        if not AGENT_NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot be an agent's name", hint="small letters, digits and _, like tu_ui"
            )
        if names.count(name) > 1:
            raise UsageError(f"agent {name!r} is named twice", hint="name each agent once")


def check_names(project: Project, names: Sequence[str], roster: Sequence[str]) -> tuple[str, ...]:
    """The names, if they are spelled well and the project has them. Raises UsageError, UnknownAgentError."""
    check_spelling(names)
    project.check_agents(names, roster)
    return tuple(names)
