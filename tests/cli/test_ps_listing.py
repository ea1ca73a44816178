"""What `qms-tui ps` says of agents, from what the engine found and their folders have."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from qms_tui.cli.ps_listing import listing
from qms_tui.config import Config, McpServer
from qms_tui.mcp.lights import standing
from qms_tui.project import Project
from qms_tui.runtime import Condition, Ending, Found

MINUTE = 60.0
RUNS = Found(
    Condition.RUNNING, None, datetime.fromtimestamp(time.time() - MINUTE, UTC).isoformat(), "image", "box"
)


def client(project: Project, agent: str) -> None:
    """At its prompt, not logged in, of an image that wakes nobody."""
    folder, began = project.folders(agent).config, RUNS.began + 1
    for name in ("sessions", "qms-tui"):
        (folder / name).mkdir(parents=True)
    (folder / "qms-tui/identity.json").write_text(
        json.dumps({"pid": 7, "program": "claude", "started": began})
    )
    (folder / "sessions/7.json").write_text(
        json.dumps({"pid": 7, "status": "idle", "startedAt": began * 1000, "statusUpdatedAt": began * 1000})
    )


def test_lights_are_told_and_what_is_wrong_has_a_word(tmp_path: Path) -> None:
    project = Project(tmp_path)
    client(project, "qa")
    config = replace(Config(), servers=(McpServer("qms", command=("true",)),))
    now = standing({"servers": [{"name": "qms", "state": "up"}]}, ["qms"])
    ended = Found(Condition.EXITED, Ending(137, "killed"), RUNS.started_at, "image", "other")
    found = {"qa": RUNS, "bu": ended}
    bu, qa = json.loads(listing(project, found, config, now, as_json=True)[0])
    assert {name: (light["state"], light["why"]) for name, light in qa["lights"].items()} == {
        "container": ("fine", "running"),
        "program": ("fine", "ready"),
        "mcp": ("wrong", "not connected to qms"),
        "login": ("wrong", "not logged in, /login in its pane"),
        "waker": ("not there", "none in this program"),
    }
    assert bu["lights"]["container"] == {"state": "wrong", "why": "exit code 137 (killed)", "since": 0.0}
    assert bu["activity"] is None
    rows = listing(project, found, config, now, as_json=False)
    assert "idle, login: not logged in, /login in its pane" in rows[2]
