"""Which folder an agent's program has in the runtime that holds."""

from __future__ import annotations

from qms_tui.config import Config, RuntimeKind
from qms_tui.programs.config_folder import ConfigFolder, container_folder, local_folder
from qms_tui.programs.registry import program_of
from qms_tui.project import Project


def config_folder(
    project: Project, config: Config, agent: str, *, isolated: bool | None = None
) -> ConfigFolder | None:
    """The agent's own folder; None for a program that keeps nothing there that could be read.

    `isolated` says whether it is in a container; without, the configuration does.

    Any program in a container may be our image's. On this machine only some are known to use it.
    """
    if isolated is None:
        isolated = config.engine.runtime is not RuntimeKind.LOCAL
    if isolated:
        return container_folder(project, agent)
    is_kept = program_of(config.agent(agent).command).has_own_files
    return local_folder(project, agent) if is_kept else None
