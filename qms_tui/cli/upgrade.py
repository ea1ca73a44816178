"""What an older qms-tui has started, beside a newer one: replaced silently, or as the human says.

Containers lose nothing by it: the engine keeps what they print. What programs of this machine print nobody
keeps but the keeper, so the human decides when it is exchanged.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qms_tui import __version__
from qms_tui.api.process import older_version
from qms_tui.cli.local_agents import local_agents
from qms_tui.cli.printing import agrees, note, warn
from qms_tui.errors import KeeperError
from qms_tui.ipc.lock import is_older, words_of_owner
from qms_tui.keeper.paths import LOCAL, LOCK, keeper_folder
from qms_tui.project import Project
from qms_tui.text.printable import plain


def may_replace_older(project: Project) -> bool:
    """Whether what an older version has started may go, for a command that starts something; asks if agents
    of this machine are held by it, and ends it then.

    Raises KeeperError.
    """
    folder = keeper_folder(project.root, LOCAL)
    older = older_version(project.root) or _older_keeper(folder)
    if not older:
        return True
    from qms_tui.api.daemon import Daemon
    from qms_tui.keeper.local_processes import LocalProcesses

    processes, daemon = LocalProcesses(project.root), Daemon(project.root)
    agents = [name for name, found in local_agents(processes).items() if found.alive]
    if not agents:
        return True
    if _may_replace(older, agents):
        daemon.end()
        processes.keeper.stop()
        return True
    if not daemon.runs:
        _check_understood(folder, agents)
    return False


def _may_replace(version: str, agents: Sequence[str]) -> bool:
    who = ", ".join(agents)
    said = plain(f"an older qms-tui ({version}) holds on this machine: {who}")
    if sys.stdin.isatty():
        them = "They go on" if len(agents) > 1 else "It goes on"
        return agrees(f"{said}. Have this one ({__version__}) take over? {them}.")
    warn(f"{said}; it goes on holding them")
    note(f"  in a terminal you are asked whether {__version__} takes over; agents go on")
    return False


def _older_keeper(folder: Path) -> str:
    """The version of the keeper of local agents, if it is older; else empty."""
    words = _words(folder)
    if words is None:
        return ""
    from qms_tui.keeper.protocol import PROTOCOL

    return str(words.get("version", "")) if is_older(words, PROTOCOL) else ""


def _check_understood(folder: Path, agents: Sequence[str]) -> None:
    """A new daemon would have to end a keeper that it does not understand. Raises KeeperError."""
    from qms_tui.keeper.protocol import PROTOCOL

    words = _words(folder)
    if words is not None and words.get("protocol", 0) != PROTOCOL:
        raise KeeperError(
            plain(f"the keeper of {', '.join(agents)} is of an older qms-tui, and was not to be replaced"),
            hint=f"say yes to that in a terminal, or end what it holds: qms-tui stop {' '.join(agents)}",
        )


def _words(folder: Path) -> Mapping[str, Any] | None:
    return words_of_owner(folder / LOCK)
