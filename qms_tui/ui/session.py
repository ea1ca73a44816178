"""What the screen is opened with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from qms_tui.config import Config
from qms_tui.project import Project
from qms_tui.remembered import Memory, View
from qms_tui.runtime import KeeperAddress
from qms_tui.ui.daemon_link import Connect


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
    keeper: KeeperAddress
    """Where the terminals of the agents are."""
    outlives: bool
    """Whether programs go on when the screen is left."""
    leave: Callable[[], Awaitable[None]] | None = None
    """Called when the screen is left, if that ends more than the screen."""
    notices: tuple[str, ...] = ()
    view: View | None = None
    """How to arrange the panes; its agents are these, in this order."""
    memory: Memory | None = None
    """Where changes of the arrangement are remembered, if anywhere."""
    inside: Callable[[str, str], str | None] | None = None
    """Where an agent sees a path of this machine, if pasted paths are to become that."""
    end_daemon: Callable[[], object] | None = None
    """Ends a daemon that hangs, by force; `connect` has another one started. Blocking. Raises QmsTuiError."""
