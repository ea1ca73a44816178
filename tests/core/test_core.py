"""Everything that is done for agents by itself, with no screen anywhere."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from qms_tui.config import AgentConfig, Config, Launch, McpServer, NotifyConfig, Shutdown
from qms_tui.core import AgentState, mending, policy, usage
from qms_tui.core.events import (
    AgentChanged,
    InboxChanged,
    Notice,
    NoticeKind,
    PaneNeeded,
    ReceiptsChanged,
    ServersChanged,
)
from qms_tui.inbox import HUMAN, Past
from qms_tui.mcp.lights import Light, Shown, Standing
from qms_tui.programs.values import Word
from qms_tui.project import Project
from qms_tui.waking import typist
from tests.inbox.qms_commands import QmsCommands

from .client import Client
from .headless import headless

NEW = "New in your QMS inbox: "
QUICK = replace(Config(), notify=NotifyConfig(dwell=0, cooldown=0))
TYPED_TO = AgentConfig(command=("bash",), wake_prompt="free> ", wake_text="Go.")


def only(agent: str, **settings: object) -> Config:
    one = replace(AgentConfig(name=agent), **settings)  # type: ignore[arg-type]
    return replace(Config(), overrides=MappingProxyType({agent: one}))


@pytest.fixture
def qms(project: Project) -> QmsCommands:
    return QmsCommands(project.root)


# -- policies -----------------------------------------------------------------------------------------------


async def test_a_task_starts_the_agent_and_a_notice_does_not(project: Project, qms: QmsCommands) -> None:
    async with headless(project, "claude", "qa", config=only("qa", launch=Launch.AUTO_ON_TASK)) as house:
        await house.running("claude")
        await house.until(lambda: house.core.view("qa").plan == "starts when a task arrives")
        qms.answer("CR-001", "claude", "APPROVED", tells="qa")
        await house.until(lambda: house.core.ledger.waiting("qa") == 1)
        assert house.state("qa") is AgentState.ABSENT
        qms.route("CR-056", "qa")
        await house.running("qa")
        said = "qa is started: CR-056 waits · launch = auto_on_task"
        assert house.told(Notice) == [Notice(said, "information", "qa", NoticeKind.POLICY)]
        assert house.explained("qa", "policies").endswith("is started: CR-056 waits · launch = auto_on_task")
        assert house.told(InboxChanged)
        await house.until(lambda: "qa" in house.arrived)  # toasts wait a moment for more of their kind


async def test_what_must_always_run_is_asked_for_and_started_again(project: Project) -> None:
    async with headless(project, "claude", config=only("bu", launch=Launch.ALWAYS_ON)) as house:
        await house.running("bu")
        assert house.told(PaneNeeded) == [PaneNeeded("bu")]
        house.link("bu").send(b"exit 7\r")
        await house.until(
            lambda: "bu is started: it has ended: exit code 7 · launch = always_on" in house.notices
        )
        await house.running("bu")
        house.core.stop("bu")
        await house.until(lambda: house.state("bu") is AgentState.ENDED)
        assert house.core.view("bu").plan == ""
        assert house.core.live == ("claude",)


async def test_a_boot_loop_is_left_alone(project: Project) -> None:
    always = only("qa", launch=Launch.ALWAYS_ON)
    async with headless(project, "qa", command=("sh", "-c", "exit 3"), config=always) as house:
        await house.until(lambda: any("3 times right after its start" in text for text in house.notices))
        assert house.core.view("qa").plan == "given up after 3 tries"
        assert len([text for text in house.notices if text.startswith("qa is started")]) == 2
        assert house.told(Notice)[-1].severity == "error"


async def test_what_has_worked_off_its_inbox_is_stopped(
    project: Project, qms: QmsCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "QUIET", 0.1)
    config = only("qa", shutdown=Shutdown.ON_INBOX_EMPTY)
    async with headless(project, "claude", "qa", config=config) as house:
        await house.running("claude", "qa")
        client = Client(project, "qa")
        client.is_("idle")
        qms.route("CR-056", "qa")
        await house.until(lambda: house.inboxes.get("qa") == 1)
        client.is_("busy")
        qms.cancel("CR-056", "qa")
        await house.until(lambda: house.inboxes["qa"] == 0)
        client.is_("idle")
        await house.until(lambda: house.state("qa") is AgentState.ENDED)
        assert house.notices == ["qa is stopped: its inbox is empty · shutdown = on_inbox_empty"]
        assert house.state("claude") is AgentState.RUNNING


async def test_what_is_idle_too_long_is_stopped(project: Project) -> None:
    config = only("qa", shutdown=Shutdown.IDLE_TIMEOUT, idle_timeout=0.2)
    async with headless(project, "qa", config=config) as house:
        await house.running("qa")
        assert "it does not tell when it is idle" in house.explained("qa", "policies")
        Client(project, "qa").is_("idle")
        await house.until(lambda: house.state("qa") is AgentState.ENDED)
        assert str(house.core.view("qa").ending) == "ended (stopped: it has been idle for 0 s)"


# -- notices ------------------------------------------------------------------------------------------------


async def test_who_waits_finishes_or_fails_is_told_but_for_who_is_looked_at(project: Project) -> None:
    async with headless(project, "claude", "qa", config=QUICK) as house:
        await house.running("claude", "qa")
        house.core.look_at("claude")
        claude, qa = Client(project, "claude"), Client(project, "qa")
        for client in (claude, qa):
            client.is_("waiting", "permission prompt")
        await house.until(lambda: house.core.waiting == ["claude", "qa"])
        await house.until(lambda: house.notices)
        qa.is_("busy")
        await house.until(lambda: house.core.waiting == ["claude"])
        qa.is_("idle")
        await house.until(lambda: "qa has finished its turn" in house.notices)
        qa.hook("UserPromptSubmit")
        qa.is_("busy")
        await house.until(lambda: (activity := house.core.view("qa").activity) and activity.word is Word.BUSY)
        qa.hook("StopFailure", error="rate_limit")  # first: whoever sees it idle sees why
        qa.is_("idle")
        await house.until(lambda: "qa has failed: rate limit" in house.notices)
        kinds = [(notice.agent, notice.kind, notice.severity) for notice in house.told(Notice)]
        assert kinds == [
            ("qa", NoticeKind.WAITS, "warning"),
            ("qa", NoticeKind.FINISHED, "information"),
            ("qa", NoticeKind.FAILED, "error"),
        ]
        house.core.look_at(None)
        claude.is_("busy")
        claude.hook("UserPromptSubmit")
        await house.until(lambda: not [name for name in house.core.waiting if name == "claude"])
        claude.is_("waiting", "input needed")
        await house.until(lambda: any(text.startswith("claude needs you") for text in house.notices))


@pytest.mark.parametrize("settings", [NotifyConfig(dwell=3600), NotifyConfig(dwell=0, waits=False)])
async def test_what_passes_by_itself_or_is_not_wanted_is_not_told(
    project: Project, settings: NotifyConfig
) -> None:
    async with headless(project, "qa", config=replace(Config(), notify=settings)) as house:
        await house.running("qa")
        client = Client(project, "qa")
        client.is_("waiting", "permission prompt")
        await house.until(lambda: house.core.waiting == ["qa"])
        client.is_("busy")
        await house.until(lambda: house.core.waiting == [])
        assert house.notices == []


async def test_another_of_the_same_kind_waits_for_the_cooldown(project: Project) -> None:
    settings = replace(Config(), notify=NotifyConfig(dwell=0, cooldown=3600))
    async with headless(project, "qa", config=settings) as house:
        await house.running("qa")
        client = Client(project, "qa")
        for _ in range(3):
            client.is_("waiting", "permission prompt")
            await house.until(lambda: house.core.waiting == ["qa"] and house.notices)
            client.is_("busy")
            await house.until(lambda: house.core.waiting == [])
        assert len(house.notices) == 1


# -- inboxes ------------------------------------------------------------------------------------------------


async def test_its_inbox_is_typed_once_with_a_receipt(
    project: Project, qms: QmsCommands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typist, "QUIET", 0.0)
    past = Past(project.root, tmp_path / "inboxes")
    file = qms.route("CR-056", "qa").name
    config = Config(every_agent=TYPED_TO)
    async with headless(project, "qa", config=config, past=past) as house:
        await house.until(lambda: "command not found" in house.text("qa"))
        await house.until(lambda: house.explained("qa", "typing") == "typed")
        assert f"{NEW}review task CR-056 from claude. Go." in house.text("qa").replace("\n", "")
        receipt = house.core.receipt("qa", file)
        assert receipt is not None
        assert time.time() - receipt.at < 60
        assert house.told(ReceiptsChanged)
        assert house.core.waking.waits == set()
    async with headless(project, "qa", config=config, past=past) as house:
        await house.until(lambda: "free> " in house.text("qa") and house.core.ledger.waiting("qa"))
        again = house.core.receipt("qa", file)
        assert again is not None
        assert again.at == receipt.at
        house.core.wake("qa", (file,))
        assert house.notices == ["qa is told of its inbox as soon as its prompt is free."]
        await house.until(lambda: "command not found" in house.text("qa"))


async def test_nothing_is_typed_while_the_human_types(
    project: Project, qms: QmsCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typist, "QUIET", 0.3)
    async with headless(project, "qa", config=Config(every_agent=TYPED_TO)) as house:
        await house.until(lambda: "free> " in house.text("qa"))
        house.link("qa").send(b"echo half")
        await house.until(lambda: "free> echo half" in house.text("qa"))
        qms.route("CR-056", "qa")
        await house.until(lambda: house.explained("qa", "typing") == "waits for a free prompt")
        assert NEW not in house.text("qa")
        house.link("qa").send(b"\x15")
        await house.until(lambda: "command not found" in house.text("qa"))
        assert "half" not in house.text("qa")


async def test_who_has_another_inbox_is_restarted_while_it_rests(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "QUIET", 0.1)
    monkeypatch.setattr(mending, "PERIOD", 0.05)
    async with headless(project, "qa") as house:
        await house.running("qa")
        client = Client(project, "qa")
        client.is_("busy")
        device = os.stat(project.folders("qa").inbox).st_dev
        client.waits_at((device, 1, 0))
        await house.until(lambda: f"qa: {mending.REMARK}" in house.notices)
        assert house.told(Notice)[0].kind is NoticeKind.MENDING
        began = house.core.view("qa").began
        client.is_("idle")
        await house.until(
            lambda: house.core.view("qa").began > began and house.state("qa").value == "running"
        )
        said = "qa: it is restarted, with its conversation, to get its new inbox"
        assert house.notices == [f"qa: {mending.REMARK}", said]


async def test_messages_are_sent_read_and_put_away(project: Project) -> None:
    async with headless(project, "qa") as house:
        core = house.core
        await core.send((HUMAN,), "a subject", "a body")
        await house.until(lambda: core.ledger.waiting(HUMAN) == 1)
        assert core.beside == {HUMAN}
        (item,) = core.ledger.pending(HUMAN)
        assert "a body" in (await core.preview(item)).text
        assert "archive" in str(await core.put_away(item))
        await house.until(lambda: core.ledger.waiting(HUMAN) == 0)


# -- what is known ------------------------------------------------------------------------------------------


async def test_figures_go_with_the_program(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "PAUSE", 0.05)
    async with headless(project, "qa") as house:
        await house.running("qa")
        client = Client(project, "qa")
        client.used(cost=0.1234, context=34.4, model="Opus")
        await house.until(lambda: (view := house.core.view("qa")).usage and view.meter)
        await house.until(lambda: (used := house.core.view("qa").usage) and used.memory > 2**18)
        view = house.core.view("qa")
        assert view.meter is not None
        assert (view.meter.cost, view.meter.context, view.meter.model) == (0.12, 34, "Opus")
        house.core.stop("qa")
        await house.until(lambda: house.state("qa") is AgentState.ENDED)
        assert house.core.view("qa").usage is None
        monkeypatch.setattr(usage, "PAUSE", 3600.0)
        house.core.restart("qa")
        await house.running("qa")
        assert [house.core.view("qa").usage, house.core.view("qa").meter] == [None, None]


async def test_every_source_is_explained(project: Project) -> None:
    async with headless(project, "qa") as house:
        await house.running("qa")
        client = Client(project, "qa")
        client.hook("PermissionRequest", tool="Bash", detail="ls")
        client.is_("waiting", "permission prompt")
        await house.until(lambda: house.core.waiting == ["qa"])
        activity = house.core.view("qa").activity
        assert activity is not None
        assert activity.detail == "permission: Bash ls"
        assert [told.source for told in house.core.explain("qa")] == [
            *("engine", "entrypoint", "registry", "hook", "report", "title", "bell", "waker", "status line"),
            *("policies", "typing"),
        ]
        assert house.explained("qa", "registry") == "waiting, permission prompt"
        assert house.explained("qa", "engine") == "running"
        assert house.explained("qa", "typing") == "off"


async def test_a_bell_waits_for_the_human_until_it_is_looked_at(project: Project) -> None:
    async with headless(project, "claude", "qa") as house:
        await house.running("claude", "qa")
        house.link("qa").send(b"printf '\\a'\r")
        await house.until(lambda: house.core.waiting == ["qa"])
        house.core.look_at("qa")
        assert house.core.waiting == []
        house.link("qa").send(b"printf '\\a'; echo rang\r")
        await house.until(lambda: "\nrang" in house.text("qa"))
        assert house.core.waiting == []


async def test_servers_that_are_down_are_seen_on_the_agents_that_use_them(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qms_tui.core.servers.SELDOM", 0.0)
    monkeypatch.setattr("qms_tui.core.servers.EVERY", 0.02)
    monkeypatch.setattr("qms_tui.activity.lights.DWELL", 0.05)
    config = replace(Config(), servers=(McpServer("qms", command=("true",)),))
    looks = 0

    async def look() -> Standing:
        nonlocal looks
        looks += 1
        return Standing((Shown("qms", Light.DOWN),))

    async with headless(project, "qa", config=config, servers=look) as house:
        await house.running("qa")
        Client(project, "qa").is_("idle")
        await house.until(lambda: (lights := house.core.view("qa").lights) and lights.wrong and looks > 2)
        assert house.told(ServersChanged)[0].standing.servers == (Shown("qms", Light.DOWN),)


async def test_nothing_is_told_after_the_end(project: Project) -> None:
    async with headless(project, "qa") as house:
        await house.running("qa")
        process = house.core.agents.runtime.programs._processes["qa"]  # type: ignore[attr-defined]
    count = len(house.events)
    await house.core.close()
    house.core.facts_of_all()
    assert len(house.events) == count
    assert not process.isalive()
    assert house.told(AgentChanged)
