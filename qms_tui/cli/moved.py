"""A project that was renamed while its agents run: they go on under its old name, in this very folder."""

from __future__ import annotations

import shlex
from contextlib import closing, suppress
from pathlib import Path

from qms_tui.config import Config, RuntimeKind
from qms_tui.errors import EngineError, ProjectError
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
    from qms_tui.leftovers import Kind, find_on_engine
    from qms_tui.runtime.docker import connect

    with suppress(EngineError), closing(connect(config.engine.host)) as engine:  # what follows says it
        things = find_on_engine(engine)
        return sorted(
            thing.agent
            for thing in things
            if thing.kind is Kind.CONTAINER and thing.project == str(root) and thing.used
        )
    return []
