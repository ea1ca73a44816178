"""Inboxes as a person sees them: badges, toasts, the sidebar; files written as the QMS writes them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

import pytest
from textual.widgets import Input, OptionList

from qms_tui.config import Config, InboxConfig
from qms_tui.inbox import Past
from qms_tui.project import Project
from qms_tui.ui.chrome import StatusLine, TabLine
from qms_tui.ui.notifications import Notifications
from qms_tui.ui.screens import PickScreen
from tests.inbox.qms_commands import QmsCommands

from .conftest import Screen

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]
ECHO = ("/bin/sh", "-c", "stty raw -echo; echo ready; exec cat -v")


@pytest.fixture
def qms(project: Project) -> QmsCommands:
    """The project with what `qms init` makes."""
    for agent in ("lead", "claude", "qa"):
        project.folders(agent).inbox.mkdir(parents=True)
    return QmsCommands(project.root)


def badge(ui: Screen, agent: str) -> str:
    """The number behind the name in a pane's title."""
    words = ui.title(agent).split()
    between = words[words.index(agent) + 1]
    return between if between.isdigit() else ""


def status(ui: Screen) -> str:
    return str(ui.app.base.query_one(StatusLine).content)


async def watched(ui: Screen) -> None:
    """Until the inboxes have been looked at: what comes now is an arrival."""
    await ui.running()
    told = ui.core.mail
    await ui.until(lambda: told.ledger.version > 0)


async def test_route_review_approve_cancel_route_again(open_app: OpenApp, qms: QmsCommands) -> None:
    async with open_app("claude", "qa", size=(200, 50)) as ui:
        await watched(ui)
        await ui.press("f2")
        assert badge(ui, "qa") == ""

        qms.route("CR-056", "qa")
        await ui.until(lambda: badge(ui, "qa") == "1")
        await ui.until(lambda: ui.toasts == ["qa\nNew task: Review CR-056"])
        assert "▎New task: Review CR-056" in ui.sidebar
        assert "▎qa · review · from claude" in ui.sidebar
        assert "pending" in ui.sidebar
        assert ui.agents == ["● claude running", "● qa running 1 review"]
        assert "1 item waits: F2" in status(ui)

        qms.answer("CR-056", "qa", "REVIEW_RECOMMENDED")
        await ui.until(lambda: (badge(ui, "qa"), badge(ui, "claude")) == ("", "1"))
        await ui.until(lambda: ui.toasts[-1:] == ["claude\nNotice: CR-056 review recommended"])
        assert "✓ after" in ui.sidebar
        assert ui.agents == ["● claude running 1 notice", "● qa running"]

        qms.route("CR-056", "qa", "PRE_APPROVAL")
        await ui.until(lambda: ui.toasts[-1:] == ["qa\nNew task: Approve CR-056"])
        await ui.until(lambda: ui.agents == ["● claude running 1 notice", "● qa running 1 approval"])
        qms.answer("CR-056", "qa", "APPROVED")
        await ui.until(lambda: (badge(ui, "qa"), badge(ui, "claude")) == ("", "2"))
        await ui.until(lambda: "Notice: CR-056 approved" in ui.sidebar)

        qms.route("CR-057", "qa")
        await ui.until(lambda: badge(ui, "qa") == "1")
        qms.cancel("CR-057", "qa")
        await ui.until(lambda: badge(ui, "qa") == "")
        qms.route("CR-057", "qa")
        await ui.until(lambda: badge(ui, "qa") == "1")
        await ui.until(lambda: ui.sidebar.count("New task: Review CR-057") == 2)
        assert ui.app.desk.has_keyboard


@pytest.mark.parametrize(("name", "content", "words"), [
    ("task-CR-056-pre_review-v0-1.md", "", "New task: Review CR-056"),
    ("task-CR-056-pre_approval-v0-1.md", "", "New task: Approve CR-056"),
    ("msg-claude-2026-02-04-143022.md", '---\ntype: message\nfrom: claude\nsubject: "Note on CR-056"\n---\n',
     "Message from claude: Note on CR-056"),
    ("notif-CR-056-approved-2026-02-04.md", "---\ntype: notification\nevent: APPROVED\ndoc_id: CR-056\n---\n",
     "Notice: CR-056 approved"),
    ("something.md", "else", "New inbox item: something.md"),
])  # fmt: skip
async def test_the_words(open_app: OpenApp, qms: QmsCommands, name: str, content: str, words: str) -> None:
    async with open_app("claude", "qa") as ui:
        await watched(ui)
        (qms.root / ".claude/users/qa/inbox" / name).write_text(content)
        await ui.until(lambda: ui.toasts == [f"qa\n{words}"])


async def test_a_toast_has_the_agents_colour(open_app: OpenApp, qms: QmsCommands) -> None:
    async with open_app("claude", "qa") as ui:
        await watched(ui)
        qms.route("CR-1", "qa")
        await ui.until(lambda: ui.toasts)
        (toast,) = ui.app._notifications
        assert str(toast.message.spans[0].style) == f"bold {ui.pane('qa').color}"  # type: ignore[attr-defined]


async def test_arrivals_never_move_the_keyboard(open_app: OpenApp, qms: QmsCommands) -> None:
    async with open_app("claude", "qa", command=ECHO, size=(200, 40)) as ui:
        await ui.until(lambda: "ready" in ui.text("claude"))
        await watched(ui)
        await ui.press("f2", "escape")  # open, and back to the agent
        for number in range(3):
            qms.route(f"CR-{number}", "qa")
            await ui.press(*f"key{number}")
        await ui.until(lambda: badge(ui, "qa") == "3")
        await ui.press(*"end")
        await ui.until(lambda: "key0key1key2end" in ui.text("claude"))
        assert ui.focused == "claude"
        assert "New task: Review CR-2" in ui.sidebar


async def test_the_sidebar_takes_no_key_from_an_agent_and_an_agent_none_from_it(
    open_app: OpenApp, qms: QmsCommands
) -> None:
    async with open_app("claude", "qa", command=ECHO, size=(200, 40)) as ui:
        await ui.until(lambda: "ready" in ui.text("claude"))
        await ui.press("f2", "x", "down", "q")
        assert ui.app.desk.has_keyboard
        await ui.press("f2", "o", "n", "e")
        await ui.until(lambda: "one" in ui.text("claude"))
        assert not ui.app.desk.sidebar.display
        await ui.press("f2", "escape", "t", "w", "o")
        await ui.until(lambda: "onetwo" in ui.text("claude"))
        assert ui.app.desk.sidebar.display
        await ui.press("f2", "z", "f2", "x")
        await ui.until(lambda: "onetwox" in ui.text("claude"))


async def test_what_came_before_is_counted_without_toasts(open_app: OpenApp, qms: QmsCommands) -> None:
    for number in range(20):
        path = qms.route(f"CR-{number}", "qa")
        os.utime(path, (time.time() - 3600,) * 2)
    async with open_app("claude", "qa", size=(200, 50)) as ui:
        await ui.until(lambda: badge(ui, "qa") == "20")
        await ui.press("f2")
        await ui.until(lambda: "New task: Review CR-3" in ui.sidebar)
        assert "1h" in ui.sidebar
        assert ui.toasts == []
        assert "20 items wait: F2" in status(ui)


async def test_a_burst_is_one_toast_and_nothing_is_lost(open_app: OpenApp, qms: QmsCommands) -> None:
    async with open_app("claude", "qa", size=(200, 50)) as ui:
        await watched(ui)
        for number in range(400):
            qms.route(f"CR-{number}", "qa")
        await ui.until(lambda: badge(ui, "qa") == "400", 40)
        await ui.until(lambda: ui.toasts == ["qa\n400 new items: 400 reviews"])


async def test_toasts_off_and_the_bell_on(
    open_app: OpenApp, qms: QmsCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    async with open_app("claude", "qa", config=Config(inbox=InboxConfig(toasts=False, bell=True))) as ui:
        monkeypatch.setattr(ui.app, "bell", lambda: rung.append(1))  # the driver's; nothing to hear headless
        await watched(ui)
        qms.route("CR-1", "qa")
        await ui.until(lambda: badge(ui, "qa") == "1" and rung == [1])
        assert ui.toasts == []


async def test_agents_and_users_that_come_later(
    open_app: OpenApp, qms: QmsCommands, project: Project
) -> None:
    async with open_app("claude", config=Config(inbox=InboxConfig(rescan=0.5)), size=(200, 50)) as ui:
        await watched(ui)
        (qms.root / ".claude/agents/tu_new.md").write_text("---\nname: tu_new\n---\n")
        qms.message("tu_new", "Welcome", "Read SOP-001.")
        qms.message("guest", "And you", "too.")  # with a folder, and no agent
        await ui.until(lambda: {"tu_new\nMessage from claude: Welcome", "guest\nMessage from claude: And you"}
                       <= set(ui.toasts))  # fmt: skip
        await ui.press("f2")
        await ui.until(lambda: ui.agents == ["● claude running", "guest 1 message", "tu_new 1 message"])
        await ui.press("f12", "c")
        await ui.until(lambda: ui.shows(PickScreen))
        assert "tu_new" in str([option.id for option in ui.app.screen.query_one(OptionList).options])


async def test_filters_and_search(open_app: OpenApp, qms: QmsCommands) -> None:
    qms.route("CR-1", "qa")
    qms.message("claude", "Hello there", "x", sender="qa")
    async with open_app("claude", "qa", size=(200, 50)) as ui:
        await watched(ui)
        await ui.press("f2")
        await ui.until(lambda: "CR-1" in ui.sidebar and "Hello" in ui.sidebar)
        await ui.press("a")
        assert "Hello" in ui.sidebar
        assert "CR-1" not in ui.sidebar
        await ui.press("a")
        assert "CR-1" in ui.sidebar
        assert "Hello" not in ui.sidebar
        await ui.press("a", "k")
        assert "CR-1" in ui.sidebar
        assert "Hello" not in ui.sidebar
        await ui.press("k", "k")
        assert "Hello" in ui.sidebar
        assert "CR-1" not in ui.sidebar
        await ui.press("k", "k", "k", "slash", *"hello")
        await ui.until(lambda: "CR-1" not in ui.sidebar)
        assert isinstance(ui.app.focused, Input)
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.focused, Notifications))
        await ui.press("slash", "escape")
        await ui.until(lambda: "CR-1" in ui.sidebar and "Hello" in ui.sidebar)


async def test_the_chosen_item_stays_chosen_while_others_come(open_app: OpenApp, qms: QmsCommands) -> None:
    for number in range(3):
        os.utime(qms.route(f"CR-{number}", "qa"), (time.time() - 60 + number,) * 2)
    async with open_app("claude", "qa", size=(200, 50)) as ui:
        await watched(ui)
        await ui.press("f2")
        await ui.until(lambda: "CR-0" in ui.sidebar)
        await ui.press("down")
        listed = ui.app.query_one(Notifications)
        assert listed.chosen is not None
        assert listed.chosen.document == "CR-1"
        qms.route("CR-9", "qa")
        await ui.until(lambda: "CR-9" in ui.sidebar)
        assert listed.chosen.document == "CR-1"


async def test_go_copy_and_back(open_app: OpenApp, qms: QmsCommands) -> None:
    path = qms.route("CR-1", "qa")
    async with open_app("claude", "qa", size=(200, 50)) as ui:
        await watched(ui)
        await ui.press("f2")
        await ui.until(lambda: "CR-1" in ui.sidebar)
        await ui.press("y")
        await ui.until(lambda: ui.app.clipboard == str(path))
        await ui.press("g")
        await ui.until(lambda: ui.focused == "qa" and not ui.app.desk.has_keyboard)


async def test_go_to_an_agent_without_a_pane(open_app: OpenApp, qms: QmsCommands) -> None:
    qms.route("CR-1", "bu")
    async with open_app("claude", size=(200, 50)) as ui:
        await watched(ui)
        await ui.press("f2")
        await ui.until(lambda: "CR-1" in ui.sidebar)
        await ui.press("g", "y")
        await ui.until(lambda: ui.focused == "bu")
        assert badge(ui, "bu") == "1"


async def test_mouse(open_app: OpenApp, qms: QmsCommands) -> None:
    for number in range(3):
        os.utime(qms.route(f"CR-{number}", "qa"), (time.time() - 60 + number,) * 2)
    async with open_app("claude", "qa", size=(200, 50)) as ui:
        await watched(ui)
        await ui.press("f2", "escape")
        await ui.until(lambda: "CR-0" in ui.sidebar)
        await ui.click("#notifications", offset=(5, 3))
        assert ui.app.desk.has_keyboard
        listed = ui.app.query_one(Notifications)
        assert listed.chosen is not None
        assert listed.chosen.document == "CR-1"
        await ui.click("#notifications", offset=(5, 1), times=2)
        await ui.until(lambda: len(ui.app.screen_stack) == 2)
        await ui.press("escape")
        await ui.until(lambda: len(ui.app.screen_stack) == 1)
        await ui.click("#inboxes", offset=(5, 0))
        await ui.until(lambda: "nothing" in ui.sidebar)


async def test_narrow_screens_have_badges_in_the_tabs_and_the_sidebar_alone(
    open_app: OpenApp, qms: QmsCommands
) -> None:
    async with open_app("claude", "qa", size=(80, 24)) as ui:
        await watched(ui)
        qms.route("CR-1", "qa")
        await ui.until(lambda: " 2 qa  1 " in str(ui.app.base.query_one(TabLine).content))
        await ui.press("f2")
        await ui.until(lambda: ui.app.desk.sidebar.size.width > 70 and "CR-1" in ui.sidebar)
        assert not ui.app.base.query_one("#panes").display
        await ui.press("escape")
        await ui.until(lambda: ui.app.base.query_one("#panes").display)
        await ui.type("echo I am $QMS_USER")
        await ui.until(lambda: "I am claude" in ui.painted("claude"))


async def test_history_of_earlier_times(open_app: OpenApp, qms: QmsCommands, tmp_path: Path) -> None:
    past = Past(qms.root, tmp_path / "past")
    async with open_app("claude", "qa", past=past) as ui:
        await watched(ui)
        qms.route("CR-7", "qa")
        await ui.until(lambda: badge(ui, "qa") == "1")
        qms.cancel("CR-7", "qa")
        await ui.until(lambda: badge(ui, "qa") == "")
    (event,) = past.read()
    assert event.item.document == "CR-7"
    async with open_app("claude", "qa", past=past, size=(200, 50)) as ui:
        await watched(ui)
        await ui.press("f2")
        await ui.until(lambda: "New task: Review CR-7" in ui.sidebar)
        assert "✓ after" in ui.sidebar
        assert ui.toasts == []


async def test_hostile_items_are_shown_and_nothing_happens(open_app: OpenApp, qms: QmsCommands) -> None:
    inbox = qms.root / ".claude/users/qa/inbox"
    link, escape, bidi = "[@click=app.quit]x[/]", "\x1b[2J\x1b]0;owned\x07", "\u202egpj\u2066"
    async with open_app("claude", "qa", size=(200, 50)) as ui:
        await watched(ui)
        await ui.press("f2")
        qms.message("qa", f"{link} one", f"# {link}\n\n[x](javascript:x) {escape}\n")
        await ui.until(lambda: ui.toasts == [f"qa\nMessage from claude: {link} one"])
        (inbox / f"{link[:-3]}{escape}{bidi}.md").write_text(f"{link}{escape}{bidi}")
        with (inbox / "huge.md").open("wb") as huge:
            huge.truncate(50_000_000)
        (inbox / "bomb.md").write_text("---\na: &a [x]\nb: [*a, *a]\n---\n" + "> " * 30_000)
        await ui.until(lambda: badge(ui, "qa") == "4")
        await ui.until(lambda: "huge.md" in ui.sidebar and "bomb.md" in ui.sidebar)
        seen = "\n".join([ui.sidebar, *ui.toasts])
        assert f"Message from claude: {link}"[:36] in seen
        assert "\x1b" not in seen
        assert "\u202e" not in seen
        for _ in range(4):
            await ui.press("enter")
            await ui.until(lambda: len(ui.app.screen_stack) == 2)
            await ui.click(offset=(60, 10))
            await ui.press("escape")
            await ui.until(lambda: len(ui.app.screen_stack) == 1)
            await ui.press("down")
        assert ui.app.is_running


async def test_an_inbox_behind_a_link_is_not_an_empty_one(
    open_app: OpenApp, project: Project, qms: QmsCommands
) -> None:
    inbox = project.folders("qa").inbox
    inbox.rename(inbox.with_name("mail"))
    inbox.symlink_to("mail")
    async with open_app("claude", "qa", size=(200, 50)) as ui:
        await ui.press("f2")
        await ui.until(lambda: [row for row in ui.agents if row.endswith("inbox not looked at")])
        assert any("inbox is a link" in toast for toast in ui.toasts)
