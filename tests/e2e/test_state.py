"""What the real client is doing is on the screen: every row of the table of states, driven and looked at."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from tests.bench.model import Model
from tests.inbox.qms_commands import QmsCommands
from tests.mcp import house
from tests.tui import Tui

from . import debian
from .clients import login
from .test_app import App, leave

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
SAID_MOST, SAID_SECONDS = 3, 10.0  # what a client needs for it takes a second
IDLE, BUSY = "1 qa ● idle", "1 qa ◐ busy"
PERMISSION = "1 qa ◆ needs you · permission: Bash touch made"
QUESTION = {
    "questions": [
        {"question": "Which one?", "header": "One", "multiSelect": False,
         "options": [{"label": "A", "description": "a"}, {"label": "B", "description": "b"}]}
    ]
}  # fmt: skip
MENU = "1 qa ◆ needs you · dialog open"
DOUBT_SECONDS = 1.2  # a fifth more than sources may take to agree
ESC, NO = "\x1b", "3"  # the third of the permission dialog's answers
REASONS = {
    "refuse 500": "server error",
    "refuse 401": "authentication",
    "refuse 429": "rate limit",
}
TOOL = {"command": "sleep 4", "description": "Sleep"}  # the client refuses to sleep long in the foreground
JOB = {"command": "sleep 4", "description": "Sleep", "run_in_background": True}


@pytest.fixture
def app(
    qms_project: Path, tmp_path: Path, client_image: str, network: tuple[str, str], model: Model
) -> Iterator[App]:
    """Its agents are the real client, logged in with a key, and reach nothing but the model."""
    made = App(qms_project, tmp_path / "home", client_image)
    made.use(network[0], login(model), "Bash(sleep:*)")
    yield made
    made.run("stop", "--all")


@contextmanager
def opened(app: App) -> Iterator[Tui]:
    with app.open("qa") as tui:
        yield tui
        leave(tui)


def say(tui: Tui, text: str) -> None:
    """Paste a prompt, and submit it once the client has it."""
    tui.type("\x15")  # an Esc may have brought the prompt before back
    tui.type(f"\x1b[200~{text}\x1b[201~")
    tui.wait(text[:20])
    tui.type("\r")


def answer(tui: Tui, key: str, question: str) -> None:
    """Press a key until the question is gone: the client takes none in the first moments of a dialog."""
    tui.wait(question)
    for _ in range(20):
        tui.type(key)
        with contextlib.suppress(AssertionError):
            tui.wait(absent=question, patience=1.0)
            return
    raise AssertionError(f"{question} stays")


def test_every_state(app: App, model: Model) -> None:
    with opened(app) as tui:
        tui.wait(IDLE)
        say(tui, "slow")
        tui.wait(BUSY)
        tui.wait(IDLE)
        say(tui, "slow")
        tui.wait(BUSY)
        tui.type(ESC)  # while it thinks
        tui.wait(IDLE)
        say(tui, f"call Bash {json.dumps(TOOL)}")
        tui.wait(BUSY, f"$ {TOOL['command']}")
        tui.type(ESC)  # while a tool runs
        tui.wait(IDLE, absent="The tool has run.")
        say(tui, "tool")
        tui.wait(PERMISSION, "1 needs you: F3")
        answer(tui, ESC, PERMISSION)
        tui.wait(IDLE, absent="needs you: F3")
        say(tui, "tool")
        tui.wait("3. No")  # typed before, it would be the next prompt's
        answer(tui, NO, PERMISSION)
        tui.wait(IDLE, absent="needs you: F3")
        say(tui, "tool")
        answer(tui, "\r", PERMISSION)
        tui.wait(IDLE, "The tool has run.")
        for key in (ESC, "\r"):
            say(tui, f"call AskUserQuestion {json.dumps(QUESTION)}")
            answer(tui, key, "1 qa ◆ needs you · question: Which one?")
            tui.wait(IDLE)
        say(tui, "/model")
        answer(tui, ESC, MENU)
        tui.wait(IDLE)


def test_errors_stick_until_the_next_prompt(app: App, model: Model) -> None:
    with opened(app) as tui:
        tui.wait(IDLE)
        for refusal, reason in REASONS.items():
            say(tui, refusal)
            tui.wait(f"1 qa ✖ error · {reason}", "1 needs you: F3")
            wait_in_ps(app, ("error", reason))
        say(tui, "/model")
        answer(tui, ESC, MENU)
        tui.wait(f"1 qa ✖ error · {reason}")  # a menu is no prompt
        say(tui, "good morning")
        tui.wait(IDLE, absent="needs you: F3")


def wait_in_ps(app: App, wanted: tuple[str, str]) -> None:
    """Without a screen, the title is not known; sources that disagree are doubted after a second."""
    deadline = time.monotonic() + DOUBT_SECONDS
    while time.monotonic() < deadline:
        (row,) = json.loads(app.run("ps", "--json").stdout)
        activity = row["activity"]
        assert (activity["word"], activity["detail"]) == wanted, activity


def test_retries_jobs_and_a_killed_client(app: App, model: Model, engine: docker.APIClient) -> None:
    with opened(app) as tui:
        tui.wait(IDLE)
        model.scripted.append("status 529")
        say(tui, "good morning")
        tui.wait(BUSY)
        tui.wait(IDLE, "Understood.")
        assert model.said().count("good morning") == 2
        say(tui, "status 529")  # which the client tries again and again
        tui.wait(BUSY)
        tui.type(ESC)
        tui.wait(IDLE)
        say(tui, f"call Bash {json.dumps(JOB)}")
        tui.wait("1 qa ◔ background job")
        tui.wait(IDLE)
        say(tui, "/clear")
        tui.wait(IDLE, absent="call Bash")
        say(tui, "good evening")
        tui.wait(IDLE, "Understood.")
        say(tui, "/compact")
        tui.wait(IDLE, "ompacted")
        say(tui, "slow")
        tui.wait(BUSY)
        kill_client(engine, app)
        tui.wait("1 qa ○ exited", "exit code 137 (killed)")


def say_until(tui: Tui, text: str, shown: str) -> None:
    """Say it until it works: a client that has just begun says that it is idle before it takes keys."""
    for _ in range(SAID_MOST):
        say(tui, text)
        with contextlib.suppress(AssertionError):
            tui.wait(shown, patience=SAID_SECONDS)
            return
    raise AssertionError(f"{text!r} did nothing:\n{tui.text}")


def test_ends_and_returns(app: App, engine: docker.APIClient) -> None:
    with opened(app) as tui:
        tui.wait(IDLE)
        say(tui, "tool")
        tui.wait(PERMISSION)
    with opened(app) as tui:  # which begins late
        tui.wait(PERMISSION)
        (row,) = json.loads(app.run("ps", "--json").stdout)
        assert (row["activity"]["word"], row["activity"]["detail"]) == (
            "needs you",
            "permission: Bash touch made && echo made it",
        )
        name = str(row["container"])
        engine.kill(name)
        tui.wait("1 qa ○ exited", absent="needs you")
        tui.type("\x02r")
        tui.wait(IDLE)
        say(tui, "slow")
        tui.wait(BUSY)
        engine.restart(name, timeout=0)
        tui.wait(IDLE)
        say_until(tui, "/exit", "1 qa ○ exited")


def test_why_is_explained(app: App) -> None:
    with opened(app) as tui:
        tui.wait(IDLE)
        say(tui, "tool")
        tui.wait(PERMISSION)
        tui.type("\x02e")
        tui.wait(
            "rule 3: the registry",
            "registry",
            "waiting, permission prompt",
            "PermissionRequest Bash",
            "claude-code: blocked, permission, approve Bash: touch made",
            "engine",
        )
        tui.type("\x1b")
        tui.wait(PERMISSION, absent="rule 3")


def kill_client(engine: docker.APIClient, app: App) -> None:
    """Inside, as a lack of memory would."""
    born = json.loads((app.root / ".claude/users/qa/container/qms-tui/identity.json").read_text())
    made = engine.exec_create(str(app.ps()["qa"]["container"]), ["kill", "-9", str(born["pid"])])
    engine.exec_start(made["Id"])


def wakes(model: Model, task: str = "review") -> int:
    """How often the model was asked with a wake as the newest of what was said."""
    return sum(f"{task} task CR-056" in text for text in model.said())


def test_an_item_wakes_and_its_way_is_seen(app: App, model: Model) -> None:
    """Badge, announced, delivered; and again when the human asks for it."""
    qms = QmsCommands(app.root)
    with opened(app) as tui:
        tui.wait(IDLE)
        qms.route("CR-056", "qa")
        tui.wait("1 qa  1 ", "New task: Review CR-056")
        tui.type("\x1bOQ")  # F2
        tui.wait("delivered", "1 review", "● idle")
        tui.until(lambda: wakes(model) == 1)
        tui.type("w")
        tui.wait("qa is told of its inbox.")
        tui.until(lambda: wakes(model) == 2)
        qms.cancel("CR-056", "qa")
        tui.wait("✓ after", absent="delivered")
        tui.type("\x1bOQ")


def test_an_inbox_that_was_replaced_is_said_and_mended(app: App, model: Model) -> None:
    """The container has the old folder until it starts anew, which it does by itself when it is idle."""
    qms, inbox = QmsCommands(app.root), app.root / ".claude/users/qa/inbox"
    with opened(app) as tui:
        tui.wait(IDLE)
        owner = inbox.stat()
        inbox.rename(inbox.with_name("old"))
        inbox.mkdir()
        os.chown(inbox, owner.st_uid, owner.st_gid)
        tui.wait("qa: its inbox was replaced")
        tui.wait("qa: it is restarted")
        tui.wait("● idle")
        qms.route("CR-056", "qa")
        tui.type("\x1bOQ")
        tui.wait("delivered")
        tui.until(lambda: wakes(model) == 1)
        tui.type("\x1bOQ")


def test_lights_tell_of_a_waiter_that_is_gone(app: App, engine: docker.APIClient, tmp_path: Path) -> None:
    """All five are fine; the next prompt has the client begin another waiter."""
    server = [sys.executable, str(Path(house.__file__).with_name("server.py")), str(tmp_path / "log")]
    app.set(f"[mcp.test]\ncommand = {json.dumps(server)}\n")
    with opened(app) as tui:
        tui.wait(IDLE)
        tui.type("\x1bOQ\x1b")  # the sidebar, and back to the agent
        tui.wait("● container ● program ● MCP ● login ● waker")
        (row,) = json.loads(app.run("ps", "--json").stdout)
        assert {name: light["state"] for name, light in row["lights"].items()} == dict.fromkeys(
            ("container", "program", "mcp", "login", "waker"), "fine"
        )
        waiter = json.loads((app.root / ".claude/users/qa/container/qms-tui/waiter.json").read_text())
        engine.exec_start(engine.exec_create(row["container"], ["kill", str(waiter["pid"])])["Id"])
        tui.wait("● login ○ waker")
        say(tui, "good morning")
        tui.wait("● login ● waker", "Understood.")
