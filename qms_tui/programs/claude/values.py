"""What a client's own files say, as values. Times: seconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from qms_tui.programs.logins import OwnLogin
from qms_tui.programs.report import Report

NAME = "claude"  # the command's file name


@dataclass(frozen=True, slots=True)
class Session:
    """The client's registry of its own session, `sessions/PID.json`; what is missing there is empty."""

    pid: int
    status: str
    waiting_for: str
    changed: float
    """When the status became what it is."""
    started: float
    session: str = ""
    version: str = ""
    domain: int = 0
    """The number of the PID namespace that its process is in, which is the container's; 0 if unknown."""
    background: bool = False
    """Whether it is one in the background, which the human sees only by going there."""
    job: str = ""
    """By which the client knows it there."""
    parked: str = ""
    """The job in the background that it has become; empty if it has not."""
    spare: bool = False
    """Whether the client keeps it for later: nobody has said anything in it."""
    written: float = 0.0
    """When anything of this was last written."""


@dataclass(frozen=True, slots=True)
class Hook:
    """An event that a hook of the client has written down; `sub` is one of a subagent."""

    at: float
    event: str
    session: str = ""
    sub: bool = False
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What else it said, by the names in docker/inside/hook.py: tool, detail, error, source and the like."""
    items: tuple[str, ...] = ()
    """The files that a wake has told the agent of."""


@dataclass(frozen=True, slots=True)
class ClaudeFiles(Report):
    """Everything that an agent's folder says of its client."""

    session: Session | None = None
    """The agent's own: what arrives in its inbox is for that one."""
    others: tuple[Session, ...] = ()
    """Those that its client has in the background besides."""
    garbled: bool = False
    """Whether there is a registry that makes no sense."""
    gone: float = 0.0
    """When this client's registry was seen to have gone; 0 if it is there, or never was."""
    hooks: tuple[Hook, ...] = ()
    own_login: float = 0.0
    """When the login that its client keeps was last written; 0 if there is none."""
    credentials: OwnLogin | None = None
    """What it is; None if nobody could look."""
    settings_login: str = ""
    """What of its client's settings is a login, in words."""

    @property
    def version(self) -> str:
        """Of the client; empty if it does not say."""
        return (self.session.version if self.session else "") or (self.meter.version if self.meter else "")

    @property
    def is_client(self) -> bool:
        """Whether the program is Claude Code, by what is of now."""
        return self.session is not None or (self.birth is not None and self.birth.program == NAME)
