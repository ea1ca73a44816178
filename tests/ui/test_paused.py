"""What a human sees of an agent that comes near its disk limit, is paused at it, and is let go on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from qms_tui.runtime import Remarked
from tests.local_runtime import LocalRuntime

from .conftest import Screen

OpenApp = Callable[..., AbstractAsyncContextManager[Screen]]
CAT = ("cat",)
NEAR = "disk 16.4 GB of 20.0 GB: at its limit it is paused"
FULL = "disk limit reached, 20.3 GB of 20.0 GB"


def pause(ui: Screen) -> None:
    """So the engine tells it, which the local runtime does not have."""
    ui.agent("claude")._life.runs(paused=True)


async def test_near_its_limit_and_at_it(open_app: OpenApp) -> None:
    async with open_app("claude", size=(140, 30), command=CAT) as ui:
        await ui.running()
        terminal = ui.agent("claude").terminal
        terminal.take(Remarked(NEAR, serious=True, again=True))
        await ui.until(lambda: ui.toasts == [f"claude: {NEAR}"])
        await ui.until(lambda: NEAR in ui.footnote("claude"))
        assert "! " in ui.title("claude")
        terminal.take(Remarked(NEAR.replace("16.4", "16.9"), serious=True))  # the same, with other figures
        await ui.until(lambda: "16.9 GB" in ui.footnote("claude"))
        terminal.take(Remarked(FULL, serious=True, again=True))
        pause(ui)
        await ui.until(lambda: ui.toasts == [f"claude: {NEAR}", f"claude: {FULL}"])
        await ui.until(lambda: ui.footnote("claude") == f" paused: {FULL} · g in the menu lets it go on ")
        assert "‖ paused" in ui.title("claude")


async def test_g_in_the_menu_lets_it_go_on(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def unpause(self: LocalRuntime, agent: str) -> None:
        asked.append(agent)

    monkeypatch.setattr(LocalRuntime, "unpause", unpause)  # which cannot pause
    async with open_app("claude", size=(140, 30), command=CAT) as ui:
        await ui.running()
        await ui.press("ctrl+b", "g")
        await ui.until(
            lambda: ui.toasts == ["claude is not paused: running\nonly a paused agent can be unpaused"]
        )
        assert not asked
        pause(ui)
        paused = " paused: from outside · g in the menu lets it go on "
        await ui.until(lambda: ui.footnote("claude") == paused)
        await ui.press("ctrl+b", "g")
        await ui.until(lambda: asked == ["claude"])


async def test_a_paused_agent_is_not_woken(open_app: OpenApp) -> None:
    async with open_app("claude", size=(140, 30), command=CAT) as ui:
        await ui.running()
        pause(ui)
        await ui.press("ctrl+b", "w")
        await ui.until(lambda: ui.toasts == ["claude is paused: it is told of its inbox once it goes on"])


async def test_a_narrow_pane_says_the_reason_and_the_key(open_app: OpenApp) -> None:
    async with open_app("claude", size=(56, 20), command=CAT) as ui:
        await ui.running()
        terminal = ui.agent("claude").terminal
        terminal.take(Remarked(FULL, serious=True, again=True))
        pause(ui)
        await ui.until(lambda: ui.footnote("claude") == f" {FULL} · menu g ")
