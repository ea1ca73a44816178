"""Starting a project's daemon ahead of whoever will be its client: nothing else is loaded for that."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from qms_tui.api.place import LOCK, daemon_folder
from qms_tui.ipc.launch import Process, launch
from qms_tui.ipc.lock import is_taken


def launch_daemon(root: Path, options: Sequence[str] = (), lifeline: int = -1) -> Process:
    """Begin with one; another one that serves already is fine. It ends with the pipe `lifeline`."""
    own = ("--lifeline", str(lifeline)) if lifeline >= 0 else ()
    command = [sys.executable, "-P", "-m", "qms_tui.daemon", "--project", str(root), *own, *options]
    return launch(command, lifeline)


def launch_early(root: Path, options: Sequence[str] = (), lifeline: int = -1) -> Process | None:
    """The same, if there is none yet; whoever is its client waits for it, or reaps it."""
    return None if is_taken(daemon_folder(root) / LOCK) else launch_daemon(root, options, lifeline)


def daemon_options(config_file: str = "", log_level: str = "info") -> tuple[str, ...]:
    """For one that reads `config_file` in place of the user's own."""
    return ("--log-level", log_level, *(("--config", config_file) if config_file else ()))
