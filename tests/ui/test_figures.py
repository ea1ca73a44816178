"""Figures: the words, what goes first where room is short, and that they are painted as news only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from textual.content import Content

from qms_tui.core import AgentState, AgentView
from qms_tui.daemon import mapping
from qms_tui.programs.values import Meter
from qms_tui.runtime import Usage
from qms_tui.terminal import Terminal
from qms_tui.ui.frame import footnote
from tests.local_runtime import LocalRuntime

from .conftest import Screen

OpenApp = Callable[..., AbstractAsyncContextManager[Screen]]
MEGABYTE, GIGABYTE = 2**20, 2**30
METER = Meter(0.0, 0.42, 12, "Opus 4.5")
USAGE = Usage(0.034, 210 * MEGABYTE, 4 * GIGABYTE)
TIGHT = Usage(1.5, 3900 * MEGABYTE, 4 * GIGABYTE)


@pytest.fixture
def agent() -> AgentView:
    """One that runs."""
    return AgentView("qa", AgentState.RUNNING, meter=METER, usage=USAGE)


def below(agent: AgentView, width: int) -> Content:
    return footnote(mapping.agent(agent), Terminal(80, 24), back=0, cut="", same_size=True, width=width)


def said(agent: AgentView, width: int = 60) -> str:
    return below(agent, width).plain


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (60, " Opus 4.5 · 12 % context · $0.42 · 3 % cpu · 210 MB "),
        (50, " 12 % context · $0.42 · 3 % cpu · 210 MB "),
        (35, " 12 % context · $0.42 · 210 MB "),
        (25, " 12 % context · 210 MB "),
        (15, " 12 % context "),
        (5, ""),
    ],
)
async def test_the_least_important_goes_first(agent: AgentView, width: int, words: str) -> None:
    assert said(agent, width) == words


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (60, " 12 % context · $0.42 · 150 % cpu · ! 3.8 GB of 4.0 GB "),
        (20, " ! 3.8 GB of 4.0 GB "),
    ],
)
async def test_little_memory_left_stands_out_and_stays(agent: AgentView, width: int, words: str) -> None:
    agent = replace(agent, usage=TIGHT)
    assert said(agent, width) == words
    spans = below(agent, width).spans
    assert [words[span.start : span.end] for span in spans if "warning" in str(span.style)] == [
        "! 3.8 GB of 4.0 GB"
    ]


async def test_what_is_wrong_goes_before_figures(agent: AgentView) -> None:
    agent = replace(agent, remark="the disk is full")
    assert said(agent, 42) == " the disk is full · 12 % context · 210 MB "
    assert said(agent, 20) == " the disk is full "


async def test_who_does_not_run_has_no_figures(agent: AgentView) -> None:
    assert said(replace(agent, state=AgentState.STARTING)) == ""


@pytest.mark.parametrize(
    ("meter", "words"),
    [
        (Meter(0.0, None, None, "claude-haiku-4-5-20251001"), " haiku-4-5 "),
        (Meter(0.0, None, None, "Claude " + "[b]x" * 40), " [b]x[b]x[b]x[b]x "),
        (Meter(0.0, 1e300, 1e300, ""), ""),
        (Meter(0.0, -5.0, -5.0, ""), ""),
        (Meter(0.0, 0.0, 0.0, ""), ""),
    ],
)
async def test_what_an_agent_says_of_itself_is_kept_short(agent: AgentView, meter: Meter, words: str) -> None:
    assert said(replace(agent, meter=meter.shown, usage=None)) == words


async def test_painted_only_when_it_is_news(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    figures, asked, painted = {"claude": USAGE, "qa": USAGE}, list[str](), list[object]()

    async def usage(runtime: LocalRuntime, agent: str) -> Usage:
        asked.append(agent)
        return figures[agent]

    monkeypatch.setattr(LocalRuntime, "usage", usage)
    monkeypatch.setattr("qms_tui.core.usage.PAUSE", 0.01)
    async with open_app("claude", "qa", size=(160, 20)) as ui:
        await ui.until(lambda: [ui.footnote(name) for name in figures] == [" 3 % cpu · 210 MB "] * 2)
        await ui.until(lambda: "$" in ui.text("qa"))
        monkeypatch.setattr(ui.pane("qa"), "refresh", lambda *regions, **how: painted.append(regions))
        figures["qa"] = replace(USAGE, cpu=0.044, memory=USAGE.memory + MEGABYTE)
        count = len(asked)
        await ui.until(lambda: len(asked) > count + 6)
        assert not painted
        figures["qa"] = replace(TIGHT, cpu=0.5)
        await ui.until(lambda: ui.footnote("qa") == " 50 % cpu · ! 3.8 GB of 4.0 GB ")
        assert painted
        assert ui.footnote("claude") == " 3 % cpu · 210 MB "
