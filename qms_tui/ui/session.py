"""What the screen is opened with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qms_tui.config import Config
from qms_tui.project import Project
from qms_tui.remembered import Memory, View
from qms_tui.ui.daemon_link import Connect
from qms_tui.ui.terminal_links import Terminals


@dataclass(frozen=True, slots=True)
class Session:
    """One interface: a project, the agents to show, the way to their daemon and to their terminals."""

    project: Project
    config: Config
    agents: tuple[str, ...]
    engine: str
    """Where agents run, in a few words for the status line."""
    connect: Connect
    """Called again when the connection is lost."""
    terminals: Terminals
    notices: tuple[str, ...] = ()
    view: View | None = None
    """How to arrange the panes; its agents are these, in this order."""
    memory: Memory | None = None
    """Where changes of the arrangement are remembered, if anywhere."""
    inside: Callable[[str, str], str | None] | None = None
    """Where an agent sees a path of this machine, if pasted paths are to become that."""
