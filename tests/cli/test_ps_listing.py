"""What `qms-tui ps` says of agents, from what the engine found and their folders have."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qms_tui.activity import Sight
from qms_tui.cli.ps_listing import listing
from qms_tui.config import Config, McpServer
from qms_tui.mcp.lights import standing
from qms_tui.programs.claude import rules
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.claude.rules import judge
from qms_tui.programs.values import Activity
from qms_tui.project import Project
from qms_tui.runtime import Condition, Ending, Found, Usage
from qms_tui.terminal import NO_STATUS, ProgramState, ProgramStatus, StatusRecord
from tests.somebody import ROOT, somebody

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


@pytest.mark.skipif(not ROOT, reason="root becomes somebody else here")
def test_of_another_users_agent_it_says_whose_it_is_and_what_may_not_be_seen(tmp_path: Path) -> None:
    project, found = Project(tmp_path), {"qa": replace(RUNS, foreign=True)}
    tmp_path.chmod(0o755)
    client(project, "qa")
    project.folders("qa").config.chmod(0o700)
    with somebody(project) as here:
        _, row = listing(here, found, Config(), as_json=False)
        (known,) = json.loads(listing(here, found, Config(), as_json=True)[0])
    assert row.startswith("qa     running, another user's  unknown, not allowed to look into its folder  ")
    assert (known["foreign"], known["activity"]["word"]) == (True, "unknown")
    assert known["lights"]["waker"]["why"] == "not allowed to look into its folder"


FOUND = {
    "qa": Found(Condition.RUNNING, image="tiny", container="qms-qa"),
    "bu": Found(Condition.RUNNING, image="tiny", container="qms-bu"),
    "claude": Found(Condition.EXITED, Ending(3), image="tiny", container="qms-claude"),
}
USAGE = {"qa": Usage(0.3512345, 210 * 2**20, 2**32), "bu": Usage(None, 5 * 2**20)}


def test_figures_are_where_they_are_known(tmp_path: Path) -> None:
    table = listing(Project(tmp_path), FOUND, Config(), usage=USAGE, as_json=False)
    assert [line.split() for line in table] == [
        ["AGENT", "CONDITION", "DOING", "CPU", "MEMORY", "STARTED", "IMAGE", "CONTAINER"],
        ["bu", "running", "running", "5", "MB", "tiny", "qms-bu"],
        ["claude", "exited,", "exit", "code", "3", "tiny", "qms-claude"],
        ["qa", "running", "running", "35", "%", "210", "MB", "tiny", "qms-qa"],
    ]
    rows = json.loads(listing(Project(tmp_path), FOUND, Config(), usage=USAGE, as_json=True)[0])
    assert [(row["cpu"], row["memory"], row["memory_limit"]) for row in rows] == [
        (None, 5 * 2**20, None),
        (None, None, None),
        (0.3512, 210 * 2**20, 2**32),
    ]


def test_nobody_asked_for_figures(tmp_path: Path) -> None:
    assert "CPU" not in listing(Project(tmp_path), FOUND, Config(), as_json=False)[0]
    rows = json.loads(listing(Project(tmp_path), FOUND, Config(), as_json=True)[0])
    assert {row["cpu"] for row in rows} == {row["memory"] for row in rows} == {None}


def test_what_programs_report_is_seen_of_their_own_containers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[ProgramStatus] = []

    def note(report: ClaudeReport, sight: Sight, now: float) -> tuple[Activity, float | None]:
        seen.append(sight.status)
        return judge(report, sight, now)

    monkeypatch.setattr(rules, "judge", note)
    status = ProgramStatus(StatusRecord("", ProgramState.BLOCKED, "question"))
    found = {"bu": replace(RUNS, id="other"), "qa": replace(RUNS, id="c0ffee")}
    listing(Project(tmp_path), found, Config(), reported={"c0ffee": status}, as_json=True)
    assert seen == [NO_STATUS, status]
