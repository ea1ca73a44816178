"""What is done with each program, and what it must report then: its own words for state, kind and message."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.model import SHELL_COMMAND, Model

from . import programs
from .programs import Place, Start
from .reporter import Reporter
from .responses import Responses

ENTER, ESC = "\r", "\x1b"
_OPTIONS = [{"label": name, "description": name} for name in ("Red", "Blue")]
_ASKED = {"question": "Which colour?", "header": "Colour", "options": _OPTIONS}
_QUESTION = json.dumps({"questions": [_ASKED]})
ESCALATED = {"cmd": "touch made", "sandbox_permissions": "require_escalated", "justification": "May I?"}
_TOUCH = json.dumps({"command": SHELL_COMMAND})


@dataclass(frozen=True, slots=True)
class Scene:
    """A program's name and folder, what starts it, what stands in for its model, and what is done with it."""

    name: str
    folder: str
    start: Callable[[Place], Start]
    model: type[Model] | type[Responses]
    play: Callable[[Reporter], None]
    recorded: str = ""
    """The name of its recording; empty of those that have none."""


def claude(it: Reporter) -> None:
    it.expect("idle")
    it.say("slow")
    it.expect("done")
    it.say("slow")
    it.wait("word1")
    it.press(ESC)
    it.expect("idle")
    it.say("tool")
    it.expect(f"blocked permission approve Bash: {SHELL_COMMAND}")
    it.press(ENTER)
    it.expect("done")
    it.say(f"call AskUserQuestion {json.dumps({'questions': [_ASKED | {'multiSelect': False}]})}")
    it.expect("blocked question answer: Which colour? (Red · Blue)")
    it.press(ESC)
    it.expect("idle")
    it.say("fail")
    it.expect("error API Error: 400 No.")
    it.say("/clear")
    it.expect("idle")
    it.say("/exit")
    it.expect("-")


def claude_before_reports(it: Reporter) -> None:
    """2.1.280 and older neither ask nor report."""
    it.expect_nothing("? for shortcuts")
    it.say("hello")
    it.expect_nothing("Understood.")
    assert b"7501" not in it.output


def codex(it: Reporter) -> None:
    """It reports without asking; the folder's questions come before its first report."""
    it.expect("idle")
    it.say("hello")
    it.expect("done")
    it.happens("a key")
    it.type("x\b")
    it.expect("idle")
    it.say("slow")
    it.expect("working")
    it.press(ESC)
    it.expect("idle")
    it.say(f"call exec_command {json.dumps(ESCALATED)}")
    it.expect("blocked permission")
    it.press(ENTER)
    it.expect("done")
    it.say(f"call exec_command {json.dumps(ESCALATED)}")
    it.expect("blocked permission")
    it.press(ESC)
    it.expect("idle")
    it.say("fail")
    it.expect("error")
    it.type("/plan")
    it.wait("switch to Plan mode")
    it.type(ENTER)
    it.wait("for Plan mode")
    it.say(f"call request_user_input {json.dumps({'questions': [_ASKED | {'id': 'colour'}]})}")
    it.expect("blocked question")
    it.press(ENTER)
    it.expect("done")
    it.say("/quit")
    it.expect("-")


def codex_without_login(it: Reporter) -> None:
    """Its first question is no report: it begins to report once it has been answered."""
    it.expect_nothing("Sign in with ChatGPT")


def pi(it: Reporter) -> None:
    it.expect("idle")
    it.say("hello")
    it.expect("done")
    it.say("slow")
    it.wait("word1")
    it.press(ESC)
    it.expect("idle")
    it.say(f"call bash {_TOUCH}")
    it.expect("blocked permission Allow bash?")
    it.press(ENTER)
    it.expect("done")
    it.say("/ask")
    it.expect("blocked question Which?")
    it.press(ESC)
    it.expect("done")
    it.say("fail")
    it.wait("Error: 400")
    it.expect('error 400 {"type":"error","error":{"type":"invalid_request_error","message":"No."}}')
    it.say("/new")
    it.expect("idle")
    it.say("/quit")
    it.expect("-")


def vibe(it: Reporter) -> None:
    """Its messages are what the model said; it leaves "idle" behind."""
    it.expect("idle")
    it.say("hello")
    it.expect("done Understood.")
    it.say("slow")
    it.expect("working Understood.")
    it.press(ESC)
    it.expect("idle")
    it.say(f"call bash {_TOUCH}")
    it.expect("blocked permission Running command")
    it.press(ENTER)
    it.expect("done Understood.")
    it.say(f"call ask_user_question {_QUESTION}")
    it.expect("blocked question Which colour?")
    it.press(ENTER)
    it.expect("done Understood.")
    it.say("/clear")
    it.expect("idle")
    it.say("/exit")
    it.expect("idle")


SCENES = (
    Scene("Claude Code, pinned", "claude", programs.claude, Model, claude, "claude_code"),
    Scene("Claude Code, newest", "claude-newest", programs.claude, Model, claude),
    Scene(
        "Claude Code 2.1.280",
        "claude-2.1.280",
        programs.claude,
        Model,
        claude_before_reports,
        "claude_code_2.1.280",
    ),
    Scene("Codex", "codex", programs.codex, Responses, codex, "codex"),
    Scene("Codex without a login", "codex", programs.codex_without_login, Responses, codex_without_login),
    Scene("Pi", "pi", programs.pi, Model, pi, "pi"),
    Scene("Mistral Vibe", "vibe", programs.vibe, Responses, vibe, "mistral_vibe"),
)
