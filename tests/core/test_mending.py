"""Agents whose inbox was replaced: when they are restarted, and when a human is only told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from qms_tui.activity import Activity, Report, Word
from qms_tui.core import Agent
from qms_tui.core.mending import REMARK, Mending
from qms_tui.runtime import Size
from qms_tui.runtime.local import LocalRuntime


@pytest.mark.parametrize("foreign", [True, False])
async def test_only_the_own_agents_are_restarted(tmp_path: Path, foreign: bool) -> None:
    runtime = LocalRuntime(tmp_path, lambda agent: ("true",), lambda agent: {})
    agent = Agent("qa", runtime, Size(80, 24), lambda agent, event: None)
    agent.activity, agent.foreign = Activity(Word.IDLE, since=time.time() - 60), foreign
    told: list[str] = []
    mending = Mending(lambda agent, text: told.append(text))
    looks_again = mending.look(agent, Report(inbox_replaced=True))
    assert looks_again == foreign
    assert told[0] == REMARK
    assert len(told) == (1 if foreign else 2)
    await agent.close()
    await runtime.close()
