"""What the screen is opened with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from qms_tui.config import Config
from qms_tui.project import Project
from qms_tui.remembered import Memory, View
from qms_tui.ui.daemon_link import Connect


@dataclass(frozen=True, slots=True)
class Session:
    """One interface: a project, the agents to show, the way to their daemon."""

    project: Project
    config: Config
    agents: tuple[str, ...]
    connect: Connect
    """Called again when the connection is lost."""
    where: str = ""
    """Where agents run, in a few words for the status line, if that is no matter of each agent."""
    outlives: bool = True
    """Whether programs go on when the screen is left."""
    view: View | None = None
    """How to arrange the panes; its agents are these, in this order."""
    memory: Memory | None = None
    """Where changes of the arrangement are remembered, if anywhere."""
    end_daemon: Callable[[], object] | None = None
    """Ends a daemon that hangs, by force; `connect` has another one started. Blocking. Raises QmsTuiError."""
    began: float = field(default_factory=time.time)
    """When the human asked for it, in seconds since 1970: what is told from then on is news."""
