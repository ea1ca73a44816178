"""`qms-tui demo`, whole: started in a terminal, worked through, left."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from qms_tui.api.place import LOCK as DAEMON_LOCK
from qms_tui.keeper.paths import LOCK, SPAWNER_LOCK
from tests.tui import PATIENCE, Tui


@pytest.fixture
def env(tmp_path: Path) -> Mapping[str, str]:
    """State and configuration of its own."""
    return {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "TMPDIR")} | {
        "TMPDIR": str(tmp_path)
    }


def test_two_minutes_of_play(env: Mapping[str, str], tmp_path: Path) -> None:
    with Tui("demo", size=(150, 40), env=env) as tui:
        tui.wait("claude> ", "qa> ", "1 claude ● idle · local, not isolated", "2 of 2 running")
        tui.type("route CR-001 to qa\r")
        tui.wait("qa has a task in the inbox")
        project = next(tmp_path.glob("qms-tui-*/sample-project"))
        inbox = project / ".claude" / "users" / "qa" / "inbox"
        assert [item.name for item in inbox.iterdir()] == ["task-CR-001-pre_review-v0-1.md"]

        tui.type("\x1b2inbox\r")  # Alt+2
        tui.wait("qa> inbox", "pre-review", "from claude")
        assert tui.column("qa> inbox") > 70
        tui.type("review CR-001 recommend\r")
        tui.wait("claude has been told")
        tui.type("\x1b1inbox\r")
        tui.wait("claude> inbox", "CR-001 REVIEW_RECOMMENDED")
        assert not list(inbox.iterdir())

        tui.type("page SOP-001\r")
        tui.wait("SOP-001: Document control", absent="claude> ")
        tui.type("q")
        tui.wait("claude> page SOP-001", absent="SOP-001: Document control")
        tui.type("\x1bOS")  # F4
        tui.wait("zoomed")
        tui.resize(80, 24)
        tui.wait("1 claude", "2 qa")
        tui.type("\x1bOP")  # F1
        tui.wait("Every key goes to the agent", "Esc closes")
        tui.type("q")
        tui.wait("claude> ", absent="Every key")
        tui.type("\x11")  # Ctrl+Q
        assert tui.end() == 0
    assert not list(tmp_path.glob("qms-tui-*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_no_stray_process_however_it_ends(
    env: Mapping[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    with Tui("demo", env=env) as tui:
        tui.wait("claude> ", "qa> ")
        assert psutil.Process(tui.process.pid).children(recursive=True) == []
        processes = processes_of(tmp_path)
        assert (
            len(processes) == 7
        )  # daemon, spawner, keeper; each agent, and what lets it go on when it stops
        tui.process.kill(number)
        tui.end()
    gone, alive = psutil.wait_procs(processes, timeout=PATIENCE)
    assert not alive
    assert len(gone) == 7
    if number != signal.SIGKILL:
        assert not list(tmp_path.glob("qms-tui-*"))


def processes_of(place: Path) -> list[psutil.Process]:
    """The demo's own processes, and all that they have started."""
    projects = "qms-tui-*/state/qms-tui/projects"
    (spawner,) = place.glob(f"{projects}/*/{SPAWNER_LOCK}")
    (daemon,) = place.glob(f"{projects}/*/{DAEMON_LOCK}")
    locks = daemon, spawner, spawner.parent / LOCK
    own = [psutil.Process(json.loads(lock.read_text())["pid"]) for lock in locks]
    return [*own, *(child for each in own for child in each.children(recursive=True))]


def test_keep_and_open_again(env: Mapping[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    for _ in range(2):
        with Tui("demo", "--keep", str(folder), "qa", env=env) as tui:
            tui.wait("qa> ")
            tui.type("\x11")
            assert tui.end() == 0
        assert (folder / ".claude" / "agents" / "qa.md").exists()


def test_inboxes_as_a_human_sees_them(env: Mapping[str, str]) -> None:
    """Route, review, approve, and route again, by typing into panes; then the sidebar, an item, a message."""
    with Tui("demo", size=(200, 50), env=env) as tui:
        tui.wait("claude> ", "qa> ", "2 of 2 running")
        tui.type("route CR-001 to qa\r")
        tui.wait("New task: Review CR-001", "1 item waits: F2", "2 qa  1  ● idle")
        tui.type("\x1b2review CR-001 recommend\r")
        tui.wait("Notice: CR-001 review recommended", "1 claude  1  ● idle", "2 qa ● idle")
        tui.type("\x1b1route CR-001 to qa\r")
        tui.wait("New task: Approve CR-001", "2 qa  1  ● idle")
        tui.type("\x1b2approve CR-001\r")
        tui.wait("1 claude  2  ● idle", "2 qa ● idle")

        tui.type("\x1bOQ")  # F2
        tui.wait("┏━ inboxes ", "2 notice", "Notice: CR-001 approved", "✓ after")
        tui.type("\x1b1message qa Note on CR-056\r")  # Alt+1: the keyboard is claude's again
        tui.wait("▎Message from claude: Note on CR-056", "1 message", "sent to qa")
        tui.type("\x1bOQ/note\r")
        tui.wait("▎Message from claude: Note on CR-056", absent="▎Notice: CR-001")
        tui.type("\r")
        tui.wait("arrived", "msg-claude-", "g agent · Esc")
        tui.type("\x1b")
        tui.wait("▎Message from claude", absent="arrived")
        tui.type("m")
        tui.wait("Write a message to", "Ctrl+S sends")
        tui.type("Thank you\rIt is read.\x13")
        tui.wait("Sent to qa", absent="Ctrl+S sends")
        tui.type("/\x1b")
        tui.wait("▎Message from lead: Thank you", "2 message")
        tui.type("\x1bOQ")
        tui.wait("claude> ", absent="inboxes ━")
        tui.type("\x11")
        assert tui.end() == 0


def test_what_agents_report_is_seen(env: Mapping[str, str]) -> None:
    """An agent works, asks, fails and has a job in the background, while its human is at another one."""
    with Tui("demo", size=(160, 40), env=env) as tui:
        tui.wait("1 claude ● idle", "2 qa ● idle")
        tui.type("after 3 ask Is it ready?\r")  # time enough to go to the other one, also on a busy machine
        tui.wait("1 claude ◐ busy · after 3 ask Is it ready?")
        tui.type("\x1b2")  # Alt+2
        tui.wait("1 claude ◆ needs you · question: Is it ready?", "1 needs you: F3")
        tui.wait("claude needs you: question: Is it ready?")  # the toast
        tui.type("\x1bOR")  # F3
        tui.type("yes\r")
        tui.wait("your answer: yes", "1 claude ● idle", absent="needs you: F3")

        for line, title in (
            ("permission rm -r build", "needs you · permission: run rm -r build"),
            ("login", "needs you · login: sample account"),
        ):
            tui.type(f"{line}\r")
            tui.wait("answer> ", title)
            tui.type("\x03")
            tui.wait("1 claude ● idle", absent="◆ needs you")

        tui.type("after 2 fail no network\r\x1b2")
        tui.wait("1 claude ✖ error · no network", "claude has failed: no network")
        tui.type("\x1bOR")  # F3: nobody waits, so it goes to the failed one
        tui.type("work 60 &\r")
        tui.wait("1 claude ◔ background job · work 60", absent="✖ error")
        tui.type("\r\x1b2work 0.1\r")
        tui.wait("done in 0.1 s", "2 qa ● idle", "1 claude ◔ background job")

        tui.type("after 2 work 0.1\r\x1b1")
        tui.wait("2 qa ● idle · finished, not looked at yet", "qa has finished its turn")
        tui.type("\x1b2")
        tui.wait("2 qa ● idle", absent="not looked at yet")
        tui.type("exit\r")
        tui.wait("2 qa ○ exited")
        tui.type("\x11")
        assert tui.end() == 0


def test_an_item_in_the_humans_editor(env: Mapping[str, str], tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "editing $1 $(basename "$2")"\nread line\n')
    editor.chmod(0o755)
    with Tui("demo", size=(200, 50), env={**env, "VISUAL": f"'{editor}' --now"}) as tui:
        tui.wait("claude> ", "qa> ")
        tui.type("route CR-001 to qa\r")
        tui.wait("1 item waits: F2")
        tui.type("\x1bOQ")
        tui.wait("▎New task: Review CR-001")
        tui.type("e")
        tui.wait("editing --now task-CR-001-pre_review-v0-1.md", absent="▎New task")
        tui.type("\r")
        tui.wait("▎New task: Review CR-001", "2 of 2 running")
        tui.type("\x11")
        assert tui.end() == 0
