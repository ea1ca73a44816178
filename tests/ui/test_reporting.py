"""Programs that report of themselves (OSC 7501), on the whole app: real ones, on real PTYs."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import pytest
from textual.events import AppFocus
from textual.widgets import Static

from qms_tui.config import AgentConfig, Config, NotifyConfig, Shutdown
from qms_tui.core import Agent, AgentState, AgentView, activities
from qms_tui.core.activities import STATUS_PERIOD
from qms_tui.keeper.watch import SOON
from qms_tui.programs.claude import rules
from qms_tui.programs.values import Word
from qms_tui.project import Project
from qms_tui.runtime import Rang, Reported, Titled
from qms_tui.ui.chrome import StatusLine
from qms_tui.ui.explain import ExplainScreen
from qms_tui.waking import typist
from tests.core.client import Client
from tests.inbox.qms_commands import QmsCommands

from .conftest import Screen
from .reporting import Reporters, report

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]
QUICK = Config(notify=NotifyConfig(dwell=0, cooldown=0))
ASKS = report("blocked", "approve Bash: rm -r build", kind="permission")
NEW = "New in your QMS inbox: "


@pytest.fixture
def reporters(tmp_path: Path) -> Iterator[Reporters]:
    made = Reporters(tmp_path)
    yield made
    made.close()


def status(ui: Screen) -> str:
    return str(ui.app.base.query_one(StatusLine).content)


async def explained(ui: Screen) -> str:
    await ui.press("ctrl+b", "e")
    await ui.until(lambda: ui.shows(ExplainScreen))
    said = str(ui.app.screen.query_one("#explanation", Static).content)
    await ui.press("escape")
    return said


async def test_states_are_seen_everywhere(open_app: OpenApp, reporters: Reporters) -> None:
    async with open_app("claude", "qa", command=reporters.command) as ui:
        await ui.running()
        assert await explained(ui)
        for said, shown in (
            (report("idle"), "2 qa ● idle · local"),
            (report("working", "tests", progress=40), "2 qa ◐ busy · tests, 40 % · local"),
            (report("done"), "2 qa ● idle · finished, not looked at yet · local"),
            (report("working", title="lint", id="a/b"), "2 qa ◔ background job · lint · local"),
            (report("clear", id="a"), "2 qa ● idle · finished, not looked at yet · local"),
            (report("error", "no network"), "2 qa ✖ error · no network · local"),
            (report("blocked", "Which one?", kind="question"), "2 qa ◆ needs you · question: Which one?"),
            (ASKS, "2 qa ◆ needs you · permission: approve Bash: rm -r build · local"),
        ):
            reporters.say("qa", said)
            await ui.until(lambda shown=shown: shown in ui.title("qa"))  # type: ignore[misc]
        assert "1 needs you: F3" in status(ui)
        await ui.press("f2")
        await ui.until(lambda: ui.agents[1:2] == ["◆ qa needs you"])
        assert ui.agents[2].startswith("permission: approve Bash: rm")
        assert len(ui.lights) == 1
        reporters.say("qa", report("clear"))
        await ui.until(lambda: "2 qa ● running" in ui.title("qa"))
        assert "needs you" not in status(ui)


async def test_why_is_explained(open_app: OpenApp, reporters: Reporters) -> None:
    async with open_app("qa", command=reporters.command) as ui:
        await ui.running()
        reporters.say("qa", ASKS, report("working", id="a"))
        await ui.until(lambda: "needs you" in ui.title("qa"))
        said = await explained(ui)
        assert "rule 1: its report" in said
        reported = "report      some-agent: blocked, permission, approve Bash: rm -r build, 1 child"
        assert re.search(re.escape(reported) + r"  \d+s ago$", said, re.MULTILINE)
        assert "● program   ready" in said
        assert "○ login     none in this program" in said
        reporters.say("qa", report("blocked", "sign in", kind="auth"))
        await ui.until(lambda: "needs you · login: sign in" in ui.title("qa"))
        assert "✖ login     not logged in, says the program" in await explained(ui)
        assert "login: not" not in ui.footnote("qa")  # the title says it


async def test_f3_goes_to_who_waits_and_looking_is_enough(open_app: OpenApp, reporters: Reporters) -> None:
    async with open_app("claude", "qa", "bu", command=reporters.command) as ui:
        await ui.running()
        reporters.say("claude", report("done"))
        await ui.until(lambda: "1 claude ● idle · local" in ui.title("claude"))  # it is looked at
        reporters.say("bu", ASKS)
        await ui.until(lambda: "1 needs you: F3" in status(ui))
        reporters.say("qa", ASKS)
        await ui.until(lambda: "2 need you: F3" in status(ui))
        found = []
        for _ in range(3):
            await ui.press("f3")
            found.append(ui.focused)
        assert found == ["bu", "qa", "bu"]
        reporters.say("qa", report("done"))
        await ui.until(lambda: "not looked at yet" in ui.title("qa"))
        await ui.press("alt+2")
        await ui.until(lambda: "2 qa ● idle · local" in ui.title("qa"))


async def test_what_finishes_while_the_terminal_is_left_is_looked_at_on_return(
    open_app: OpenApp, reporters: Reporters
) -> None:
    async with open_app("qa", command=reporters.command) as ui:
        await ui.running()
        ui.app.app_focus = False
        await ui.until(lambda: not ui.core._looked_at)  # until the application has heard of that
        reporters.say("qa", report("done"))
        await ui.until(lambda: "not looked at yet" in ui.title("qa"))
        ui.app.post_message(AppFocus())
        await ui.until(lambda: "not looked at yet" not in ui.title("qa"))


async def test_news_are_told_once(open_app: OpenApp, reporters: Reporters) -> None:
    async with open_app("claude", "qa", command=reporters.command, config=QUICK) as ui:
        await ui.running()
        reporters.say("claude", ASKS)
        for text in ("step 1", "step 2"):
            reporters.say("qa", report("working", text))
            await ui.until(lambda text=text: text in ui.title("qa"))  # type: ignore[misc]
        for text in ("idle", "done", "idle"):  # which is one rest
            reporters.say("qa", report(text))
        await ui.until(lambda: "qa has finished its turn" in ui.toasts)
        for progress in range(3):
            reporters.say("qa", report("blocked", "[b]how?[/b]", kind="question", progress=progress))
            await ui.until(lambda progress=progress: f"{progress} %" in ui.title("qa"))  # type: ignore[misc]
        await ui.until(lambda: "qa needs you: question: [b]how?[/b], 0 %" in ui.toasts)
        reporters.say("qa", report("error", "no network"))
        await ui.until(lambda: "qa has failed: no network" in ui.toasts)
        assert [toast.partition(":")[0] for toast in ui.toasts] == [
            "qa has finished its turn",
            "qa needs you",
            "qa has failed",
        ]


async def test_who_flaps_is_told_of_once_and_costs_little(
    open_app: OpenApp, reporters: Reporters, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = replace(QUICK, notify=NotifyConfig(dwell=0, cooldown=3600))
    async with open_app("claude", "qa", command=reporters.command, config=slow) as ui:
        await ui.running()
        looks, watched = [], ui.core.activities
        judge, saw = watched.judge, watched.saw
        seen: list[Titled | Rang | Reported] = []

        def counted(agent: Agent, view: AgentView) -> activities.Judgement:
            looks.append(time.monotonic())
            return judge(agent, view)

        def spied(agent: Agent, event: Titled | Rang | Reported) -> None:
            seen.append(event)
            saw(agent, event)

        monkeypatch.setattr(watched, "judge", counted)
        monkeypatch.setattr(watched, "saw", spied)
        began = time.monotonic()
        flood = [ASKS, report("idle")] * 1000
        await asyncio.to_thread(reporters.say, "qa", *flood, report("error", "the last"))
        await ui.until(lambda: "✖ error · the last" in ui.title("qa"))
        assert len(looks) <= (time.monotonic() - began) / STATUS_PERIOD + 3
        assert 0 < len(seen) <= (time.monotonic() - began) / SOON + 3  # the keeper says it merged
        assert len([toast for toast in ui.toasts if toast.startswith("qa needs you")]) <= 1


@pytest.mark.parametrize(
    "text", ["[red]x[/red]", "[@click=app.exit]x", "$error", "x" * 2000, "{0}%s\\033", "[/]"]
)
async def test_texts_are_inert(open_app: OpenApp, reporters: Reporters, text: str) -> None:
    async with open_app("claude", "qa", command=reporters.command, config=QUICK) as ui:
        await ui.running()
        reporters.say("qa", report("blocked", text, kind="question"))
        shown = f"needs you · question: {text[:100]}"
        await ui.until(lambda: shown in ui.title("qa"))
        await ui.until(
            lambda: any(toast.startswith(f"qa needs you: question: {text[:100]}") for toast in ui.toasts)
        )
        assert all(len(toast) < 250 for toast in ui.toasts)
        await ui.press("f2", "alt+2")
        assert text[:100] in await explained(ui)


async def test_policies_act_for_what_is_reported(open_app: OpenApp, reporters: Reporters) -> None:
    only = replace(AgentConfig(name="qa"), shutdown=Shutdown.IDLE_TIMEOUT, idle_timeout=0.3)
    config = replace(Config(), overrides=MappingProxyType({"qa": only}))
    async with open_app("claude", "qa", command=reporters.command, config=config) as ui:
        await ui.running()
        assert "which has no effect" in ui.core.policies.explain(ui.core.view("qa")).said
        reporters.say("qa", report("working", id="a"))  # before it idles, and would be stopped for that
        await ui.until(lambda: "background job" in ui.title("qa"))
        reporters.say("qa", report("idle"))
        await ui.until(lambda: ui.pane("qa").link.terminal.status.root)
        assert "background job" in ui.title("qa")
        assert "which has no effect" not in ui.core.policies.explain(ui.core.view("qa")).said
        assert ui.word("qa") is not None
        ui.core.facts_of_all()
        assert ui.agent("qa").state is AgentState.RUNNING
        ended = time.time()
        reporters.say("qa", report("clear", id="a"))
        await ui.until(lambda: "stopped: it has been idle for 0 s" in ui.footnote("qa"))
        assert time.time() - ended >= 0.3  # since its children rest, too


async def test_who_reports_is_typed_to_while_it_is_idle(
    open_app: OpenApp, reporters: Reporters, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typist, "QUIET", 0.0)
    for name in ("lead", "qa"):
        project.folders(name).inbox.mkdir(parents=True)
    qms = QmsCommands(project.root)
    config = Config(every_agent=AgentConfig(command=("bash",), wake_prompt="free> ", wake_text="Go."))
    async with open_app("qa", command=reporters.command, config=config) as ui:
        await ui.until(lambda: "free> " in ui.text("qa"))
        for said, word in (
            (report("working"), Word.BUSY),
            (ASKS, Word.NEEDS_YOU),
            (report("error"), Word.ERROR),
        ):
            reporters.say("qa", said)
            await ui.until(lambda word=word: ui.word("qa") is word)  # type: ignore[misc]
            if not ui.core.mail.ledger.waiting("qa"):
                qms.route("CR-056", "qa")
            waits = f"waits: {word.value}, not idle"
            await ui.until(lambda waits=waits: ui.typing("qa") == waits)  # type: ignore[misc]
        assert NEW not in ui.text("qa")
        reporters.say("qa", report("done"))
        await ui.until(lambda: "command not found" in ui.text("qa"))


async def ask(ui: Screen, reporters: Reporters) -> None:
    """A dialog opens, and is shown."""
    reporters.say("qa", ASKS)
    await ui.until(lambda: (status := ui.pane("qa").link.terminal.status).root and status.root.kind)


async def route_and_wait(ui: Screen, project: Project) -> None:
    """Something comes while a dialog is open that has not been seen: nothing is typed."""
    assert ui.word("qa") is Word.IDLE
    QmsCommands(project.root).route("CR-056", "qa")
    waits = "waits: needs you, not idle"
    await ui.until(lambda: ui.typing("qa") == waits)
    assert NEW not in ui.text("qa")


async def test_nothing_is_typed_over_a_dialog_of_just_now(
    open_app: OpenApp, reporters: Reporters, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typist, "QUIET", 0.0)
    monkeypatch.setattr(activities, "STATUS_PERIOD", 3600.0)
    for name in ("lead", "qa"):
        project.folders(name).inbox.mkdir(parents=True)
    config = Config(every_agent=AgentConfig(command=("bash",), wake_prompt="free> ", wake_text="Go."))
    async with open_app("qa", command=reporters.command, config=config) as ui:
        await ui.until(lambda: "free> " in ui.text("qa") and not ui.core.waking.waits)
        for _ in range(20):
            reporters.say("qa", report("idle"))
            await ui.until(lambda: (root := ui.pane("qa").link.terminal.status.root) and not root.kind)
            ui.core.facts_of_all()  # which takes what waits for its turn
            await ask(ui, reporters)
            if ui.word("qa") is Word.IDLE:  # else something else has happened, and had it seen
                break
        await route_and_wait(ui, project)


async def test_nothing_is_typed_over_a_dialog_that_only_the_report_knows(
    open_app: OpenApp, reporters: Reporters, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry is read now and then, and says idle until they have disagreed for a while."""
    monkeypatch.setattr(typist, "QUIET", 0.0)
    monkeypatch.setattr(rules, "DISAGREE_MOST", 3600.0)
    for name in ("lead", "qa"):
        project.folders(name).inbox.mkdir(parents=True)
    config = Config(every_agent=AgentConfig(command=("bash",), wake_prompt="free> ", wake_text="Go."))
    async with open_app("qa", command=reporters.command, config=config) as ui:
        await ui.until(lambda: "free> " in ui.text("qa"))
        Client(project, "qa").is_("idle")
        await ui.until(lambda: ui.word("qa") is Word.IDLE)
        await ask(ui, reporters)
        await route_and_wait(ui, project)
        reporters.say("qa", report("idle"))
        await ui.until(lambda: "command not found" in ui.text("qa"))


async def test_who_reports_a_dialog_is_not_stopped_for_idleness(
    open_app: OpenApp, reporters: Reporters, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "DISAGREE_MOST", 3600.0)
    only = replace(AgentConfig(name="qa"), shutdown=Shutdown.IDLE_TIMEOUT, idle_timeout=0.1)
    config = replace(Config(), overrides=MappingProxyType({"qa": only}))
    async with open_app("claude", "qa", command=reporters.command, config=config) as ui:
        await ui.running()
        reporters.say("qa", ASKS)
        await ui.until(lambda: "needs you" in ui.title("qa"))
        Client(project, "qa").is_("idle")
        await ui.until(lambda: ui.core.activities.report("qa").has_state)
        since = time.time()
        await ui.until(lambda: time.time() > since + 0.2)
        ui.core.facts_of_all()
        assert ui.agent("qa").state is AgentState.RUNNING
        assert ui.word("qa") is Word.IDLE
        reporters.say("qa", report("idle"))
        await ui.until(lambda: "stopped: it has been idle for 0 s" in ui.footnote("qa"))
