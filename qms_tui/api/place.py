"""Where a project's daemon is found."""

from __future__ import annotations

from pathlib import Path

from qms_tui.text.names import path_word

LOCK, SOCKET = "daemon.lock", "daemon.sock"
_ENGINE = "daemon"  # beside the folders of keepers, which have the engine's address in this place


def daemon_folder(root: Path) -> Path:
    """Of the daemon of the project at `root` (absolute, free of links); only its owner may enter it."""
    import platformdirs

    return platformdirs.user_state_path("qms-tui") / "projects" / path_word(root, _ENGINE)
