"""What the real client does in one session in which everything happens that others rely on.

Nothing is judged here: what does not come within `WITHIN` is not there in what was seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import docker

from qms_tui.config import AgentConfig, Config
from qms_tui.project import Project
from qms_tui.runtime import Ending
from qms_tui.runtime.docker import connect
from tests.bench.model import Model
from tests.trusted import prepared

from .clients import KEY, START_SECONDS, login, press, registry, say, status, until
from .direct import DirectRuntime
from .held import Held, started

WITHIN = 30.0  # seconds; all of it takes milliseconds, on a busy machine more
AGENT, OTHER, LAST = "qa", "bu", "tu_ui"
EVENTS = ("SessionStart", "InstructionsLoaded", "UserPromptSubmit", "PreToolUse", "PermissionRequest",
          "PostToolUse", "Stop", "StopFailure", "SessionEnd")  # fmt: skip
ARMED = ("SessionStart", "UserPromptSubmit", "Stop", "StopFailure")
MODEL = "claude-stand-in-1"
LINE = "a new item waits"
TOKEN = "sk-ant-oat01-of-a-login-0123456789-abcdefghij"
# Each event in a file of its own, which is whole when it has its name.
_KEEP = "mkdir -p /claude-config/told; f=/claude-config/told/$(date +%s%N)-$$; cat >$f; mv $f $f.json"
_KEEP_ENVIRONMENT = "env -0 >/claude-config/environment"
_WAIT = (
    "exec 9>/claude-config/waiter; flock -n 9 || exit 0; test -e /claude-config/woken && exit 0; "
    f"until test -e /pipe-dream/.claude/users/{AGENT}/inbox/item.md; do sleep 0.1; done; "
    f"touch /claude-config/woken; echo {LINE} >&2; exit 2"
)


@dataclass
class Seen:
    """Everything, by what it was."""

    version: str = ""
    built_for: str = ""
    """The version that the image was to get."""
    help: str = ""
    unknown_option: str = ""
    registry: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the client said of itself in each situation."""
    file: str = ""
    """The registry's name."""
    started: str = ""
    """The clock of the kernel at which the registry's process began."""
    domain: str = ""
    """What the kernel calls the PID namespace of the container."""
    events: list[dict[str, Any]] = field(default_factory=list)
    after_escape: list[str] = field(default_factory=list)
    """Events between Esc in the middle of an answer and a free prompt."""
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The client's own files, after it has used them."""
    conversations: dict[str, str] = field(default_factory=dict)
    asked: str = ""
    """All that the model was asked."""
    logins: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)
    """The registries after the end."""
    nothing_to_continue: tuple[Ending | None, str] = (None, "")
    """How a client ends that is to go on without a conversation, and what it says."""

    def event(self, name: str, **having: object) -> dict[str, Any]:
        """The first event of that name with these values; empty if there was none."""
        return next(
            (e for e in self.events if e.get("hook_event_name") == name and having.items() <= e.items()), {}
        )


@dataclass
class Observer:
    """One session of the client, in a project of its own."""

    engine: docker.APIClient
    root: Path
    model: Model
    runtime: DirectRuntime
    seen: Seen = field(default_factory=Seen)

    @property
    def config(self) -> Path:
        return self.root / f".claude/users/{AGENT}/container"

    async def reach(self, situation: str, **wanted: str) -> None:
        """Wait for the registry to say so, and keep what it says then."""

        def look() -> bool:
            self.seen.registry[situation] = registry(self.root, AGENT)
            return wanted.items() <= self.seen.registry[situation].items()

        await within(look)

    async def inside(self, *command: str) -> str:
        """What a command prints in the agent's container."""
        container = (await self.runtime.find(AGENT)).container

        def run() -> bytes:
            made = self.engine.exec_create(container, list(command), tty=True)
            return bytes(self.engine.exec_start(made["Id"], tty=True))

        return (await asyncio.to_thread(run)).decode(errors="replace")

    def told(self) -> list[dict[str, Any]]:
        """The events so far, in their order."""
        files = sorted((self.config / "told").glob("*.json"))
        return [json.loads(text) for file in files if (text := file.read_text())]


async def within(holds: Callable[[], object]) -> None:
    """Wait for it, or not for ever."""
    with contextlib.suppress(AssertionError):
        await until(holds, WITHIN)


async def observe(engine: docker.APIClient, image: str, network: str, root: Path, model: Model) -> Seen:
    """Live through it; a second agent has a login of its own and no key, a third one nothing to continue."""
    host = login(model)
    every = AgentConfig(image=image, network=network, env=tuple(host), model=MODEL, tools=("Bash(sleep:*)",))
    other = replace(every, name=OTHER, env=tuple(name for name in host if host[name] != KEY))
    last = replace(every, name=LAST, command=("claude", "--continue"))
    config = Config(every_agent=every, overrides={OTHER: other, LAST: last})
    runtime = DirectRuntime(connect(), Project(root), config, host)
    observer = Observer(engine, root, model, runtime)
    try:
        furnish(root)
        await asyncio.gather(live(observer), log_in(observer), continue_nothing(observer))
    finally:
        await runtime.close()
    observer.seen.events = observer.told()
    observer.seen.asked = json.dumps(model.requests)
    observer.seen.logins = model.logins
    return observer.seen


def furnish(root: Path) -> None:
    """Hooks that keep what they are given, a waiter as one would wake an agent, a login."""
    waiter = {"type": "command", "command": _WAIT, "asyncRewake": True, "timeout": 86400}
    hooks: dict[str, list[dict[str, object]]] = {
        name: [{"hooks": [{"type": "command", "command": _KEEP}]}] for name in EVENTS
    }
    for name in ARMED:
        hooks[name].append({"hooks": [waiter]})
    hooks["SessionStart"].append({"hooks": [{"type": "command", "command": _KEEP_ENVIRONMENT}]})
    oauth = {"accessToken": TOKEN, "refreshToken": TOKEN, "expiresAt": int((time.time() + 86400) * 1000),
             "scopes": ["user:inference", "user:profile"], "subscriptionType": "max"}  # fmt: skip
    place(root, AGENT, "settings.json", {"hooks": hooks, "tui": "fullscreen"})
    place(root, OTHER, ".credentials.json", {"claudeAiOauth": oauth})


def place(root: Path, agent: str, name: str, content: object) -> None:
    """Make a file of the agent's."""
    file = prepared(root, agent).config / name
    file.write_text(json.dumps(content))
    file.chmod(0o600)
    os.chown(file, Project(root).owner().uid, -1)


async def log_in(observer: Observer) -> None:
    """With the file that `/login` writes."""
    async with started(observer.runtime, OTHER) as held:
        await status(observer.root, OTHER, "idle")
        say(held, "hello")
        await within(lambda: f"Bearer {TOKEN}" in observer.model.logins)


async def continue_nothing(observer: Observer) -> None:
    """As after somebody has cleared away all conversations."""
    async with started(observer.runtime, LAST) as held:
        said = (await held.end(START_SECONDS)).decode(errors="replace")
        observer.seen.nothing_to_continue = (await observer.runtime.outcome(LAST), said)


async def live(observer: Observer) -> None:
    """From the start to the end."""
    async with started(observer.runtime, AGENT) as held:
        try:
            await status(observer.root, AGENT, "idle")
        except AssertionError:
            shown = held.unseen[-3000:].decode(errors="replace")
            raise AssertionError(f"no free prompt after the start; it shows: {shown!r}") from None
        await look_around(observer)
        await converse(observer, held)
        await be_woken(observer)
        say(held, "background")
        await observer.reach("background", status="shell")
        await keep_files(observer)
    await observer.runtime.stop(AGENT)
    observer.seen.left = [file.name for file in (observer.config / "sessions").glob("*.json")]


async def look_around(observer: Observer) -> None:
    """What needs no conversation."""
    seen = observer.seen
    await observer.reach("idle", status="idle")
    seen.file = " ".join(file.name for file in (observer.config / "sessions").glob("*.json"))
    stat = await observer.inside("cat", f"/proc/{seen.registry['idle'].get('pid')}/stat")
    seen.started = " ".join(stat.rpartition(")")[2].split()[19:20])
    seen.domain = (await observer.inside("readlink", "/proc/self/ns/pid")).strip()
    seen.version = await observer.inside("claude", "--version")
    seen.help = await observer.inside("claude", "--help")
    seen.unknown_option = await observer.inside("claude", "--no-such-option")


async def converse(observer: Observer, held: Held) -> None:
    """Each situation, and back to a free prompt."""
    say(held, "slow")
    await observer.reach("thinking", status="busy")
    await within(lambda: b"Slowly" in held.unseen)  # before that, Esc would give the prompt back
    before = len(observer.told())
    await leave(observer, held, b"\x1b")
    observer.seen.after_escape = [event["hook_event_name"] for event in observer.told()[before:]]
    for prompt, keys in (("tool", b"\r"), ("ask", b"\r"), ("/model", b"\x1b")):
        say(held, prompt)
        await observer.reach(prompt, status="waiting")
        await leave(observer, held, keys)
    say(held, "fail")
    await within(lambda: "StopFailure" in [event["hook_event_name"] for event in observer.told()])
    await observer.reach("an error", status="idle")


async def leave(observer: Observer, held: Held, keys: bytes) -> None:
    """Type until the prompt is free again."""
    with contextlib.suppress(AssertionError):
        await press(held, keys, lambda: registry(observer.root, AGENT).get("status") == "idle", WITHIN)
    await observer.reach("a free prompt", status="idle")


async def be_woken(observer: Observer) -> None:
    """By an item in the inbox, without a key."""
    (observer.root / f".claude/users/{AGENT}/inbox/item.md").write_text("---\ntitle: x\n---\n")
    await within(lambda: LINE in json.dumps(observer.model.requests))
    await observer.reach("after it was woken", status="idle")


def whole(path: Path) -> dict[str, Any]:
    """What a file holds; empty while it is not there, or is being written."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


async def keep_files(observer: Observer) -> None:
    """The client's own files, as it has left them."""
    for name in (".claude.json", "settings.json", "qms-tui/status.json"):
        path = observer.config / name
        await within(lambda path=path: whole(path))  # type: ignore[misc]
        observer.seen.files[name] = whole(path)
    for file in (observer.config / "projects/-pipe-dream").glob("*.jsonl"):
        observer.seen.conversations[file.name] = file.read_text()
    told = observer.config / "environment"
    pairs = told.read_text().split("\0") if told.exists() else []
    observer.seen.environment = dict(pair.split("=", 1) for pair in pairs if pair)
