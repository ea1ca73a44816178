"""News by the thousand: the screen stays live, and is brought up to date together, not for each."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from qms_tui.daemon import inbox_items
from qms_tui.project import Project
from qms_tui.ui.listener import PERIOD
from tests.inbox.qms_commands import QmsCommands

from .conftest import Screen

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]


def counted(ui: Screen, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When the screen was brought up to date from now on."""
    pace, times = ui.app._listener._pace, list[float]()
    show = pace._act

    def spied() -> None:
        times.append(time.monotonic())
        show()

    monkeypatch.setattr(pace, "_act", spied)
    return times


async def test_ten_thousand_states(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_app("claude", "qa", size=(160, 30)) as ui:
        await ui.running()
        times, server, view = counted(ui, monkeypatch), ui.house.server, ui.core.view("qa")
        assert server is not None
        began = time.monotonic()
        typing = asyncio.get_running_loop().create_task(ui.type("echo live"))
        for number in range(10_000):
            server.publisher.show(replace(view, remark=f"remark {number}"))
            if number % 50 == 0:
                await asyncio.sleep(0)
        await typing
        await ui.until(lambda: "remark 9999" in ui.footnote("qa"))
        await ui.until(lambda: ui.text("claude").count("live") == 2)
        assert len(times) <= (time.monotonic() - began) / PERIOD + 2


async def test_a_burst_of_items(
    open_app: OpenApp, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inbox = project.folders("qa").inbox
    inbox.mkdir(parents=True)
    async with open_app("claude", "qa", size=(200, 30)) as ui:
        await ui.running()
        await ui.until(lambda: ui.core.ledger.version)
        await ui.press("f2", "escape")
        times, began = counted(ui, monkeypatch), time.monotonic()

        def burst() -> None:
            for number in range(3000):
                (inbox / f"{number}.md").write_text(f"---\ntitle: {number}\n---\n")

        writing = asyncio.get_running_loop().run_in_executor(None, burst)
        await ui.type("echo live")
        await ui.until(lambda: ui.text("claude").count("live") == 2)
        await writing
        await ui.until(lambda: "2 qa  3,000 " in ui.title("qa"), patience=60)
        assert len(times) <= (time.monotonic() - began) / PERIOD + 2


async def test_older_items_than_the_screen_has_are_found_by_the_daemon(
    open_app: OpenApp, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_items, "MOST_ITEMS", 2)
    for name in ("lead", "claude", "qa"):
        project.folders(name).inbox.mkdir(parents=True)
    qms = QmsCommands(project.root)
    oldest = qms.message("qa", "Supper", "x", sender="claude")
    os.utime(oldest, (time.time() - 60,) * 2)
    for number in range(4):
        qms.route(f"CR-{number}", "qa")
    async with open_app("claude", "qa", size=(200, 40)) as ui:
        await ui.running()
        await ui.press("f2")
        await ui.until(lambda: "3 older: search for them" in ui.sidebar)
        await ui.press("slash", *"supper")
        await ui.until(lambda: "Supper" in ui.sidebar and "CR-" not in ui.sidebar)
        await ui.press("escape")
        await ui.until(lambda: "3 older: search for them" in ui.sidebar)
