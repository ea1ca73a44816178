"""A waiter beside an inbox, as a container has it: the project at one place, the configuration at another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .programs import SECONDS, command, read, run

WAKE = 2
POLL = 0.02
TASK = "task-CR-056-pre_review-v0-1.md"
CONTENT = (
    "---\ntask_type: REVIEW\nworkflow_type: PRE_REVIEW\ndoc_id: CR-056\nassigned_by: claude\n---\n\n# X\n"
)
CLAUDES_LINE = "New in your QMS inbox: review task CR-056 from claude. Check your QMS inbox."
PROBE = "msg-lead-2026-01-01-000000.md"


def until(look: Callable[[], Any], within: float = SECONDS) -> Any:
    """Wait for something that is not empty."""
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(POLL)
    return found


@dataclass
class World:
    """A project with agents, and the configuration of one of them, qa."""

    project: Path
    config: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inbox.mkdir(parents=True)
        (self.project / ".claude/agents").mkdir()
        (self.project / ".claude/agents/tu_ui.md").write_text("")
        self.start()

    @property
    def inbox(self) -> Path:
        return self.project / ".claude/users/qa/inbox"

    @property
    def ours(self) -> Path:
        return self.config / "qms-tui"

    def start(self) -> None:
        """What the entrypoint does at the start of a container, as far as a waiter sees it."""
        (self.ours / "identity.json").write_text(json.dumps({"started": time.time(), "pid": os.getpid()}))

    def put(self, name: str, content: str = "") -> Path:
        """As other programs put an item: written beside, then renamed."""
        self.burst({name: content})
        return self.inbox / name

    def burst(self, files: Mapping[str, str]) -> None:
        """Many of them at once."""
        for name, content in files.items():
            (self.inbox / f".{name[:100]}.tmp").write_text(content)
        for name in files:
            (self.inbox / f".{name[:100]}.tmp").rename(self.inbox / name)

    def variables(self) -> dict[str, str]:
        own = {"CLAUDE_CONFIG_DIR": str(self.config), "CLAUDE_PROJECT_DIR": str(self.project)}
        return own | {"QMS_USER": "qa", "CLAUDE_PID": str(os.getpid())} | self.environment

    @contextmanager
    def waiter(self) -> Iterator[subprocess.Popen[str]]:
        """One that has begun to wait, or has found out that it need not."""
        before = self.heartbeat()
        process = subprocess.Popen(
            command("waiter.py"),
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            until(lambda: process.poll() is not None or self.heartbeat() != before)
            yield process
        finally:
            process.kill()
            process.communicate()

    def heartbeat(self) -> dict[str, Any]:
        file = self.ours / "waiter.json"
        return read(file) if file.exists() else {}

    def announced(self) -> dict[str, Any]:
        """What the host reads of receipts."""
        file = self.ours / "announced.json"
        return read(file) if file.exists() else {}

    def hook(self, event: str, session: str = "s", **more: str) -> None:
        """An event of the client's."""
        given = {"hook_event_name": event, "session_id": session, **more}
        assert run("hook.py", self.config, given).returncode == 0

    def deliver(self, said: str) -> None:
        """The client takes up what woke it."""
        prompt = f"<task-notification>\n<system-reminder>\nFrom the inbox waiter: {said}\n</system-reminder>"
        self.hook("UserPromptSubmit", prompt=prompt)

    def taken_up(self) -> str:
        """What a new waiter says at once of what lies there; it is delivered, and the model is asked."""
        with self.waiter() as waiter:
            said = line_of(waiter)
        self.deliver(said)
        return said

    def woken(self) -> str:
        """What a new waiter says at once of what lies there; it is delivered, and the turn ends well."""
        said = self.taken_up()
        self.hook("Stop")
        return said

    def pass_time(self, seconds: float) -> None:
        """What was to be announced again comes due so much earlier."""
        memory = read(self.ours / "seen.json")
        for receipt in memory["files"].values():
            if "again" in receipt:
                receipt["again"] -= seconds
        (self.ours / "beside").write_text(json.dumps(memory))
        (self.ours / "beside").rename(self.ours / "seen.json")

    def quiet(self) -> None:
        """A new waiter finds nothing to say: it looks through the folder, and waits on."""
        with self.waiter() as waiter:
            self.settled(waiter)

    def settled(self, waiter: subprocess.Popen[str]) -> None:
        """What lies there is nothing new for the waiter: it waits on after the next item that is, alone."""
        self.put(PROBE)
        said = line_of(waiter)
        self.deliver(said)
        self.hook("Stop")
        (self.inbox / PROBE).unlink()
        assert said.startswith("New in your QMS inbox: message from lead. ")


def line_of(waiter: subprocess.Popen[str]) -> str:
    """What it wakes the client with."""
    out, err = waiter.communicate(timeout=SECONDS)
    assert (waiter.returncode, out, err.count("\n")) == (WAKE, "", 1), err
    return err.rstrip("\n")


def ended(waiter: subprocess.Popen[str]) -> None:
    """It ends without a word."""
    assert (waiter.communicate(timeout=SECONDS), waiter.returncode) == (("", ""), 0)


def terminate(waiter: subprocess.Popen[str]) -> None:
    """As the client does when the hook's time is over."""
    waiter.send_signal(signal.SIGTERM)
    ended(waiter)
