"""A project that its user trusts, for tests that are about something else."""

from __future__ import annotations

from pathlib import Path

from qms_tui.project import Project
from qms_tui.trust import Answer, TrustStore, examine


def trust(root: Path, state: Path, user_file: Path | None = None) -> None:
    """Answer the question of the project at `root` as it is now; `state` is XDG_STATE_HOME."""
    store = TrustStore(state / "qms-tui" / "trust")
    store.write(examine(Project(root), user_file=user_file, store=store).answered(Answer.TRUST))
