"""The human's own inbox, from the status line to the archive: the real program on a real terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inbox.qms_commands import QmsCommands
from tests.tui import Tui


@pytest.fixture
def qms(tmp_path: Path) -> QmsCommands:
    """A project of claude, qa and the human, who has a message and a review."""
    root = tmp_path / "project"
    for user in ("lead", "claude", "qa"):
        (root / ".claude" / "users" / user / "inbox").mkdir(parents=True)
    (root / ".claude" / "agents").mkdir()
    (root / ".claude" / "agents" / "qa.md").write_text("You are qa.\n")
    commands = QmsCommands(root)
    commands.message("lead", "Is CR-056 good?", "Please say.\n", sender="qa")
    return commands


@pytest.fixture(params=[(80, 24), (200, 50)], ids=["80x24", "200x50"])
def tui(request: pytest.FixtureRequest, qms: QmsCommands, tmp_path: Path) -> Iterator[Tui]:
    env = {name: str(tmp_path / "home") for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    args = ("--runtime", "local", "--command", "cat", "claude", "qa")
    with Tui(*args, cwd=qms.root, env=env, size=request.param) as tui:
        tui.wait("opened for the first time")
        tui.type("t")
        tui.wait("1 item for you: F3")
        yield tui
        tui.type("\x11")


def inbox(qms: QmsCommands, user: str) -> list[str]:
    return sorted(path.name for path in (qms.root / ".claude/users" / user / "inbox").glob("[!.]*"))


def archived(qms: QmsCommands, user: str) -> list[str]:
    return sorted(path.name for path in (qms.root / ".claude" / "users" / user).glob("inbox-archive/*/[!.]*"))


def test_named_answered_and_done(tui: Tui, qms: QmsCommands) -> None:
    (name,) = inbox(qms, "lead")
    tui.type("\x1bOR")  # F3
    tui.wait("Message from qa: Is CR-056 good?")
    tui.type("\r")
    tui.wait("Please say.")
    tui.type("r")
    tui.wait("Re: Is CR-056 good?")
    tui.type("\x13")  # an answer without a word
    tui.wait("there is no message")
    tui.type("Yes, it is.\x13")
    tui.until(lambda: inbox(qms, "qa"))
    (answer,) = inbox(qms, "qa")
    text = (qms.root / ".claude/users/qa/inbox" / answer).read_text()
    assert 'subject: "Re: Is CR-056 good?"' in text
    assert text.endswith("\n\nYes, it is.\n")
    assert inbox(qms, "lead") == [name]
    tui.wait("Sent to qa", absent="Ctrl+S sends")
    tui.type("d")
    tui.until(lambda: archived(qms, "lead") == [name])
    assert inbox(qms, "lead") == []
    tui.wait("Archived", absent="for you: F3")


def test_a_task_is_asked_about_and_an_agents_item_too(tui: Tui, qms: QmsCommands) -> None:
    (message,) = inbox(qms, "lead")
    task = qms.route("CR-7", "lead").name
    tui.wait("2 items for you: F3")
    tui.type("\x1bOR")
    tui.wait("New task: Review CR-7")
    tui.type("\x1b[H\r")  # Home, then read it
    tui.wait("REVIEW REQUEST")
    tui.type("d")
    tui.wait("The QMS goes on to expect your review of CR-7")
    tui.type("n")
    tui.wait("New task: Review CR-7", absent="The QMS goes on")
    assert inbox(qms, "lead") == [message, task]
    tui.type("d")
    tui.wait("The QMS goes on to expect your review of CR-7")
    tui.type("y")
    tui.until(lambda: archived(qms, "lead") == [task])
    stuck = qms.message("qa", "Old", "x\n").name
    tui.wait("Message from claude: Old")  # in a corner
    tui.type("a")  # from the human's items on to everybody's
    tui.wait("qa · message · from claude")
    tui.type("\x1b[H" + "d")
    tui.wait("It is for qa")
    tui.type("x")
    tui.wait("Take this from qa's inbox")
    tui.type("y")
    tui.until(lambda: archived(qms, "qa") == [stuck])
    assert inbox(qms, "qa") == []


def test_nobody_answers_oneself(tui: Tui, qms: QmsCommands) -> None:
    qms.message("lead", "A note", "x\n", sender="lead")
    tui.wait("2 items for you: F3")
    tui.type("\x1bOR")
    tui.wait("Message from lead: A note")
    tui.type("\x1b[Hr")
    tui.wait("is from you")


def test_a_search_that_is_kept_ends_with_escape(tui: Tui, qms: QmsCommands) -> None:
    qms.message("claude", "Lunch at noon", "x\n", sender="qa")
    tui.wait("2 items wait")
    tui.type("\x1bOQ")  # F2
    tui.wait("Is CR-056 good?", "claude · message · from qa", "Esc agent")
    tui.type("/lunch\r")
    tui.wait("claude · message · from qa", "Esc shows all", absent="Is CR-056 good?")
    tui.type("\x1b")
    tui.wait("claude · message · from qa", "lead · message · from qa", "Esc agent")
    tui.type("/lunch\r")
    tui.wait("claude · message · from qa", "Esc shows all", absent="lead · message · from qa")
    tui.type("\x1bOR")  # F3: the human's own, all of them
    tui.wait("only lead", "lead · message · from qa", absent="claude · message · from qa")
    assert not any(row.strip(" │┃╭╮╰╯") == "lunch" for row in tui.terminal.display)
