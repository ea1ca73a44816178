"""The table and the JSON of `qms-tui ps`."""

from __future__ import annotations

import json
from pathlib import Path

from qms_tui.cli.ps_listing import listing
from qms_tui.project import Project
from qms_tui.runtime import Condition, Ending, Found, Usage

FOUND = {
    "qa": Found(Condition.RUNNING, image="tiny", container="qms-qa"),
    "bu": Found(Condition.RUNNING, image="tiny", container="qms-bu"),
    "claude": Found(Condition.EXITED, Ending(3), image="tiny", container="qms-claude"),
}
USAGE = {"qa": Usage(0.3512345, 210 * 2**20, 2**32), "bu": Usage(None, 5 * 2**20)}


def test_figures_are_where_they_are_known(tmp_path: Path) -> None:
    table = listing(Project(tmp_path), FOUND, USAGE, as_json=False)
    assert [line.split() for line in table] == [
        ["AGENT", "CONDITION", "DOING", "CPU", "MEMORY", "STARTED", "IMAGE", "CONTAINER"],
        ["bu", "running", "running", "5", "MB", "tiny", "qms-bu"],
        ["claude", "exited,", "exit", "code", "3", "tiny", "qms-claude"],
        ["qa", "running", "running", "35", "%", "210", "MB", "tiny", "qms-qa"],
    ]
    rows = json.loads(listing(Project(tmp_path), FOUND, USAGE, as_json=True)[0])
    assert [(row["cpu"], row["memory"], row["memory_limit"]) for row in rows] == [
        (None, 5 * 2**20, None),
        (None, None, None),
        (0.3512, 210 * 2**20, 2**32),
    ]


def test_nobody_asked_for_figures(tmp_path: Path) -> None:
    assert "CPU" not in listing(Project(tmp_path), FOUND, None, as_json=False)[0]
    rows = json.loads(listing(Project(tmp_path), FOUND, None, as_json=True)[0])
    assert {row["cpu"] for row in rows} == {row["memory"] for row in rows} == {None}
