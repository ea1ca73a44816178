"""A client with which nothing was tried is named, and so is one that does not say what is read."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from qms_tui.activity import Sight, remark, shine
from qms_tui.activity.lights import Facts, Health, Light
from qms_tui.cli.ps_listing import listing
from qms_tui.config import Config
from qms_tui.doctor import clients
from qms_tui.programs.claude.client_versions import NEWEST, OLDEST, untested
from qms_tui.programs.claude.reader import ClaudeReader
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.claude.rules import STARTING_MOST, judge
from qms_tui.programs.claude.values import Session
from qms_tui.programs.values import Birth, Meter, Word
from qms_tui.project import Project
from qms_tui.runtime import Condition, Found
from qms_tui.runtime.docker.kit import our_kit

BEGAN, NOW = 1000.0, 1100.0
IDLE = Session(7, "idle", "", NOW - 50, BEGAN + 1, version=NEWEST)
REPORT = ClaudeReport(birth=Birth(7, "claude", BEGAN), session=IDLE, own_login=BEGAN)
OLD, NEW = "2.1.112", "3.0.0"


@pytest.mark.parametrize("version", [OLDEST, NEWEST, our_kit().client_version, "2.1.300", "", "nonsense"])
def test_tested_and_unknown_ones_are_not_named(version: str) -> None:
    assert untested(version) == ""


@pytest.mark.parametrize(
    ("version", "how"),
    [(OLD, "older"), ("1.9.999", "older"), ("2.1.1000", "newer"), ("2.2.0", "newer"), (NEW, "newer")],
)
def test_others_are(version: str, how: str) -> None:
    assert untested(version) == f"Claude Code {version} is {how} than those tested ({OLDEST} to {NEWEST})"


def test_the_pane_names_one_that_works() -> None:
    report = replace(REPORT, session=replace(IDLE, version=NEW))
    activity, _ = judge(report, Sight(BEGAN), NOW)
    lights, _ = shine(Facts(Light(Health.FINE, "running"), activity, report, Sight(BEGAN)), NOW)
    assert activity.word is Word.IDLE
    assert remark(lights, activity) == untested(NEW)


def test_a_registry_without_a_status_is_not_starting_for_ever() -> None:
    silent = Session(7, "", "", BEGAN + 1, BEGAN + 1)
    report = replace(REPORT, session=silent, meter=Meter(NOW, version=OLD))
    assert judge(report, Sight(BEGAN), BEGAN + 5)[0].word is Word.STARTING
    activity, _ = judge(report, Sight(BEGAN), BEGAN + 1 + STARTING_MOST)
    assert (activity.word, activity.detail) == (
        Word.UNKNOWN,
        f"{untested(OLD)}: its registry has no status",
    )
    unknown, _ = judge(replace(report, meter=None), Sight(BEGAN), NOW)
    assert unknown.detail == "Claude Code of an unknown version: its registry has no status"


def test_a_status_of_a_later_version_is_named() -> None:
    report = replace(REPORT, session=replace(IDLE, status="dreaming", version=NEW))
    assert judge(report, Sight(BEGAN), NOW)[0].detail == f"status dreaming: {untested(NEW)}"


def test_doctor_names_both() -> None:
    def found(report: ClaudeReport) -> list[str]:
        return [f"{each.verdict} {each.text}" for each in clients.client("qa", report, BEGAN, NOW)]

    assert found(REPORT) == []
    assert found(ClaudeReport()) == []  # another program
    newer = replace(REPORT, session=replace(IDLE, version=NEW))
    assert found(newer) == [f"warning runs a client that was not tested: {untested(NEW)}"]
    silent = replace(REPORT, session=Session(7, "", "", BEGAN + 1, BEGAN + 1), meter=Meter(NOW, version=OLD))
    assert found(silent) == [f"warning its state is unknown: {untested(OLD)}: its registry has no status"]
    moved = replace(REPORT, session=replace(IDLE, background=True))
    assert found(moved) == ["ok moved to the background: its pane shows the list, Enter opens it"]


@pytest.mark.parametrize("written", ['{"pid": 7, "status": "idle"}', "[]", '{"status": {}, "pid": "x"}'])
def test_ps_names_a_registry_that_makes_no_sense(tmp_path: Path, written: str) -> None:
    project = Project(tmp_path)
    folder, began = project.folders("qa").config, time.time() - 60
    for name in ("sessions", "qms-tui"):
        (folder / name).mkdir(parents=True)
    (folder / "qms-tui/identity.json").write_text(
        json.dumps({"pid": 7, "program": "claude", "started": began})
    )
    (folder / "sessions/7.json").write_text(written)
    status = {"at": time.time(), "version": OLD}
    (folder / "qms-tui/status.json").write_text(json.dumps(status))
    reader = ClaudeReader(project, "qa")
    report = reader.read(time.monotonic())
    reader.close()
    assert report.garbled
    why = f"{untested(OLD)}: its registry makes no sense"
    assert judge(report, Sight(began), time.time())[0].detail == why
    runs = Found(Condition.RUNNING, started_at="2020-01-01T00:00:00Z")
    assert f"unknown, {why}" in listing(project, {"qa": runs}, Config(), as_json=False)[1]
