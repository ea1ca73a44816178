"""A project that was renamed while its agents run: they go on under its old name, in this very folder."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path

from qms_tui.config import Config, RuntimeKind
from qms_tui.errors import EngineError, ProjectError
from qms_tui.project import Project
from qms_tui.trust import Standing, TrustStore


def check_moved(standing: Standing, config: Config) -> None:
    """Raise ProjectError if agents of this folder run under another name of it.

    A second container would work on the same credentials, history and workspace. Asked until the project is
    known under its new name.
    """
    if standing.is_recorded or config.engine.runtime is RuntimeKind.LOCAL:
        return
    for root in TrustStore.of_user().earlier_roots(standing.project.root, standing.folder):
        if running := _running(root, config):
            raise ProjectError(
                f"{', '.join(running)} of this very folder still runs under its old name, {root}",
                hint=f"end that first: qms-tui prune --project {shlex.quote(str(root))}",
            )


def _running(root: Path, config: Config) -> list[str]:
    from qms_tui.cli.runtimes import docker_runtime

    with suppress(EngineError):  # what follows needs the engine, and says so
        runtime = docker_runtime(Project(root), config)
        try:
            return sorted(agent for agent, found in runtime.all_now().items() if found.alive)
        finally:
            runtime.close_now()
    return []
