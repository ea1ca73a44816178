"""What the screen is opened with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from qms_tui.config import Config
from qms_tui.inbox import Past
from qms_tui.mcp.lights import Standing
from qms_tui.project import Project
from qms_tui.remembered import Memory, View
from qms_tui.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Session:
    """One interface: a project, the agents to show, and the runtime they live in."""

    project: Project
    config: Config
    agents: tuple[str, ...]
    roster: tuple[str, ...]
    runtime: Runtime
    engine: str
    """Where agents run, in a few words for the status line."""
    notices: tuple[str, ...] = ()
    view: View | None = None
    """How to arrange the panes; its agents are these, in this order."""
    memory: Memory | None = None
    """Where changes of the arrangement are remembered, if anywhere."""
    past: Past | None = None
    """Where it is remembered what was consumed, and what was typed, if anywhere."""
    servers: Callable[[], Awaitable[Standing]] | None = None
    """Tells how the MCP servers stand, if there are any."""
    inside: Callable[[str, str], str | None] | None = None
    """Where an agent sees a path of this machine, if pasted paths are to become that."""
