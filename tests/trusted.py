"""A project that its user trusts, and agents' folders that were made here, for tests of something else."""

from __future__ import annotations

import os
from pathlib import Path

from qms_tui.project import AgentFolders, Project
from qms_tui.trust import Answer, ConfigFolders, TrustStore, examine


def trust(root: Path, state: Path, user_file: Path | None = None) -> None:
    """Answer the question of the project at `root` as it is now; `state` is XDG_STATE_HOME."""
    store = TrustStore(state / "qms-tui" / "trust")
    store.write(examine(Project(root), user_file=user_file, store=store).answered(Answer.TRUST))


def trust_here(root: Path) -> None:
    """The same in the state folder of the tests themselves, without a configuration of the user's."""
    trust(root, Path(os.environ["XDG_STATE_HOME"]), Path(os.devnull))


def prepared(root: Path, agent: str) -> AgentFolders:
    """Make an agent's folders as its first start does."""
    project = Project(root)
    with ConfigFolders(project, TrustStore.of_user()).making(agent):
        return project.prepare(agent, project.owner())
