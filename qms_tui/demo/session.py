"""What a command of the agent has at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from qms_tui.demo.jobs import Jobs
from qms_tui.demo.prompt import Prompt
from qms_tui.demo.qms import Qms
from qms_tui.demo.status import Reporter


@dataclass(frozen=True)
class Session:
    """Who sits at the prompt, and the QMS at hand. `now` tells the time, UTC."""

    agent: str
    qms: Qms
    now: Callable[[], datetime]
    prompt: Prompt
    reporter: Reporter
    jobs: Jobs

    def others(self) -> list[str]:
        """The other agents; the human comes last."""
        owners = [name for name in self.qms.inboxes.owners() if name != self.agent]
        return sorted(owners, key=lambda name: name == "lead")
