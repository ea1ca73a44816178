"""States of agents on the screen, the queue of those who wait, and what is told of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TypeAlias

import pytest
from textual.widgets import Static

from qms_tui.api.inbox import InboxItem, Receipt
from qms_tui.config import Config, NotifyConfig, OuterNotification
from qms_tui.project import Project
from qms_tui.ui.chrome import StatusLine, TabLine
from qms_tui.ui.explain import ExplainScreen
from qms_tui.ui.outer import outer_notification
from qms_tui.ui.receipts import receipt
from tests.core.client import Client

from .conftest import Screen

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]
QUICK = NotifyConfig(dwell=0, cooldown=0)


def status(ui: Screen) -> str:
    return str(ui.app.base.query_one(StatusLine).content)


def config(notify: NotifyConfig) -> Config:
    return replace(Config(), notify=notify)


async def test_states_are_seen_everywhere(open_app: OpenApp, project: Project) -> None:
    async with open_app("claude", "qa") as ui:
        await ui.running()
        qa = Client(project, "qa")
        await ui.until(lambda: "2 qa ◌ starting" in ui.title("qa"))
        qa.is_("idle")
        await ui.until(lambda: "2 qa ● idle" in ui.title("qa"))
        qa.is_("busy")
        await ui.until(lambda: "2 qa ◐ busy" in ui.title("qa"))
        await ui.press("f2")
        qa.is_("waiting", "permission prompt")
        qa.hook("PermissionRequest", tool="Bash", detail="rm -r build[@click=app.exit]x")
        await ui.until(lambda: "needs you · permission: Bash rm -r build[@click" in ui.title("qa"))
        assert "1 needs you: F3" in status(ui)
        await ui.until(lambda: len(ui.agents) == 3)
        assert ui.agents[0] == "● claude running"
        assert ui.agents[1] == "◆ qa needs you"
        assert ui.agents[2].startswith("permission: Bash rm -r build[@click")
        await ui.click("#inboxes", offset=(5, 2))
        await ui.until(lambda: "only qa" in str(ui.app.query_one("#wish", Static).content))
        qa.is_("idle")
        await ui.until(lambda: "needs you" not in status(ui))


async def test_f3_goes_to_whoever_waits_longest_and_round(open_app: OpenApp, project: Project) -> None:
    async with open_app("claude", "qa", "bu") as ui:
        await ui.running()
        await ui.press("f3")
        await ui.until(lambda: "No agent waits for you." in ui.toasts)
        now = time.time()
        for agent, since in (("claude", 5), ("qa", 9), ("bu", 7)):
            Client(project, agent).is_("waiting", "permission prompt", now + 20 - since)
        await ui.until(lambda: "3 need you: F3" in status(ui))
        found = []
        for _ in range(4):
            await ui.press("f3")
            found.append(ui.focused)
        # From claude, which waits itself, on to whoever has waited for less, round the end.
        assert found == ["qa", "bu", "claude", "qa"]


async def test_news_are_told_once_and_not_of_the_focused_pane(open_app: OpenApp, project: Project) -> None:
    async with open_app("claude", "qa", config=config(QUICK)) as ui:
        await ui.running()
        claude, qa = Client(project, "claude"), Client(project, "qa")
        for client in (claude, qa):
            client.is_("busy")
        await ui.until(lambda: all("busy" in ui.title(agent) for agent in ("claude", "qa")))
        claude.is_("waiting", "permission prompt")
        qa.is_("waiting", "input needed")
        qa.hook("PermissionRequest", tool="AskUserQuestion", detail="Which one?")
        await ui.until(lambda: any(toast.startswith("qa needs you") for toast in ui.toasts))
        await ui.until(lambda: "question: Which one?" in ui.title("qa"))
        qa.is_("busy")
        await ui.until(lambda: "busy" in ui.title("qa"))
        qa.is_("idle")
        await ui.until(lambda: "qa has finished its turn" in ui.toasts)
        qa.hook("UserPromptSubmit")
        qa.is_("busy")
        await ui.until(lambda: "busy" in ui.title("qa"))
        qa.is_("idle")
        qa.hook("StopFailure", error="rate_limit")
        await ui.until(lambda: "✖ error · rate limit" in ui.title("qa"))
        await ui.until(lambda: "qa has failed: rate limit" in ui.toasts)
        assert not [toast for toast in ui.toasts if toast.startswith("claude")]
        assert len([toast for toast in ui.toasts if toast.startswith("qa needs you")]) == 1


async def test_what_passes_by_itself_is_not_told(open_app: OpenApp, project: Project) -> None:
    async with open_app("claude", "qa", config=config(replace(QUICK, dwell=3600))) as ui:
        await ui.running()
        qa = Client(project, "qa")
        qa.is_("waiting", "permission prompt")
        await ui.until(lambda: "1 needs you" in status(ui))
        qa.is_("busy")
        await ui.until(lambda: "needs you" not in status(ui))
        assert ui.toasts == []


async def test_a_bell_of_another_program_is_a_hint_until_it_is_looked_at(
    open_app: OpenApp, project: Project
) -> None:
    async with open_app("claude", "qa") as ui:
        await ui.running()
        ui.pane("qa").link.send(b"printf '\\a'\r")
        await ui.until(lambda: "● running · it rang" in ui.title("qa"))
        assert "1 needs you: F3" in status(ui)
        await ui.press("f3")
        assert ui.focused == "qa"
        await ui.until(lambda: "it rang" not in ui.title("qa"))
        await ui.type("printf '\\a'")
        await ui.until(lambda: "printf" in ui.text("qa"))
        assert "needs you" not in status(ui)


async def test_the_state_is_explained(open_app: OpenApp, project: Project) -> None:
    async with open_app("claude", "qa") as ui:
        await ui.running()
        client = Client(project, "claude")
        client.hook("PermissionRequest", tool="Bash", detail="[b]ls")
        client.is_("waiting", "permission prompt")
        await ui.until(lambda: "needs you" in ui.title("claude"))
        await ui.press("ctrl+b", "e")
        await ui.until(lambda: ui.shows(ExplainScreen))
        text = str(ui.app.screen.query_one("#explanation", Static).content)
        assert "claude: ◆ needs you · permission: Bash [b]ls" in text
        assert "rule 3: the registry" in text
        assert "registry    waiting, permission prompt" in text
        assert "bell        nothing\n" in text
        assert "never" not in text
        await ui.press("escape")
        await ui.until(lambda: not isinstance(ui.app.screen, ExplainScreen))


async def test_what_a_conversation_has_used_stands_at_the_bottom(open_app: OpenApp, project: Project) -> None:
    async with open_app("claude", "qa") as ui:
        await ui.running()
        told = {"at": time.time(), "cost": 0.1234, "context": 34.4, "model": "Opus"}
        (Client(project, "qa").folder / "qms-tui/status.json").write_text(json.dumps(told))
        await ui.until(lambda: ui.footnote("qa") == " Opus · 34 % context · $0.12 ")
        assert ui.footnote("claude") == ""


async def test_tabs_have_marks(open_app: OpenApp, project: Project) -> None:
    async with open_app("claude", "qa", size=(80, 24)) as ui:
        await ui.running()
        Client(project, "qa").is_("waiting", "permission prompt")
        await ui.until(lambda: "2 qa  ◆" in str(ui.app.base.query_one(TabLine).content))


async def test_how_far_an_item_of_an_agent_without_a_pane_has_come(
    open_app: OpenApp, project: Project
) -> None:
    inbox = project.folders("qa").inbox
    inbox.mkdir(parents=True)
    (inbox / "msg.md").write_text("---\nfrom: lead\nsubject: ok\n---\n")
    told = {"msg.md": {"announced": time.time() - 9, "delivered": time.time() - 9}}
    (Client(project, "qa").folder / "qms-tui/announced.json").write_text(json.dumps(told))
    async with open_app("claude") as ui:
        await ui.running()
        await ui.press("f2")
        await ui.until(lambda: "delivered" in ui.sidebar)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (Receipt(9_000.0), "announced 16m"),
        (Receipt(9_000.0, delivered=9_970.0), "delivered 30s"),
        (Receipt(9_000.0, 9_970.0, failed=9_990.0, again=10_240.0), "failed, again in 4m"),
        (Receipt(9_000.0, 9_970.0, failed=9_990.0, again=9_999.0), "failed, again in 1s"),
        (Receipt(9_000.0, 9_970.0, failed=2_000.0), "failed 2h: w wakes"),
    ],
)
def test_how_far_an_item_has_come(known: Receipt, said: str) -> None:
    assert receipt(InboxItem(1, "qa", "1-2-x", receipt=known), 10_000.0) == said


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        (OuterNotification.OFF, ""),
        (OuterNotification.OSC9, "\x1b]9;qa needs you: a]0b\x1b\\"),
        (OuterNotification.OSC777, "\x1b]777;notify;qms-tui;qa needs you: a]0b\x1b\\"),
    ],
)
def test_nothing_ends_an_outer_notification_early(how: OuterNotification, wanted: str) -> None:
    assert outer_notification(how, "qa needs you: a\x1b]0;b\x07\x9c") == wanted
    assert len(outer_notification(how, "x" * 5000)) < 250
