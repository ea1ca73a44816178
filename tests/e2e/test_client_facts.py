"""Every fact about Claude Code that qms-tui relies on, or will, seen anew in the client of the image.

The client is pinned. Who pins a newer one reads here which fact no longer holds, and who relies on it;
`--client-version 2.1.332` asks them of that one. The
sections are those of claude-code.md, the notes on the client from which qms-tui was written.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import docker
import pytest

from qms_tui.config import PermissionMode
from qms_tui.programs.claude.resume import _PROMPT
from qms_tui.runtime import Ending
from tests.bench.model import Model

from . import debian
from . import engine as engines
from . import project as projects
from .clients import KEY
from .observed import LINE, MODEL, TOKEN, Seen, observe

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
ENTRYPOINT = "docker/inside/entrypoint.py"
COMMAND, RESUME = "programs/claude/command_line.py", "programs/claude/resume.py"
STATUS = "qms-tui/status.json"  # what our status line has kept of what it was given
STATE, WAKING = "an agent's state", "waking"


@dataclass(frozen=True)
class Fact:
    """What is held true of the client, in which section, who relies on it; `look` gives what was seen of
    it, and what must have been seen."""

    section: int
    says: str
    who: str
    look: Callable[[Seen], tuple[object, object]]


def option(name: str) -> Fact:
    return Fact(9, f"it takes {name}", COMMAND, lambda seen: (_has(seen.help, name), True))


def mode(name: str) -> Fact:
    return Fact(
        7, f"it has the permission mode {name}", COMMAND, lambda s: (_has(_modes(s.help), name), True)
    )


def state(situation: str, **wanted: str) -> Fact:
    said = ", ".join(wanted.values())

    def look(seen: Seen) -> tuple[object, object]:
        there = seen.registry.get(situation, {})
        return {name: there.get(name) for name in ("status", *wanted)}, wanted

    return Fact(1, f"its registry says of {situation}: {said}", STATE, look)


def written(name: str) -> Fact:
    kind = {"pid": int, "startedAt": int, "updatedAt": int, "statusUpdatedAt": int}.get(name, str)
    return Fact(
        1, f"its registry has {name}", STATE, lambda seen: (type(seen.registry["idle"].get(name)), kind)
    )


def kept(file: str, *path: str, value: object) -> Fact:
    """The client has not thrown away, moved or changed what the entrypoint wrote."""
    return Fact(
        7, f"it keeps {'.'.join(path)} of {file}", ENTRYPOINT, lambda s: (_at(s.files[file], path), value)
    )


def event(section: int, name: str, who: str, *fields: str, **having: object) -> Fact:
    told = f"{name} with {', '.join((*fields, *having))}" if (*fields, *having) else name

    def look(seen: Seen) -> tuple[object, object]:
        found = seen.event(name, **having)
        return sorted(found.keys() & {*fields, *having}), sorted({*fields, *having})

    return Fact(section, f"it has the event {told}", who, look)


def _has(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def _modes(text: str) -> str:
    return text.partition("--permission-mode")[2][:600]


def _at(found: object, path: tuple[str, ...]) -> object:
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _woken(seen: Seen) -> tuple[object, object]:
    prompts = [e["prompt"] for e in seen.events if LINE in str(e.get("prompt"))]
    return [prompt.startswith("<task-notification>") for prompt in prompts], [True]


def _nothing_to_continue(seen: Seen) -> tuple[object, object]:
    ending, said = seen.nothing_to_continue
    return (ending, "No conversation found" in said), (Ending(1), True)


PROJECT = ("projects", "/pipe-dream", "hasTrustDialogAccepted")
LOGIN, HOOK = "programs/claude/logins.py", "docker/inside/instructions_loaded.py"
FACTS = (
    Fact(0, "its version is the one that the image was built for", "docker/Dockerfile",
         lambda s: (s.version.split()[:1], [s.built_for])),
    *map(option, ("--settings", "--mcp-config", "--strict-mcp-config", "--model", "--permission-mode",
                  "--allowedTools", "--continue", "--resume", "--dangerously-skip-permissions")),
    Fact(9, "it asks the model that --model names", COMMAND,
         lambda s: (f'"model": "{MODEL}"' in s.asked, True)),
    Fact(9, "it refuses options that it does not know", COMMAND,
         lambda s: ("unknown" in s.unknown_option, True)),
    *(mode(each.value) for each in PermissionMode),
    *map(written, ("pid", "sessionId", "cwd", "startedAt", "procStart", "pidDomain", "version", "status",
                   "updatedAt", "statusUpdatedAt")),
    Fact(1, "its registry is sessions/PID.json", STATE,
         lambda s: (s.file, f"{s.registry['idle'].get('pid')}.json")),
    Fact(1, "procStart is when the process began, in the kernel's ticks", STATE,
         lambda s: (s.registry["idle"].get("procStart"), s.started)),
    Fact(1, "pidDomain names the container's PID namespace as the kernel does", STATE,
         lambda s: (s.registry["idle"].get("pidDomain"), f"linux::{s.domain}")),
    state("idle", status="idle"),
    Fact(1, "a free prompt waits for nothing", STATE,
         lambda s: (s.registry["idle"].get("waitingFor"), None)),
    state("thinking", status="busy"),
    state("a free prompt", status="idle"),
    state("tool", status="waiting", waitingFor="permission prompt"),
    state("ask", status="waiting", waitingFor="input needed"),
    state("/model", status="waiting", waitingFor="dialog open"),
    state("an error", status="idle"),
    state("background", status="shell"),
    Fact(1, "it takes its registry away when it is stopped", STATE, lambda s: (s.left, [])),
    event(2, "SessionStart", WAKING, "session_id", "transcript_path", "cwd", source="startup"),
    event(2, "UserPromptSubmit", WAKING, prompt="tool"),
    event(2, "PreToolUse", STATE, "tool_input", tool_name="Bash"),
    event(2, "PostToolUse", STATE, "tool_input", tool_name="AskUserQuestion"),
    event(2, "PermissionRequest", STATE, "tool_input", tool_name="Bash"),
    event(2, "PermissionRequest", STATE, "tool_input", tool_name="AskUserQuestion"),
    event(2, "Stop", WAKING, "background_tasks", last_assistant_message="The tool has run."),
    event(2, "StopFailure", WAKING, "error"),
    event(2, "SessionEnd", STATE, "reason"),
    event(9, "InstructionsLoaded", HOOK, file_path="/pipe-dream/CLAUDE.md"),
    Fact(2, "Esc has no event", STATE, lambda s: (s.after_escape, [])),
    Fact(2, "hooks are told CLAUDE_PID, the registry's name", STATE,
         lambda s: (f"{s.environment.get('CLAUDE_PID')}.json", s.file)),
    Fact(2, "hooks are told CLAUDE_CONFIG_DIR", HOOK,
         lambda s: (s.environment.get("CLAUDE_CONFIG_DIR"), "/claude-config")),
    Fact(2, "hooks are told CLAUDE_PROJECT_DIR", STATE,
         lambda s: (s.environment.get("CLAUDE_PROJECT_DIR"), "/pipe-dream")),
    Fact(4, "its status line is given costs", STATE,
         lambda s: (isinstance(_at(s.files[STATUS], ("cost",)), int | float), True)),
    Fact(4, "its status line is given the model's name", STATE,
         lambda s: (isinstance(_at(s.files[STATUS], ("model",)), str), True)),
    Fact(4, "its status line is given how full the context is", STATE,
         lambda s: (isinstance(_at(s.files[STATUS], ("context",)), int | float), True)),
    Fact(5, "asyncRewake wakes it with what the hook says", WAKING, lambda s: (LINE in s.asked, True)),
    Fact(5, "what wakes it is one prompt, a task-notification", WAKING, _woken),
    Fact(6, "a pasted text and CR are a prompt", "waking by typing",
         lambda s: ([e["prompt"] for e in s.events if e.get("prompt") == "slow"], ["slow"])),
    *(kept(".claude.json", name, value=True)
      for name in ("hasCompletedOnboarding", "hasSeenAutoDefaultNudge", "hasSeenAutoDefaultNotice")),
    kept(".claude.json", *PROJECT, value=True),
    kept(".claude.json", "customApiKeyResponses", "approved", value=[KEY[-20:]]),
    kept("settings.json", "permissions", "defaultMode", value="default"),
    kept("settings.json", "permissions", "disableAutoMode", value="disable"),
    kept("settings.json", "enableAllProjectMcpServers", value=True),
    Fact(7, "it uses ANTHROPIC_API_KEY without a question", ENTRYPOINT, lambda s: (KEY in s.logins, True)),
    Fact(7, "it logs in with claudeAiOauth.accessToken of .credentials.json", LOGIN,
         lambda s: (f"Bearer {TOKEN}" in s.logins, True)),
    Fact(9, "a conversation is a file of its session's name below projects/-pipe-dream", RESUME,
         lambda s: ([*s.conversations], [f"{s.registry['idle'].get('sessionId')}.jsonl"])),
    Fact(9, "a prompt is a line with isSidechain false and type user", RESUME,
         lambda s: (has_prompt("".join(s.conversations.values())), True)),
    Fact(9, "--continue without a conversation ends at once with 1", RESUME, _nothing_to_continue),
)  # fmt: skip


def has_prompt(text: str) -> bool:
    """As the code looks for one."""
    return _PROMPT.search(text.encode()) is not None


@pytest.fixture(scope="module")
def seen(
    engine: docker.APIClient,
    client_image: str,
    client_version: str,
    network: tuple[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Seen]:
    root = tmp_path_factory.mktemp("facts") / "project"
    root.mkdir()
    projects.make_qms_project(root)
    try:
        with Model(network[1]) as model:
            seen = asyncio.run(observe(engine, client_image, network[0], root, model))
            seen.built_for = client_version
            yield seen
    finally:
        engines.remove_project(engine, str(root))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.says.replace(" ", "-"))
def test_fact(fact: Fact, seen: Seen) -> None:
    found, wanted = fact.look(seen)
    assert found == wanted, (
        f"a fact of claude-code.md, section {fact.section}, does not hold for {seen.version.strip()}: "
        f"{fact.says}. {fact.who} relies on it. Seen: {found!r}, not {wanted!r}"
    )
