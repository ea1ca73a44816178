"""Agents that start and stop by themselves, on the whole app with real programs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from textual.widgets import Static

from qms_tui.config import AgentConfig, Config, Launch, Shutdown
from qms_tui.core import AgentState
from qms_tui.core.policies import MOST_OPENED
from qms_tui.project import Project
from qms_tui.ui.explain import ExplainScreen
from tests.core.client import Client
from tests.inbox.qms_commands import QmsCommands

from .conftest import Screen

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]


def config(agent: str, **settings: object) -> Config:
    only = replace(AgentConfig(name=agent), **settings)  # type: ignore[arg-type]
    return replace(Config(), overrides=MappingProxyType({agent: only}))


async def test_a_task_starts_the_agent_and_a_notice_does_not(open_app: OpenApp, project: Project) -> None:
    qms = QmsCommands(project.root)
    async with open_app("claude", "qa", config=config("qa", launch=Launch.AUTO_ON_TASK)) as ui:
        await ui.until(lambda: "starts when a task arrives" in ui.painted("qa"))
        assert "2 qa ○ not started" in ui.title("qa")
        qms.answer("CR-001", "claude", "APPROVED", tells="qa")
        await ui.until(lambda: "2 qa  1 " in ui.title("qa"))
        assert ui.agent("qa").state is AgentState.ABSENT
        qms.route("CR-056", "qa")
        await ui.until(lambda: "● running" in ui.title("qa"))
        assert "qa is started: CR-056 waits · launch = auto_on_task" in ui.toasts
        await ui.press("alt+2", "ctrl+b", "e")
        await ui.until(lambda: ui.shows(ExplainScreen))
        said = str(ui.app.screen.query_one("#explanation", Static).content)
        assert "launch auto_on_task, shutdown manual; is started: CR-056 waits" in said
        await ui.press("escape")


async def test_it_is_started_by_hand_too(open_app: OpenApp) -> None:
    async with open_app("qa", config=config("qa", launch=Launch.AUTO_ON_TASK)) as ui:
        await ui.until(lambda: "r starts it now" in ui.painted("qa"))
        await ui.press("f12", "r")
        await ui.until(lambda: "● running" in ui.title("qa"))
        assert not ui.toasts


async def test_an_agent_without_a_pane_gets_one_and_the_keyboard_stays(
    open_app: OpenApp, project: Project
) -> None:
    qms = QmsCommands(project.root)
    async with open_app("claude", config=config("bu", launch=Launch.AUTO_ON_TASK)) as ui:
        await ui.running()
        qms.route("CR-056", "bu")
        await ui.until(lambda: "bu" in ui.core.agents)
        await ui.until(lambda: "2 bu  1  ● running" in ui.title("bu"))
        assert ui.focused == "claude"
        await ui.type("echo still here")
        await ui.until(lambda: "still here" in ui.text("claude"))


async def test_always_on_gets_a_pane_and_is_started_when_it_ends(open_app: OpenApp) -> None:
    async with open_app("claude", config=config("bu", launch=Launch.ALWAYS_ON)) as ui:
        await ui.until(lambda: "bu" in ui.core.agents)
        bu = ui.core.agents["bu"]
        await ui.until(lambda: bu.state is AgentState.RUNNING)
        assert ui.focused == "claude"
        ui.pane("bu").link.send(b"exit 7\r")
        await ui.until(lambda: "bu is started: it has ended: exit code 7 · launch = always_on" in ui.toasts)
        await ui.until(lambda: bu.state is AgentState.RUNNING)
        bu.stop()
        await ui.until(lambda: bu.state is AgentState.ENDED)
        assert ui.core.view("bu").plan == ""


async def test_a_boot_loop_is_left_alone_and_said(open_app: OpenApp) -> None:
    always = config("qa", launch=Launch.ALWAYS_ON)
    async with open_app("claude", "qa", command=("/bin/sh", "-c", "exit 3"), config=always) as ui:
        await ui.until(lambda: any("qa ended 3 times right after its start" in one for one in ui.toasts))
        assert "exit code 3 · given up after 3 tries · r restarts" in ui.footnote("qa")
        said = [notice.text for notice in ui.app.daemon.mirror.notices]  # toasts go after some seconds
        assert len([one for one in said if one.startswith("qa is started")]) == 2
        assert not [one for one in said if one.startswith("claude")], "claude is started by hand"


async def test_no_project_opens_panes_without_end(open_app: OpenApp, project: Project) -> None:
    for number in range(MOST_OPENED + 3):
        (project.root / f".claude/agents/x_{number:02}.md").write_text("")
    every = replace(Config(), every_agent=replace(AgentConfig(), launch=Launch.ALWAYS_ON))
    async with open_app("claude", config=every, command=("cat",)) as ui:
        await ui.until(lambda: any("others are left to you" in toast for toast in ui.toasts))
        await ui.until(lambda: len(ui.app.panes) == 1 + MOST_OPENED)


async def test_a_policy_without_effect_says_so(open_app: OpenApp) -> None:
    async with open_app("claude", config=config("claude", shutdown=Shutdown.IDLE_TIMEOUT)) as ui:
        await ui.running()
        said = ui.core.policies.explain(ui.core.view("claude")).said
        assert said == (
            "launch manual, shutdown idle_timeout; which has no effect: it does not tell when it is idle"
        )


async def test_idle_too_long_is_stopped(open_app: OpenApp, project: Project) -> None:
    idle = config("qa", shutdown=Shutdown.IDLE_TIMEOUT, idle_timeout=10.0)
    async with open_app("claude", "qa", config=idle) as ui:
        await ui.running()
        client = Client(project, "qa")
        client.is_("busy")
        await ui.until(lambda: "busy" in ui.title("qa"))
        client.is_("idle", since=client.started - 20)
        await ui.until(lambda: "qa is stopped: it has been idle for 10 s" in "\n".join(ui.toasts))
        await ui.until(lambda: "stopped: it has been idle for 10 s" in ui.footnote("qa"))
