"""What of an agent's container goes along to the agent as a program of this machine, and how that is said."""

from __future__ import annotations

import os
from collections.abc import Sequence

from qms_tui.config import Config
from qms_tui.errors import ProjectError, refused, state_remedy
from qms_tui.programs.base import Copyable
from qms_tui.programs.config_folder import container_folder, local_folder, make_local_folder
from qms_tui.programs.registry import program_of
from qms_tui.project import Project


def remarks(project: Project, config: Config, agents: Sequence[str]) -> tuple[str, ...]:
    """What to say before these agents are started: those whose container has more than they have here yet."""
    new = [
        agent
        for agent in agents
        if program_of(config.agent(agent).command).has_own_files
        and not os.path.lexists(local_folder(project, agent).path)
        and copyable(project, config, agent)
    ]
    if not new:
        return ()
    return (
        f"Agents of the local runtime no longer use their containers' files: {', '.join(new)} "
        f"begin{'s' if len(new) == 1 else ''} without login and conversations. The old files stay in "
        f".claude/users/NAME/container; to copy both: qms-tui local --copy {' '.join(new)}",
    )


def copyable(project: Project, config: Config, agent: str) -> Copyable:
    """What there is to copy. Blocking."""
    program = program_of(config.agent(agent).command)
    return program.copyable(container_folder(project, agent), _cwds(project, config, agent))


def copy(project: Project, config: Config, agent: str) -> Copyable:
    """Copy what the agent does not have here yet; what was copied. Blocking.

    Raises ProjectError if its folder here cannot be written.
    """
    program, target = program_of(config.agent(agent).command), make_local_folder(project, agent)
    source, cwds = container_folder(project, agent), _cwds(project, config, agent)
    try:
        return program.copy(source, target, cwds, str(project.root))
    except OSError as error:
        raise ProjectError(
            refused(error, target), hint=state_remedy(error, "is the folder yours?")
        ) from error


def _cwds(project: Project, config: Config, agent: str) -> tuple[str, str]:
    """The project as it is seen here and inside."""
    return str(project.root), config.agent(agent).workdir
