"""`qms-tui demo`, whole: started in a terminal, worked through, left."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from tests.tui import PATIENCE, Tui


@pytest.fixture
def env(tmp_path: Path) -> Mapping[str, str]:
    """State and configuration of its own."""
    return {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "TMPDIR")} | {
        "TMPDIR": str(tmp_path)
    }


def test_two_minutes_of_play(env: Mapping[str, str], tmp_path: Path) -> None:
    with Tui("demo", size=(150, 40), env=env) as tui:
        tui.wait("claude> ", "qa> ", "1 claude ● running · local, not isolated", "2 of 2 running")
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_no_stray_process_however_it_ends(env: Mapping[str, str], number: signal.Signals) -> None:
    with Tui("demo", env=env) as tui:
        tui.wait("claude> ", "qa> ")
        children = psutil.Process(tui.process.pid).children(recursive=True)
        assert len(children) == 2
        tui.process.kill(number)
        tui.end()
    gone, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert not alive
    assert len(gone) == 2


def test_keep_and_open_again(env: Mapping[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    for _ in range(2):
        with Tui("demo", "--keep", str(folder), "qa", env=env) as tui:
            tui.wait("qa> ")
            tui.type("\x11")
            assert tui.end() == 0
        assert (folder / ".claude" / "agents" / "qa.md").exists()
