"""The screen remembers how it is arranged as soon as that changes, and opens so."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

import pytest
from textual.widgets import OptionList

from qms_tui.project import Project
from qms_tui.remembered import ARRANGEMENTS, Memory, View
from qms_tui.ui.layout import Layout
from qms_tui.ui.screens import PickScreen

from .conftest import Screen

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]


@pytest.fixture
def memory(project: Project, tmp_path: Path) -> Memory:
    return Memory(project.root, tmp_path / "layouts")


def test_every_layout_can_be_remembered() -> None:
    assert tuple(layout.word for layout in Layout) == ARRANGEMENTS
    assert [Layout.remembered(word) for word in ARRANGEMENTS] == list(Layout)


async def test_each_change_is_kept_at_once(open_app: OpenApp, memory: Memory) -> None:
    async with open_app("claude", "qa", memory=memory) as ui:
        await ui.running()
        assert memory.read() == View(("claude", "qa"), "auto", False, "claude")
        await ui.press("alt+2")
        await ui.until(lambda: memory.read() == View(("claude", "qa"), "auto", False, "qa"))
        await ui.press("f4")
        await ui.until(lambda: memory.read() == View(("claude", "qa"), "auto", True, "qa"))
        await ui.press("alt+1")
        await ui.until(lambda: memory.read() == View(("claude", "qa"), "auto", True, "claude"))
        await ui.press("f12", "space")
        await ui.until(lambda: memory.read() == View(("claude", "qa"), "columns", False, "claude"))
        await ui.press("f12", "c")
        await ui.until(lambda: ui.shows(PickScreen))
        added = str(ui.app.screen.query_one(OptionList).options[0].id)
        await ui.press("enter")
        await ui.until(lambda: memory.read() == View(("claude", "qa", added), "columns", False, added))


async def test_a_click_is_kept(open_app: OpenApp, memory: Memory) -> None:
    async with open_app("claude", "qa", memory=memory) as ui:
        await ui.running()
        await ui.click("#pane-qa")
        await ui.until(lambda: (memory.read() or View(())).focused == "qa")


async def test_opens_as_it_was(open_app: OpenApp, memory: Memory) -> None:
    view = View(("bu", "qa", "claude"), "grid", True, "qa")
    async with open_app(*view.agents, view=view, memory=memory) as ui:
        await ui.running()
        assert [pane.agent.name for pane in ui.app.panes] == ["bu", "qa", "claude"]
        assert ui.focused == "qa"
        assert [pane.display for pane in ui.app.panes] == [False, True, False]
        await ui.type("echo I am $QMS_USER")
        await ui.until(lambda: "I am qa" in ui.painted("qa"))
        assert memory.read() == view
        await ui.press("f4")
        await ui.until(lambda: all(pane.display for pane in ui.app.panes))
        assert ui.app.arranging.choice is Layout.GRID


async def test_of_two_interfaces_the_last_writer_wins(open_app: OpenApp, memory: Memory) -> None:
    async with open_app("claude", "qa", memory=memory) as one:
        await one.running()
        memory.write(View(("bu",)))
        await one.press("alt+2")
        await one.until(lambda: memory.read() == View(("claude", "qa"), "auto", False, "qa"))


async def test_without_a_memory_it_is_as_ever(open_app: OpenApp) -> None:
    async with open_app("claude", "qa") as ui:
        await ui.running()
        assert ui.focused == "claude"
