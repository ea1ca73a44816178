"""What an earlier run, or another program, has left behind is never shown as the present one's."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import docker

from qms_tui.runtime.docker.container import Identity
from tests.inbox.qms_commands import QmsCommands

from .direct import DirectRuntime
from .test_app import App, app, leave

__all__ = ["app"]  # the fixture
ANSWER = "sh: New: not found"


def left_behind(root: Path) -> None:
    """The files of a client that was killed a minute ago; this image empties nothing."""
    folder, at = root / ".claude/users/qa/container", time.time() - 60
    documents = {
        "qms-tui/identity.json": {"pid": 7, "program": "claude", "started": at, "wake": True},
        "qms-tui/status.json": {"at": at, "cost": 0.42, "context": 34, "model": "Opus 5.5"},
        "qms-tui/waiter.json": {"at": at, "armed": True, "since": at},
        "qms-tui/hooks.jsonl": {"at": at, "event": "StopFailure", "error": "authentication_failed"},
        "sessions/7.json": {"pid": 7, "status": "busy", "startedAt": at * 1000, "statusUpdatedAt": at * 1000},
    }
    for name, document in documents.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document))


def test_a_client_that_ran_before_says_nothing_of_this_program(app: App, qms_project: Path) -> None:
    app.set('command = ["cat"]\n')
    with app.open("qa") as tui:
        tui.wait("1 qa ● running")  # which makes the folder ours
        leave(tui)
    app.run("stop", "qa")
    left_behind(qms_project)
    with app.open("qa") as tui:
        tui.wait("1 qa ● running", "% cpu")  # a figure of its own
        said = re.sub(r"\d+ % cpu", "", tui.text)  # which may be any figure, also the client's
        assert not [word for word in ("Opus", "34 %", "0.42", "busy", "error") if word in said]
        tui.type("\x02e")
        tui.wait(
            "rule 1: not Claude Code", "status line nothing", "registry    nothing", "hook        nothing"
        )
        tui.type("\x1b")
        tui.wait("1 qa ● running", absent="status line")
        leave(tui)
    activity = app.ps()["qa"]["activity"]
    assert isinstance(activity, dict)
    assert (activity["meter"], activity["waker_armed"]) == (None, None)


async def test_an_end_that_nobody_saw_is_known_by_the_engine(
    app: App, qms_project: Path, runtime: DirectRuntime, engine: docker.APIClient
) -> None:
    name = Identity(str(qms_project), "qa").container
    app.set('command = ["sh", "-c", "read line; sleep 3"]\n')
    with app.open("qa") as tui:
        tui.wait("1 qa ● running")
        before = time.time()
        tui.type("\r")
        leave(tui)
    engine.wait(name)
    ended = time.time()
    found = await runtime.find("qa")
    assert before + 2 < found.ended <= ended
    assert found.ended - found.began > 2


def test_a_task_that_starts_a_program_again_is_typed_again(app: App, qms_project: Path) -> None:
    """It was stopped while nobody looked, with the task it knew still waiting."""
    app.set('command = ["sh"]\nwake_prompt = \'\\S+ [$#] \'\nlaunch = "auto_on_task"\n')
    QmsCommands(qms_project).route("CR-056", "qa")
    for _ in range(2):
        with app.open("qa") as tui:
            tui.wait("qa is started: CR-056 waits")
            tui.wait(ANSWER)  # when that toast may be gone
            leave(tui)
        app.run("stop", "qa")
