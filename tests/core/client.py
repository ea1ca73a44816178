"""What Claude Code, its entrypoint and its hooks write into an agent's own folder."""

from __future__ import annotations

import json
import time

from qms_tui.project import Project


class Client:
    """Writes it."""

    def __init__(self, project: Project, agent: str, wake: bool = False) -> None:
        self.folder = project.folders(agent).config
        for name in ("sessions", "qms-tui"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.started = time.time()
        told = {"pid": 7, "program": "claude", "started": self.started, "wake": wake}
        (self.folder / "qms-tui/identity.json").write_text(json.dumps(told))

    def is_(self, status: str, waiting: str = "", since: float = 0.0) -> None:
        changed = (since or time.time()) * 1000
        told = {"pid": 7, "status": status, "startedAt": self.started * 1000, "statusUpdatedAt": changed}
        file = self.folder / "sessions/7.json"
        file.write_text(json.dumps(told | ({"waitingFor": waiting} if waiting else {})))

    def hook(self, event: str, **facts: str) -> None:
        with (self.folder / "qms-tui/hooks.jsonl").open("a") as stream:
            stream.write(json.dumps({"at": time.time(), "event": event, **facts}) + "\n")

    def waits_at(self, inbox: tuple[int, int, int]) -> None:
        """What waits in its container for items sees this device, inode and count of links as its inbox."""
        told = {"at": time.time(), "armed": True, "since": self.started, "inbox": inbox}
        (self.folder / "qms-tui/waiter.json").write_text(json.dumps(told))

    def used(self, **figures: object) -> None:
        """Its status line."""
        (self.folder / "qms-tui/status.json").write_text(json.dumps({"at": time.time(), **figures}))
