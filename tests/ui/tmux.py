"""A tmux server of a test's own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.tui import PATIENCE


class Tmux:
    """Has its socket in a folder, and reads no configuration."""

    def __init__(self, folder: Path) -> None:
        self._command = ("tmux", "-S", str(folder / "socket"), "-f", "/dev/null")

    def run(self, *arguments: str) -> str:
        return subprocess.run([*self._command, *arguments], check=True, capture_output=True, text=True).stdout

    def wait(self, holds: Callable[[str], object]) -> str:
        """Look until something holds for what is shown; what that is then."""
        deadline = time.monotonic() + PATIENCE
        while not holds(shown := self.run("capture-pane", "-p")):
            assert time.monotonic() < deadline, shown
            time.sleep(0.05)
        return shown
