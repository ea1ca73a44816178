"""Local agents as a screen has them: a real spawner, a real keeper, real programs."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from qms_tui.keeper.journal.reader import read_entries, read_segments
from qms_tui.keeper.journal.records import Output
from qms_tui.keeper.local_processes import LocalProcesses
from qms_tui.keeper.local_runtime import LocalRuntime
from qms_tui.keeper.paths import LOCK, SPAWNER_LOCK
from qms_tui.runtime.environment import inherited

PATIENCE = 20.0


class World:
    """A project's folder, and the processes that hold its agents."""

    def __init__(self, place: Path) -> None:
        self.root = place / "project"
        self.root.mkdir()
        self.folder = place / "processes"
        self.processes = LocalProcesses(self.root, folder=self.folder)
        self._runtimes: list[LocalRuntime] = []

    def runtime(self, *argv: str, script: str = "", env: Mapping[str, str] | None = None) -> LocalRuntime:
        """A screen's: agents run that command, or that script of a shell's."""
        command = argv or ("/bin/sh", "-c", script)
        environment = inherited(os.environ) | dict(env or {})
        runtime = LocalRuntime(
            self.root, lambda agent: command, lambda agent: environment | {"AGENT": agent},
            processes=LocalProcesses(self.root, folder=self.folder),
        )  # fmt: skip
        self._runtimes.append(runtime)
        return runtime

    @property
    def spawner(self) -> psutil.Process:
        return self._owner(SPAWNER_LOCK)

    @property
    def keeper(self) -> psutil.Process:
        return self._owner(LOCK)

    def kill_keeper(self) -> None:
        """With SIGKILL; it is gone after that."""
        keeper = self.keeper
        keeper.send_signal(signal.SIGKILL)
        wait_for(lambda: not keeper.is_running() or keeper.status() == psutil.STATUS_ZOMBIE)

    def printed(self, agent: str = "qa") -> bytes:
        """All output in the agent's journal."""
        entries = read_entries(read_segments(self.folder / agent))
        return b"".join(entry.fact.data for entry in entries if isinstance(entry.fact, Output))

    async def close(self) -> None:
        """End everything; nothing may stay."""
        for runtime in self._runtimes:
            await runtime.close()
        self.processes.stop()

    def _owner(self, lock: str) -> psutil.Process:
        return psutil.Process(json.loads((self.folder / lock).read_text())["pid"])


def wait_for(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"waited {patience:g} s in vain"
        time.sleep(0.01)
