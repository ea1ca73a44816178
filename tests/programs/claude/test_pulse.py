"""A client that shows no sign of life is not taken at its last word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qms_tui.activity import Sight
from qms_tui.activity.explain import sources
from qms_tui.programs.claude.pulse import LATE, SILENCE, next_look
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.claude.rules import judge
from qms_tui.programs.claude.values import Session
from qms_tui.programs.values import Birth, Meter, Word

BEGAN, NOW = 1000.0, 2000.0
IDLE = Session(7, "idle", "", BEGAN + 10, BEGAN + 1)
REPORT = ClaudeReport(birth=Birth(7, "claude", BEGAN), session=IDLE, meter=Meter(NOW))


def word(report: ClaudeReport, after: float, seen_since: float = 0.0) -> Word:
    return judge(report, Sight(BEGAN, silent_since=seen_since), NOW + after)[0].word


@pytest.mark.parametrize(
    ("status", "before"), [("idle", Word.IDLE), ("busy", Word.BUSY), ("shell", Word.BACKGROUND)]
)
def test_its_status_line_stands_still(status: str, before: Word) -> None:
    report = replace(REPORT, session=replace(IDLE, status=status))
    assert word(report, SILENCE - 1) is before
    assert word(report, SILENCE) is Word.UNKNOWN
    assert word(replace(report, meter=Meter(NOW + SILENCE)), SILENCE) is before


def test_it_is_explained() -> None:
    told = {each.source: each.said for each in sources(REPORT, Sight(BEGAN), NOW + SILENCE)}
    assert told["status line"] == "stands still"


@pytest.mark.parametrize(
    "report",
    [
        replace(REPORT, meter=None),  # it has none
        replace(REPORT, meter=Meter(BEGAN - 5)),  # it had one in another container
        replace(REPORT, session=replace(IDLE, status="waiting")),  # a dialog covers it
        replace(REPORT, session=replace(IDLE, changed=NOW + SILENCE - 1)),  # a dialog has covered it
        replace(REPORT, session=replace(IDLE, background=True)),  # nobody sees it
    ],
    ids=["none", "another's", "dialog", "after a dialog", "background"],
)
def test_where_none_is_expected_none_is_missed(report: ClaudeReport) -> None:
    assert word(report, SILENCE) is not Word.UNKNOWN


def test_after_the_sleep_of_a_machine_it_is_merely_late() -> None:
    slept = 10_000.0
    assert word(REPORT, slept, seen_since=NOW + slept) is Word.IDLE
    assert word(REPORT, slept + LATE, seen_since=NOW + slept) is Word.UNKNOWN


def test_whoever_looks_knows_when_to_look_again() -> None:
    assert next_look(REPORT, NOW, NOW) == NOW + SILENCE
    assert next_look(REPORT, NOW + SILENCE, NOW + SILENCE) == NOW + SILENCE + LATE
    assert next_look(REPORT, NOW + SILENCE, NOW + SILENCE + LATE) is None
    assert next_look(replace(REPORT, meter=None), NOW, NOW) is None
