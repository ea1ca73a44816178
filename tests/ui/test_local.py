"""What the screen shows of agents of the local runtime: nothing that an agent in a container has written."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from qms_tui.config import AgentConfig, Config, EngineConfig, RuntimeKind
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.config_folder import make_local_folder
from qms_tui.project import Project
from qms_tui.ui.screens import QuestionScreen
from tests.core.client import Client

from .conftest import Screen

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def local(*command: str) -> Config:
    agent = AgentConfig(command=command)
    return replace(Config(), engine=EngineConfig(runtime=RuntimeKind.LOCAL), every_agent=agent)


def told(folder: Path, model: str) -> None:
    """Model, state and the rest, as programs in a container write them."""
    now = time.time()
    for name in ("qms-tui", "sessions"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    meter = {"at": now, "cost": 0.1234, "context": 34.4, "model": model}
    (folder / "qms-tui/status.json").write_text(json.dumps(meter))
    session = {"pid": 8, "status": "busy", "startedAt": now * 1000, "statusUpdatedAt": now * 1000}
    (folder / "sessions/8.json").write_text(json.dumps(session))
    (folder / ".credentials.json").write_text("{}")


@pytest.mark.parametrize("command", ["cat", "claude"])
async def test_what_a_container_has_said_is_not_shown(
    open_app: OpenApp, project: Project, command: str
) -> None:
    async with open_app("claude", "qa", config=local(command)) as ui:
        await ui.running()
        Client(project, "qa").is_("busy")
        told(project.folders("qa").config, "Opus 5.5")
        told(make_local_folder(project, "claude"), "Opus 4.5")
        if command == "claude":  # its own folder is read, and by then the other one would have been
            await ui.until(lambda: "Opus 4.5" in ui.footnote("claude"))
            await ui.until(lambda: "busy" in ui.title("claude"))
        else:
            started = time.monotonic()
            await ui.until(lambda: time.monotonic() - started > 1.0)  # five looks
            assert "Opus" not in ui.footnote("claude")
        report = ui.core.activities.report("qa")
        assert isinstance(report, ClaudeReport)
        assert (report.session, report.meter, report.birth, report.own_login) == (None, None, None, 0.0)
        assert "Opus" not in ui.footnote("qa")
        assert "busy" not in ui.title("qa")


async def test_what_cannot_be_done_is_said_without_a_question(open_app: OpenApp) -> None:
    async with open_app("claude") as ui:
        await ui.running()
        await ui.press("ctrl+b", "b")
        await ui.until(
            lambda: any("claude runs on this machine, without an image" in toast for toast in ui.toasts)
        )
        assert not isinstance(ui.app.screen, QuestionScreen)
