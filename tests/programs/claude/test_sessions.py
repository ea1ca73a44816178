"""Several sessions of one client: which is the agent's own, and what the others make of its state."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qms_tui.activity import Sight, shine, sources
from qms_tui.activity.lights import Facts, Health, Light
from qms_tui.cli.ps_listing import listing
from qms_tui.config import Config
from qms_tui.programs.claude.background import whereabouts
from qms_tui.programs.claude.reader import ClaudeReader
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.claude.rules import STARTING_MOST, judge
from qms_tui.programs.claude.values import Hook, Session
from qms_tui.programs.values import Birth, Word
from qms_tui.project import Project
from qms_tui.runtime import Condition, Found

BEGAN, NOW = 1000.0, 1100.0
WHERE = "in the background"
MAIN = Session(7, "idle", "", NOW - 50, BEGAN + 1, session="main")
MOVED = Session(67, "idle", "", NOW - 20, NOW - 30, session="moved", background=True, job="j")
OTHER = Session(90, "idle", "", NOW - 10, NOW - 15, session="other", background=True, job="k")
Register = Callable[..., None]


def said(report: ClaudeReport, now: float = NOW) -> tuple[Word, str]:
    activity, _ = judge(replace(report, birth=Birth(7, "claude", BEGAN)), Sight(BEGAN), now)
    return activity.word, activity.detail


@pytest.mark.parametrize(
    ("status", "waiting", "word", "detail"),
    [
        ("idle", "", Word.IDLE, WHERE),
        ("busy", "", Word.BUSY, WHERE),
        ("shell", "", Word.BACKGROUND, WHERE),
        ("waiting", "permission prompt", Word.NEEDS_YOU, f"permission prompt, {WHERE}"),
    ],
)
def test_one_that_has_moved_says_so(status: str, waiting: str, word: Word, detail: str) -> None:
    assert said(ClaudeReport(session=replace(MOVED, status=status, waiting_for=waiting))) == (word, detail)


@pytest.mark.parametrize(
    ("own", "other", "word", "detail"),
    [
        ("idle", "idle", Word.IDLE, ""),
        ("idle", "busy", Word.BACKGROUND, f"another session, {WHERE}"),
        ("idle", "shell", Word.BACKGROUND, f"another session, {WHERE}"),
        ("idle", "waiting", Word.NEEDS_YOU, f"input needed, {WHERE}"),
        ("busy", "busy", Word.BUSY, ""),
        ("busy", "waiting", Word.NEEDS_YOU, f"input needed, {WHERE}"),
        ("waiting", "waiting", Word.NEEDS_YOU, ""),
    ],
)
def test_the_most_pressing_counts(own: str, other: str, word: Word, detail: str) -> None:
    another = replace(OTHER, status=other, waiting_for="input needed" if other == "waiting" else "")
    assert said(ClaudeReport(session=replace(MAIN, status=own), others=(another,))) == (word, detail)


def test_it_is_idle_since_the_last_of_them_is() -> None:
    activity, _ = judge(
        ClaudeReport(birth=Birth(7, "claude", BEGAN), session=MAIN, others=(OTHER,)), Sight(BEGAN), NOW
    )
    assert activity.since == OTHER.changed


def test_hooks_of_another_session_are_not_its_own() -> None:
    failed = Hook(NOW - 5, "StopFailure", session="other")
    assert said(ClaudeReport(session=MAIN, others=(OTHER,), hooks=(failed,))) == (Word.IDLE, "")
    assert (
        said(ClaudeReport(session=MAIN, others=(OTHER,), hooks=(replace(failed, session="main"),)))[0]
        is Word.ERROR
    )


def test_where_it_moved_to_nothing_may_run() -> None:
    parked = replace(MAIN, parked="j", written=NOW - 3)
    assert said(ClaudeReport(session=parked)) == (Word.STARTING, WHERE)
    word, detail = said(ClaudeReport(session=parked), NOW + STARTING_MOST)
    assert (word, "open it in its pane" in detail) == (Word.UNKNOWN, True)


def test_it_is_explained() -> None:
    report = ClaudeReport(
        birth=Birth(7, "claude", BEGAN), session=MOVED, others=(replace(OTHER, status="busy"),)
    )
    told = [each.said for each in sources(report, Sight(BEGAN), NOW) if each.source == "registry"]
    assert told == [f"idle, {WHERE}", f"busy, {WHERE}"]
    assert whereabouts(report) == (
        "moved to the background: its pane shows the list, Enter opens it, 1 more session in the background"
    )
    activity, _ = judge(report, Sight(BEGAN), NOW)
    facts = Facts(Light(Health.FINE, "running"), activity, report, Sight(BEGAN))
    assert shine(facts, NOW)[0].program.why == f"ready, {whereabouts(report)}"


# -- read from a folder -----------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def register(project: Project) -> Register:
    """`register(pid, at, status, **more)`: the client writes, `at` seconds after the container's begin."""
    folder = project.folders("qa").config
    for name in ("sessions", "qms-tui"):
        (folder / name).mkdir(parents=True)
    (folder / "qms-tui/identity.json").write_text(
        json.dumps({"pid": 7, "program": "claude", "started": BEGAN, "domain": "pid:[5]"})
    )

    def register(pid: int, at: float, status: str, **more: Any) -> None:
        told = {"pid": pid, "startedAt": (BEGAN + at) * 1000, "status": status, "pidDomain": "linux::pid:[5]"}
        (folder / f"sessions/{pid}.json").write_text(json.dumps(told | more))

    return register


def read(project: Project) -> tuple[int, list[int]]:
    """The processes of the agent's own session and of the others."""
    reader = ClaudeReader(project, "qa")
    report = reader.read(time.monotonic())
    reader.close()
    assert report.session is not None
    return report.session.pid, [each.pid for each in report.others]


def test_all_of_an_agents_registry_is_read(project: Project, register: Register) -> None:
    register(7, 1, "idle", kind="interactive", parkedJobId="aaa")
    register(67, 20, "busy", kind="bg", jobId="aaa")
    register(83, 21, "idle", kind="bg", jobId="bbb", spare=True)
    register(91, 30, "waiting", kind="bg", jobId="ccc")
    assert read(project) == (67, [91])


def test_one_that_is_back_is_its_own_again(project: Project, register: Register) -> None:
    register(7, 1, "idle", kind="interactive")
    register(67, 20, "busy", kind="bg", jobId="aaa")
    assert read(project) == (7, [67])


def test_what_an_earlier_container_has_left_does_not_count(project: Project, register: Register) -> None:
    register(7, 1, "idle", kind="interactive", parkedJobId="aaa")
    register(67, -500, "busy", kind="bg", jobId="aaa")
    register(68, 5, "busy", kind="bg", jobId="aaa", pidDomain="linux::pid:[6]")
    assert read(project) == (7, [])


def test_without_an_entrypoint_the_session_in_front_is_its_own(project: Project, register: Register) -> None:
    (project.folders("qa").config / "qms-tui/identity.json").unlink()
    register(7, 1, "idle", kind="interactive", parkedJobId="aaa")
    register(67, 20, "busy", kind="bg", jobId="aaa")
    register(83, 21, "idle", kind="bg", jobId="bbb", spare=True)
    assert read(project) == (67, [])


def test_ps_says_where_it_is(project: Project, register: Register) -> None:
    register(7, 1, "idle", kind="interactive", parkedJobId="aaa")
    register(67, 20, "waiting", kind="bg", jobId="aaa", waitingFor="permission prompt")
    runs = Found(Condition.RUNNING, started_at="1970-01-01T00:16:40Z")
    lines = listing(project, {"qa": runs}, Config(), as_json=False)
    assert "needs you, moved to the background" in lines[1]
