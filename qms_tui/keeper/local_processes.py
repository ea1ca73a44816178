"""The two processes of a project's local agents: their spawner, and their keeper. Blocking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qms_tui.keeper.client import KeeperClient
from qms_tui.keeper.paths import LOCAL, keeper_folder
from qms_tui.keeper.spawner.client import SpawnerClient


class LocalProcesses:
    """Both have their files in one folder, by which they find each other."""

    def __init__(
        self, root: Path, options: Sequence[str] = (), *, folder: Path | None = None, lifeline: int = -1
    ) -> None:
        """`root` is the project's, `options` are for a keeper that has to be started.

        `folder` is for their files, if not the usual one; with the end of the pipe `lifeline` both end, and
        the agents.
        """
        self.root = root
        self.folder = folder or keeper_folder(root, LOCAL)
        self.outlive = lifeline < 0
        self.spawner = SpawnerClient(self.folder, str(root), lifeline)
        self.keeper = KeeperClient(root, LOCAL, options, folder=folder, lifeline=lifeline)

    def start_early(self) -> None:
        """See to it that both run, without waiting for them: the spawner is needed first."""
        self.spawner.start_early()
        self.keeper.start_early()

    def stop(self) -> bool:
        """End all agents and both processes, the one also if the other fails; whether there was a spawner.

        Raises KeeperError.
        """
        try:
            return self.spawner.stop()
        finally:
            self.keeper.stop()

    def close(self) -> None:
        """Let go; both go on."""
        self.spawner.close()
        self.keeper.close()
