"""Agents that start for a task and stop when it is done, with the real client; and boot loops."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.model import Model
from tests.inbox.qms_commands import QmsCommands

from . import debian
from .test_app import App, leave
from .test_state import app as client_app
from .test_state import wakes

__all__ = ["client_app"]
pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)


def test_a_task_starts_the_agent_and_its_end_stops_it(client_app: App, model: Model) -> None:
    """And the next one starts it again, with its conversation."""
    client_app.set('[agent.qa]\nlaunch = "auto_on_task"\nshutdown = "on_inbox_empty"\n')
    qms = QmsCommands(client_app.root)
    with client_app.open("qa") as tui:
        tui.wait("1 qa ○ not started", "starts when a task arrives")
        assert contained(client_app) == []
        qms.route("CR-056", "qa")
        tui.wait("qa is started: CR-056 waits")
        tui.wait("1 qa  1  ● idle")
        tui.until(lambda: wakes(model) == 1)
        qms.answer("CR-056", "qa", "REVIEWED")
        tui.wait("qa is stopped: its inbox is empty")
        tui.wait("1 qa ○ exited")  # when that toast may be gone
        tui.until(lambda: not contained(client_app))
        qms.route("CR-056", "qa", "PRE_APPROVAL")
        tui.until(lambda: wakes(model, "approval") == 1)
        leave(tui)
    assert "review task CR-056" in str(model.requests[-1]["messages"])


def contained(app: App) -> list[str]:
    """Who has a container; ps also lists those that a policy will start."""
    return [agent for agent, row in app.ps().items() if row["container"]]


def told(model: Model, document: str) -> int:
    """How often the model was asked with this document in the newest of what was said."""
    return sum(document in text for text in model.said())


def test_a_task_that_starts_the_agent_again_is_told_again(client_app: App, model: Model) -> None:
    """It was stopped while nobody looked, with the task it knew still waiting; a newer one came since."""
    client_app.set('[agent.qa]\nlaunch = "auto_on_task"\n')
    qms = QmsCommands(client_app.root)
    qms.route("CR-056", "qa")
    with client_app.open("qa") as tui:
        tui.wait("qa is started: CR-056 waits")
        tui.until(lambda: wakes(model) == 1)
        tui.wait("1 qa  1  ● idle")
        leave(tui)
    client_app.run("stop", "qa")
    with client_app.open("qa") as tui:
        tui.wait("qa is started: CR-056 waits")
        tui.until(lambda: wakes(model) == 2)
        tui.wait("1 qa  1  ● idle")
        leave(tui)
    client_app.run("stop", "qa")
    qms.route("CR-057", "qa")
    with client_app.open("qa") as tui:
        tui.wait("qa is started: 2 tasks wait")
        tui.until(lambda: wakes(model) == 3 and told(model, "CR-057"))
        tui.wait("1 qa  2  ● idle")
        leave(tui)
    assert (wakes(model), told(model, "CR-057")) == (3, 1)


def test_a_boot_loop_ends_after_three_tries(qms_project: Path, tmp_path: Path, image: str) -> None:
    app = App(qms_project, tmp_path / "home", image)
    app.set('[agent.qa]\nlaunch = "always_on"\ncommand = ["sh", "-c", "echo here; exit 3"]\n')
    with app.open("claude") as tui:
        tui.wait("qa ended 3 times")
        tui.wait("exit code 3 · given up after 3 tries", "1 claude ● running")  # the toast lay over it
        leave(tui)
