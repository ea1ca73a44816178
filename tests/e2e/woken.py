"""An agent that is the real client in a container, its inbox, and what of it reaches the model."""

from __future__ import annotations

import contextlib
import fcntl
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.model import Model

from .clients import KEY, say, until
from .direct import DirectRuntime
from .held import Held, started

AGENT = "qa"
VARIABLES = ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC")
ITEM = "---\ntask_type: REVIEW\ndoc_id: {document}\nassigned_by: claude\n---\n\n# {document}\n"
LINE = "New in your QMS inbox: review task {document} from claude. Check your QMS inbox."


def host(model: Model) -> dict[str, str]:
    """The environment of a client that reaches nothing but the stand-in."""
    return dict(zip(VARIABLES, (model.url, KEY, "1"), strict=True))


@dataclass
class Woken:
    """The agent qa of a project, held by its terminal."""

    root: Path
    model: Model
    held: Held

    @property
    def inbox(self) -> Path:
        return self.root / f".claude/users/{AGENT}/inbox"

    def told(self, name: str) -> Any:
        """A file that programs inside keep for the host, {} where there is none."""
        file = self.root / f".claude/users/{AGENT}/container/qms-tui/{name}"
        return json.loads(file.read_text()) if file.exists() else {}

    def delivered(self, document: str) -> list[dict[str, Any]]:
        """The prompts that have told the client of a task."""
        file = f"task-{document}-review-v0-1.md"
        return [event for event in self.events("UserPromptSubmit") if file in event.get("items", ())]

    def receipt(self, document: str) -> dict[str, Any]:
        """What the host is told of a task's way; empty while it is unknown."""
        found: dict[str, Any] = self.told("announced.json").get(f"task-{document}-review-v0-1.md", {})
        return found

    def remembered(self, document: str) -> dict[str, Any]:
        """The same, as the programs inside remember it, who write that first."""
        files = self.told("seen.json").get("files", {})
        found: dict[str, Any] = files.get(f"task-{document}-review-v0-1.md", {})
        return found

    def make_due(self) -> None:
        """What failed is to be announced again at once."""
        file = self.root / f".claude/users/{AGENT}/container/qms-tui/seen.json"
        with file.with_name("announced.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as the programs inside, which may be about to write it
            memory = json.loads(file.read_text())
            for receipt in memory["files"].values():
                receipt.update({"again": 1.0} if "again" in receipt else {})
            beside = file.with_name("beside")
            beside.write_text(json.dumps(memory))
            beside.rename(file)

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """What the client's hooks have told; only events of that name if there is one."""
        file = self.root / f".claude/users/{AGENT}/container/qms-tui/hooks.jsonl"
        whole = file.read_text().rpartition("\n")[0]  # the last line may be half written
        events = [json.loads(line) for line in whole.splitlines()]
        return [event for event in events if name in ("", event["event"])]

    def put(self, document: str) -> float:
        """A task comes in, written as the QMS does it; the monotonic time at which it is there."""
        return self.write(f"task-{document}-review-v0-1.md", ITEM.format(document=document))

    def write(self, name: str, content: str) -> float:
        (self.inbox / name).write_text(content)
        return time.monotonic()

    def burst(self, files: Mapping[str, str]) -> None:
        """Files come in at once: written beside, then renamed."""
        for name, content in files.items():
            (self.inbox / f".{name}.tmp").write_text(content)
        for name in files:
            (self.inbox / f".{name}.tmp").rename(self.inbox / name)

    def state(self) -> dict[str, Any]:
        """What this container's client says of itself; a killed one before may have left its last word."""
        number = self.told("identity.json").get("pid")
        file = self.root / f".claude/users/{AGENT}/container/sessions/{number}.json"
        with contextlib.suppress(ValueError, OSError):
            found: dict[str, Any] = json.loads(file.read_text())
            return found
        return {}

    async def status(self, wanted: str) -> dict[str, Any]:
        """Wait until this is the client's status."""

        def look() -> dict[str, Any] | None:
            found = self.state()
            return found if found.get("status") == wanted else None

        found: dict[str, Any] = await until(look)
        return found

    def asked(self, text: str) -> list[float]:
        """When the model was asked with this among the last messages."""
        pairs = list(zip(self.model.times, self.model.requests, strict=False))
        return [at for at, request in pairs if text in _newest(request)]

    async def reached(self, document: str) -> float:
        """Wait until the model gets the line about a task; when it did, of the monotonic clock."""
        times: list[float] = await until(lambda: self.asked(LINE.format(document=document)))
        return times[0]

    async def armed(self) -> None:
        """Wait until somebody waits for items."""
        await until(lambda: self.told("waiter.json").get("armed"))

    async def ready(self) -> None:
        """Wait until the prompt is free and somebody waits for items."""
        await self.status("idle")
        await self.armed()

    async def wakes(self, document: str) -> None:
        """The next item that comes reaches the model."""
        await self.armed()
        self.put(document)
        await self.reached(document)
        await self.ready()

    def begun(self, source: str) -> list[dict[str, Any]]:
        """The sessions that began so: startup, resume, clear, compact."""
        return [event for event in self.events("SessionStart") if event["source"] == source]

    async def command(self, text: str) -> None:
        """Type a command of the client's, and submit it once it is there."""
        self.held.type(text.encode())
        await self.held.expect(text.encode())
        self.held.type(b"\r")

    async def say(self, text: str) -> None:
        """Type a prompt, and submit it once it is there."""
        say(self.held, text)


def _newest(request: dict[str, Any]) -> str:
    """What came since the model spoke last; system notices may stand on their own."""
    if not request.get("tools"):
        return ""
    messages = request["messages"]
    spoken = [index for index, each in enumerate(messages) if each["role"] == "assistant"]
    return json.dumps(messages[spoken[-1] + 1 if spoken else 0 :])


@contextlib.asynccontextmanager
async def woken(runtime: DirectRuntime, root: Path, model: Model) -> AsyncIterator[Woken]:
    """The agent, started and armed."""
    async with started(runtime, AGENT) as held:
        agent = Woken(root, model, held)
        await agent.ready()
        yield agent
