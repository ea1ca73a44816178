"""A project's daemon ahead of its clients: starting it, and its age. Nothing else is loaded for that."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from qms_tui.api.place import LOCK, daemon_folder
from qms_tui.ipc.launch import Process, launch
from qms_tui.ipc.lock import is_older, is_taken, words_of_owner


def launch_daemon(root: Path, options: Sequence[str] = (), lifeline: int = -1) -> Process:
    """Begin with one; another one that serves already is fine. It ends with the pipe `lifeline`."""
    own = ("--lifeline", str(lifeline)) if lifeline >= 0 else ()
    command = [sys.executable, "-P", "-m", "qms_tui.daemon", "--project", str(root), *own, *options]
    return launch(command, lifeline)


def launch_early(root: Path, options: Sequence[str] = (), lifeline: int = -1) -> Process | None:
    """The same, if there is none yet; whoever is its client waits for it, or reaps it."""
    return None if is_taken(daemon_folder(root) / LOCK) else launch_daemon(root, options, lifeline)


def older_version(root: Path) -> str:
    """That of the daemon that runs if it is older than ours, as its lock says; else empty."""
    words = words_of_owner(daemon_folder(root) / LOCK)
    return str(words["version"]) if words is not None and is_older(words, 0) else ""


def daemon_options(config_file: str = "", log_level: str = "info") -> tuple[str, ...]:
    """For one that reads `config_file` in place of the user's own."""
    return ("--log-level", log_level, *(("--config", config_file) if config_file else ()))
