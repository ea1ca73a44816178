"""The rows of test_state.py once more, by the client's reports alone: without hooks, its registry not seen.

What differs is in `ALONE`. All else has the same word; where the hooks name a reason, the report has its own.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests.bench.model import Model
from tests.tui import Tui

from . import debian
from .clients import KEY, login
from .test_app import App
from .test_state import BUSY, ESC, IDLE, JOB, NO, QUESTION, TOOL, answer, opened, say

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
INSIDE = "/tmp/client"
# As its entrypoint would answer them beforehand, had it been called Claude Code.
ANSWERS = {
    "hasCompletedOnboarding": True, "theme": "dark", "hasSeenAutoDefaultNudge": True,
    "hasSeenAutoDefaultNotice": True, "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
    "projects": {"/pipe-dream": {"hasTrustDialogAccepted": True}},
}  # fmt: skip
SETTINGS = {"permissions": {"allow": ["Bash(sleep:*)"]}, "disableAutoMode": "disable"}
SCRIPT = (
    f'mkdir -p {INSIDE} && echo "$0" >{INSIDE}/.claude.json && echo "$1" >{INSIDE}/settings.json'
    f" && CLAUDE_CONFIG_DIR={INSIDE} exec claude"
)
NEEDS_YOU = "1 qa ◆ needs you · "
PERMISSION = f"{NEEDS_YOU}permission: approve Bash: touch made"
ASKED = f"{NEEDS_YOU}question: answer: Which one?"
ALONE = {
    "/model": IDLE,  # a menu that the human opened; the registry says that a dialog is open
    "refuse 401": f"{NEEDS_YOU}login: Please run /login",  # an error to the hooks
    "refuse 429": "1 qa ✖ error · API Error: Request rejected (429)",
    "refuse 500": "1 qa ✖ error · API Error: 500 No.",
    "its trust dialog": f"{NEEDS_YOU}permission: trust this folder",  # before there is a registry
    "without a login": f"{NEEDS_YOU}login: Not logged in",
}


@pytest.fixture
def start(
    qms_project: Path,
    tmp_path: Path,
    client_image: str,
    engine: docker.APIClient,
    network: tuple[str, str],
    model: Model,
) -> Iterator[Callable[..., App]]:
    """`start(answers, key)`: agents are the client as any program, without our settings, its files hidden."""
    made: list[App] = []

    def make(answers: object = ANSWERS, key: str = KEY) -> App:
        app = App(qms_project, tmp_path / "home", client_image)
        app.use(network[0], login(model, key))
        app.set(f"command = {json.dumps(['sh', '-c', SCRIPT, json.dumps(answers), json.dumps(SETTINGS)])}\n")
        made.append(app)
        return app

    yield make
    for app in made:
        for row in app.ps().values():
            with contextlib.suppress(docker.errors.APIError):  # it has ended already
                engine.kill(str(row["container"]))  # by itself it takes its time
        app.run("stop", "--all")


def test_every_state(start: Callable[..., App]) -> None:
    app = start()
    with opened(app) as tui:
        tui.wait(IDLE)
        say(tui, "slow")
        tui.wait(BUSY)
        tui.type(ESC)  # while it thinks
        tui.wait(IDLE)
        say(tui, f"call Bash {json.dumps(TOOL)}")
        tui.wait(BUSY, f"$ {TOOL['command']}")
        tui.type(ESC)
        tui.wait(IDLE)
        say(tui, "tool")
        tui.wait(PERMISSION, "1 needs you: F3")
        (row,) = json.loads(app.run("ps", "--json").stdout)
        assert row["activity"]["detail"] == "permission: approve Bash: touch made && echo made it"
        answer(tui, ESC, PERMISSION)
        tui.wait(IDLE, absent="needs you: F3")
        say(tui, "tool")
        tui.wait(PERMISSION, "3. No")
        answer(tui, NO, PERMISSION)
        tui.wait(IDLE, absent="needs you: F3")
        say(tui, "tool")
        answer(tui, "\r", PERMISSION)
        tui.wait(IDLE, "The tool has run.")
        for key in (ESC, "\r"):
            say(tui, f"call AskUserQuestion {json.dumps(QUESTION)}")
            answer(tui, key, ASKED)
            tui.wait(IDLE)
        look_at_a_menu(tui, ALONE["/model"])
        say(tui, "/exit")
        tui.wait("1 qa ○ exited")


def test_errors_jobs_and_the_end(start: Callable[..., App]) -> None:
    with opened(start()) as tui:
        tui.wait(IDLE)
        for refusal in ("refuse 500", "refuse 401", "refuse 429"):
            say(tui, refusal)
            tui.wait(ALONE[refusal], "1 needs you: F3")
        look_at_a_menu(tui, ALONE["refuse 429"])
        say(tui, "good morning")
        tui.wait(IDLE, absent="needs you: F3")
        say(tui, f"call Bash {json.dumps(JOB)}")
        tui.wait(BUSY, "1 shell still running")
        tui.wait(IDLE)
        say(tui, "/compact")
        tui.wait(IDLE, "ompacted")
        say(tui, "/clear")
        tui.wait(IDLE, absent="ompacted")


def test_trust_is_asked_for(start: Callable[..., App]) -> None:
    with opened(start(ANSWERS | {"projects": {}})) as tui:
        tui.wait(ALONE["its trust dialog"], "1 needs you: F3")


def test_a_login_is_missing(start: Callable[..., App]) -> None:
    with opened(start(key="")) as tui:
        tui.wait(IDLE)
        say(tui, "good morning")
        tui.wait(ALONE["without a login"], "1 needs you: F3")
        tui.type("\x02e")  # nothing else has said anything
        tui.wait("rule 1: its report", "claude-code: blocked, login, Not logged in")
        tui.type(ESC)
        tui.wait(absent="rule 1")


def look_at_a_menu(tui: Tui, state: str) -> None:
    """Open it and leave it; what the agent does stays the same."""
    say(tui, "/model")
    tui.wait("Esc to ")
    tui.wait(state)
    tui.type(ESC)
    tui.wait(state, absent="Esc to ")
