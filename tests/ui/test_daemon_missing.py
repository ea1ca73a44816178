"""The screen while its daemon is gone or hangs: it says so, terminals work, and everything comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import pytest
from textual import events
from textual.widgets import Input

from qms_tui.config import Config, NotifyConfig
from qms_tui.core.events import Notice
from qms_tui.project import Project
from qms_tui.runtime import Size
from qms_tui.ui import daemon_link
from qms_tui.ui.chrome import StatusLine
from qms_tui.ui.compose import ComposeScreen
from qms_tui.ui.screens import QuestionScreen
from tests.inbox.qms_commands import QmsCommands

from .conftest import Screen
from .relay import Relay

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]
QUICK = Config(notify=NotifyConfig(dwell=0, cooldown=0))
MISSING = "states, inbox missing since "
AT_MOST = 2.0  # seconds until it is said, and until all is back, on a machine that is not busy


def status(ui: Screen) -> str:
    return str(ui.app.base.query_one(StatusLine).content)


def stand_still(seconds: float) -> None:
    """Nothing of the event loop goes on meanwhile."""
    time.sleep(seconds)


@pytest.fixture
def relay() -> Relay:
    return Relay()


@pytest.fixture
def qms(project: Project) -> QmsCommands:
    for name in ("lead", "claude", "qa"):
        project.folders(name).inbox.mkdir(parents=True)
    return QmsCommands(project.root)


def test_nobody_is_left_long_without_a_word() -> None:
    assert daemon_link.PING_PERIOD + daemon_link.PATIENCE + daemon_link.GRACE < AT_MOST
    assert daemon_link.LATEST < AT_MOST


async def test_one_that_is_gone_is_missed_and_comes_back(
    open_app: OpenApp, relay: Relay, qms: QmsCommands
) -> None:
    async with open_app("claude", "qa", size=(200, 40), relay=relay) as ui:
        await ui.running()
        ui.core.notices.give(Notice("an old notice"))
        await ui.until(lambda: ui.toasts == ["an old notice"])
        relay.cut()
        await ui.until(lambda: MISSING in status(ui))
        await ui.type("echo still typed")
        await ui.until(lambda: "still typed" in ui.text("claude"))
        qms.route("CR-056", "qa")
        ui.link("qa").send(b"exit 3\r")
        await ui.until(lambda: ui.core.ledger.waiting("qa") and ui.core.view("qa").ending)
        assert "running" in ui.title("qa")  # as far as the screen knows
        ui.core.notices.give(Notice("a new notice"))
        relay.refuses = False
        await ui.until(lambda: MISSING not in status(ui))
        await ui.until(lambda: "2 qa  1 " in ui.title("qa") and "exit code 3" in ui.footnote("qa"))
        assert ui.toasts.count("an old notice") == 1
        assert ui.toasts.count("a new notice") == 1
        await ui.until(lambda: "a new notice" in ui.toasts)
        ui.core.notices.give(Notice("the newest"))
        await ui.until(lambda: ui.toasts.count("the newest") == 1)


async def test_what_is_asked_of_one_that_is_gone_is_refused_at_once(open_app: OpenApp, relay: Relay) -> None:
    async with open_app("claude", relay=relay) as ui:
        await ui.running()
        relay.cut()
        await ui.until(lambda: MISSING in status(ui))
        await ui.press("f12", "x")
        await ui.until(lambda: isinstance(ui.app.screen, QuestionScreen))
        await ui.press("y")
        await ui.until(lambda: any("the daemon does not answer" in toast for toast in ui.toasts))
        relay.refuses = False
        await ui.until(lambda: MISSING not in status(ui))
        assert "running" in ui.title("claude"), "nothing of what was refused is done later"


async def test_the_daemon_hears_again_where_the_human_looks(open_app: OpenApp, relay: Relay) -> None:
    async with open_app("claude", "qa", relay=relay) as ui:
        await ui.running()
        await ui.until(lambda: list(ui.core._looked_at.values()) == ["claude"])
        relay.cut()
        await ui.until(lambda: MISSING in status(ui))
        await ui.until(lambda: not ui.core._looked_at)
        await ui.press("alt+2")
        relay.refuses = False
        await ui.until(lambda: list(ui.core._looked_at.values()) == ["qa"])


async def test_the_daemon_hears_how_large_agents_are_shown_and_hears_it_again(
    open_app: OpenApp, relay: Relay
) -> None:
    """Their next programs start with that size."""

    def is_known(ui: Screen) -> bool:
        shown = {agent: ui.pane(agent).terminal_size for agent in ("claude", "qa")}
        return shown == {agent: ui.agent(agent)._program._size for agent in shown}

    async with open_app("claude", "qa", size=(120, 30), relay=relay) as ui:
        await ui.running()
        assert ui.pane("qa").terminal_size != Size(80, 24)
        await ui.until(lambda: is_known(ui))
        relay.cut()
        await ui.until(lambda: MISSING in status(ui))
        await ui.pilot.resize_terminal(100, 26)
        await ui.until(lambda: not is_known(ui))
        relay.refuses = False
        await ui.until(lambda: is_known(ui))


async def test_one_that_hangs_is_missed_and_goes_on_where_it_was(
    open_app: OpenApp, relay: Relay, qms: QmsCommands
) -> None:
    async with open_app("claude", "qa", size=(200, 40), relay=relay) as ui:
        await ui.running()
        relay.hang()
        await ui.until(lambda: MISSING in status(ui))
        await ui.type("echo still typed")
        await ui.until(lambda: "still typed" in ui.text("claude"))
        qms.route("CR-056", "qa")
        await ui.until(lambda: ui.core.ledger.waiting("qa"))
        await ui.press("f12", "m")
        await ui.until(lambda: any("the daemon does not answer" in toast for toast in ui.toasts))
        assert len(ui.app.screen_stack) == 1
        relay.go_on()
        await ui.until(lambda: MISSING not in status(ui) and "2 qa  1 " in ui.title("qa"))
        assert relay.tries == 1


async def test_what_is_asked_of_one_that_begins_to_hang_is_given_up(open_app: OpenApp, relay: Relay) -> None:
    """Keys that wait for its dialog go on to whoever has the keyboard."""
    async with open_app("claude", relay=relay) as ui:
        await ui.running()
        relay.hang()
        await ui.press("f12", "m")
        for character in "echo held\r":
            name = {" ": "space", "\r": "enter"}.get(character, character)
            ui.app.post_message(events.Key(name, character))
        await ui.until(lambda: any("the daemon does not answer" in toast for toast in ui.toasts))
        await ui.until(lambda: ui.text("claude").count("held") == 2)
        relay.go_on()


async def test_who_stands_still_oneself_misses_nobody(
    open_app: OpenApp, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while an editor has the terminal."""
    monkeypatch.setattr(daemon_link, "PING_PERIOD", 0.01)
    monkeypatch.setattr(daemon_link, "PATIENCE", 0.2)
    missed: list[object] = []
    async with open_app("claude", relay=relay) as ui:
        await ui.running()
        monkeypatch.setattr(ui.app.daemon, "_miss", missed.append)
        for _ in range(3):
            await asyncio.sleep(0.02)
            stand_still(0.3)
        await ui.type("echo goes on")
        await ui.until(lambda: "goes on" in ui.text("claude"))
        assert missed == []


async def test_no_daemon_at_the_start_is_said_with_the_reason(open_app: OpenApp, relay: Relay) -> None:
    relay.refuses = True
    async with open_app("claude", relay=relay) as ui:
        await ui.until(lambda: MISSING in status(ui))
        assert ui.toasts == ["no daemon\nstart one"]
        relay.refuses = False
        await ui.until(lambda: MISSING not in status(ui))
        await ui.running()


async def test_agents_behind_the_sidebar_are_opened_too(open_app: OpenApp, relay: Relay) -> None:
    relay.refuses = True
    async with open_app("claude", size=(80, 24), relay=relay) as ui:
        await ui.until(lambda: "missing" in status(ui))
        await ui.press("f2")
        await ui.until(lambda: not ui.app.base.query_one("#panes").display)
        relay.refuses = False
        await ui.until(lambda: "running" in ui.title("claude"))


async def test_keys_typed_while_a_dialog_comes_are_for_it(open_app: OpenApp, relay: Relay) -> None:
    async with open_app("claude", relay=relay) as ui:
        await ui.running()
        relay.hang()
        await ui.press("f12", "m", *"hello")
        relay.go_on()
        await ui.until(lambda: isinstance(ui.app.screen, ComposeScreen))
        await ui.until(lambda: ui.app.screen.query_one("#subject", Input).value == "hello")
        await ui.press("escape")
        assert "hello" not in ui.text("claude")


async def test_a_narrow_status_line_keeps_the_word(open_app: OpenApp, relay: Relay) -> None:
    async with open_app("claude", size=(40, 12), relay=relay) as ui:
        await ui.running()
        relay.cut()
        await ui.until(lambda: "missing" in status(ui))
