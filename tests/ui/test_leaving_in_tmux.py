"""What a resized tmux shows once the screen is left: the lines of the shell, and nothing of the screen."""

from __future__ import annotations

import functools
import shlex
import sys
from pathlib import Path

import qms_tui
from tests.tui import end_local_agents

from .local_screen import LocalScreen
from .tmux import Tmux

SIZES = ((120, 36), (200, 50), (80, 24), (120, 36))


def test_nothing_of_the_screen_stays(tmux: Tmux, tmp_path: Path) -> None:
    screen = LocalScreen(tmp_path)
    environment = screen.environment | {
        "PYTHONPATH": str(Path(qms_tui.__file__).parents[1]),
        "LANG": "C.UTF-8",
    }
    settings = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
    tmux.run("-u", "new-session", "-d", "-x", "80", "-y", "24", *settings, "-c", str(screen.root), "sh")
    command = (sys.executable, "-m", "qms_tui", "--runtime", "local", "--command", "cat", "qa", "bu")
    tmux.run("send-keys", shlex.join(command), "Enter")
    tmux.wait(lambda shown: "running" in shown)
    for columns, lines in SIZES:
        tmux.run("resize-window", "-x", str(columns), "-y", str(lines))
        tmux.wait(functools.partial(_is_framed, columns))
    tmux.run("send-keys", "C-q")
    tmux.wait(lambda shown: "to come back" in shown)
    end_local_agents(screen.home / "state")
    assert not set(tmux.run("capture-pane", "-p", "-S", "-")) & set("│┃")


def _is_framed(columns: int, shown: str) -> bool:
    """Whether a frame reaches the right edge."""
    return any(len(row) == columns and row[-1] in "╮┓" for row in shown.splitlines())
