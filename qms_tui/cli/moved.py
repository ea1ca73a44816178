"""A project that was renamed while its agents run: they go on under its old name, in this very folder."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from qms_tui.cli.printing import note, warn
from qms_tui.config import Config, RuntimeKind
from qms_tui.errors import EngineError, KeeperError, ProjectError
from qms_tui.project import Project
from qms_tui.trust import FolderIdentity, Standing, TrustStore


def check_moved(standing: Standing, config: Config) -> None:
    """Raise ProjectError if agents of this folder run under another name of it.

    A second one would work on the same credentials, history and workspace. Asked until the project is known
    under its new name.
    """
    if not standing.is_recorded:
        for refusal in _refusals(standing.project.root, standing.folder, config):
            raise refusal


def say_moved(project: Project, config: Config) -> None:
    """Say which agents of this folder run under another name of it, to somebody who looks for agents."""
    with suppress(OSError):
        if TrustStore.of_user().path(project.root).exists():
            return  # it is known under this name
        for refusal in _refusals(project.root, FolderIdentity.of(project.root), config):
            warn(refusal.message)
            note(f"  {refusal.hint}")


def _refusals(root: Path, folder: FolderIdentity, config: Config) -> Iterator[ProjectError]:
    for earlier in TrustStore.of_user().earlier_roots(root, folder):
        if running := sorted({*_contained(earlier, config), *_local(earlier)}):
            yield ProjectError(
                f"{', '.join(running)} of this very folder still runs under its old name, {earlier}",
                hint=f"end that first: qms-tui prune --project {shlex.quote(str(earlier))}",
            )


def _contained(root: Path, config: Config) -> list[str]:
    if config.engine.runtime is RuntimeKind.LOCAL:
        return []
    from qms_tui.leftovers import Kind, find_on_engine
    from qms_tui.runtime.docker import connect

    with suppress(EngineError), closing(connect(config.engine.host)) as engine:  # what follows says it
        things = find_on_engine(engine)
        return [
            thing.agent
            for thing in things
            if thing.kind is Kind.CONTAINER and thing.project == str(root) and thing.used
        ]
    return []


def _local(root: Path) -> list[str]:
    from qms_tui.keeper.local_processes import LocalProcesses

    with suppress(KeeperError):  # one that hangs keeps nobody from going on
        programs = LocalProcesses(root).spawner.programs()
        return [agent for agent, facts in programs.items() if facts.alive]
    return []
