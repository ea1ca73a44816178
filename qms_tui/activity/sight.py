"""What an agent's terminal shows of its program: its title, its bell, and what it reports of itself. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from qms_tui.activity.status import (
    activity_of,
    background_work,
    continued,
    has_news,
    no_later,
    rests,
    standing,
)
from qms_tui.programs.signs import SLACK
from qms_tui.programs.values import Activity
from qms_tui.terminal import NO_STATUS, ProgramState, ProgramStatus


@dataclass(frozen=True, slots=True)
class Sight:
    """The Signs of a program: when it began, its title and when that changed, its bell, its reports."""

    began: float = 0.0
    title: str = ""
    title_at: float = 0.0
    rang_at: float = 0.0
    works_since: float = 0.0
    """When its title began to show work, if it does."""
    silent_since: float = 0.0
    """Since when somebody who looks again and again has missed its status line; 0 if nobody does."""
    status: ProgramStatus = NO_STATUS
    """What it reports of itself in its terminal, each record with the time since when it says so."""
    behind: float = 0.0
    """Seconds that our clock was behind the program's begin: an engine's is ahead, or ours was set back."""
    rested_at: float = 0.0
    """When the last of its children has ended."""
    looked_at: float = 0.0
    """When the human was at its pane last."""

    read_at: float = math.inf
    """When its folder was looked into last, which may be a while ago: what its terminal shows is of now."""

    @property
    def present_status(self) -> ProgramStatus:
        """What this program reports, and none before it."""
        return standing(self.status, self.began - self.behind - SLACK)

    @property
    def is_unseen(self) -> bool:
        """Whether it has finished and the human has not looked since."""
        return has_news(self.status.root, self.looked_at)

    @property
    def reported(self) -> Activity | None:
        """What it does, as it reports; None if it reports nothing."""
        return activity_of(self.present_status, self.looked_at, self.rested_at)

    @property
    def wants_login(self) -> bool:
        """Whether the program itself waits for a login; children may be what its tools have written."""
        root = self.present_status.root
        return root is not None and root.state is ProgramState.BLOCKED and root.kind == "auth"

    @property
    def background_work(self) -> str:
        """Which of its children work, in words; empty if none does."""
        return background_work(self.present_status)

    def reporting(self, status: ProgramStatus, now: float) -> Sight:
        """The same with other reports."""
        rested_at = now if rests(self.status, status) else self.rested_at
        return replace(self, status=continued(self.status, status), rested_at=rested_at).dated(now)

    def looked(self, now: float) -> Sight:
        """The same with the human at its pane: its bell has been heard, its finished work seen."""
        return replace(self, rang_at=0.0, looked_at=now).dated(now)

    def dated(self, now: float) -> Sight:
        """The same with nothing of it in times to come, where a clock that was set back leaves it."""
        rested_at, looked_at = min(self.rested_at, now), min(self.looked_at, now)
        behind, status = max(self.behind, self.began - now), no_later(self.status, now)
        return replace(self, status=status, behind=behind, rested_at=rested_at, looked_at=looked_at)

    def titled(self, title: str, works_since: float, now: float) -> Sight:
        """The same with another title, which shows work since then; 0 if it shows none."""
        return replace(self, title=title, title_at=now, works_since=works_since)
