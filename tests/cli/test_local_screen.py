"""The first start of local agents that had a container before, in a real terminal."""

from __future__ import annotations

import os
from pathlib import Path

from qms_tui.remembered import Memory, View
from tests.tui import Tui


def test_it_says_that_the_old_files_stay_and_how_to_copy_them(tmp_path: Path) -> None:
    root, state = tmp_path / "project", tmp_path / "XDG_STATE_HOME"
    (root / ".claude/agents").mkdir(parents=True)
    (root / ".claude/agents/qa.md").write_text("You are qa.\n")
    old = root / ".claude/users/qa/container"
    (old / "qms-tui").mkdir(parents=True)
    (old / ".credentials.json").write_text('{"claudeAiOauth": {"accessToken": "hush"}}')
    (old / "qms-tui/status.json").write_text('{"at": 1, "model": "Opus 5.5", "context": 34.4, "cost": 0.1}')
    Memory(root, state / "qms-tui/layouts").write(View(("qa",)))  # so the first edition has used it
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "mine: $CLAUDE_CONFIG_DIR"\ncat\n')
    program.chmod(0o755)
    own = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME")}
    env = own | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    for first in (True, False):
        with Tui("--runtime", "local", "qa", cwd=root, size=(200, 40), env=env) as tui:
            if first:
                tui.wait("no longer use", "--copy qa")
            tui.wait(f"mine: {state}/qms-tui/local/project-", "local, not isolated")
            assert first or "--copy" not in tui.text
            assert "Opus" not in tui.text
            tui.type("\x11")
            assert tui.end() == 0
    assert (old / ".credentials.json").exists()
