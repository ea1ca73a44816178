"""qms-tui on a project of its own with programs of this machine as agents, in a real terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.tui import Tui, end_local_agents

QMS_TUI = (sys.executable, "-m", "qms_tui")
PREFIX, LEAVE, ALT_1, F1, F2 = "\x02", "\x11", "\x1b1", "\x1bOP", "\x1bOQ"


class LocalScreen:
    """A project with qa, bu and more, whose home is apart from the human's."""

    def __init__(self, place: Path, name: str = "project") -> None:
        self.root = place / name
        (self.root / ".claude/agents").mkdir(parents=True)
        for agent in ("qa", "bu", *(f"tu_{n}" for n in range(1, 10))):
            (self.root / f".claude/agents/{agent}.md").write_text("")
        self.home = place / "home"
        self.home.mkdir()
        self.environment = {
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            **dict.fromkeys(("TMUX", "STY", "ZELLIJ"), ""),
        }

    def configure(self, text: str) -> None:
        """The human's own configuration."""
        folder = self.home / "config/qms-tui"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(text)

    def item(self, agent: str, name: str, text: str) -> Path:
        """A file in an inbox."""
        folder = self.root / f".claude/users/{agent}/inbox"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        return folder / name

    def open(
        self,
        command: str,
        *agents: str,
        size: tuple[int, int] = (120, 30),
        env: Mapping[str, str] = {},
        program: Sequence[str] = QMS_TUI,
    ) -> Tui:
        """The screen; each agent runs `command`, split as a shell would."""
        words = ("--runtime", "local", "--command", command, *(agents or ("qa",)))
        own = self.environment | dict(env)
        return Tui(*words, cwd=self.root, size=size, env=own, program=program)


def leave(tui: Tui) -> None:
    """Leave, and end the agents."""
    tui.type(LEAVE)
    assert tui.end() == 0
    end_local_agents(tui.state)
