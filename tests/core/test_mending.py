"""Agents whose inbox was replaced: when they are restarted, and when a human is only told."""

from __future__ import annotations

import time

import pytest

from qms_tui.core import AgentView
from qms_tui.core.mending import REMARK, Mending
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.values import Activity, Word


@pytest.mark.parametrize("foreign", [True, False])
def test_only_the_own_agents_are_restarted(foreign: bool) -> None:
    agent = AgentView("qa", activity=Activity(Word.IDLE, since=time.time() - 60), foreign=foreign)
    told: list[str] = []
    restarted: list[str] = []
    mending = Mending(lambda agent, text: told.append(text), restarted.append)
    looks_again = mending.look(agent, ClaudeReport(inbox_replaced=True))
    assert (looks_again is not None) == foreign
    assert restarted == ([] if foreign else ["qa"])
    assert told[0] == REMARK
    assert len(told) == (1 if foreign else 2)
