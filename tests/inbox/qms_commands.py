"""The inbox files of the public QMS command line: the same names, front matter and way of writing.

A task is one `write_text`; it is deleted when its review or approval is submitted, or when the document is
cancelled. Nothing here knows qms-tui.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

_BODY = """# {kind} REQUEST: {document}

{title} (version {version}) has been routed to you.

| Field | Value |
|---|---|
| Document | {document} |
| Status | {status} |

```
qms review {document} --recommend
```
"""


@dataclass(frozen=True)
class QmsCommands:
    """Commands of the QMS on the project at `root`; only what they do to inboxes."""

    root: Path

    def route(
        self, document: str, to: str, workflow: str = "PRE_REVIEW", version: str = "0.1", by: str = "claude"
    ) -> Path:
        """`qms route DOC`: the assignee gets a task."""
        kind = workflow.removeprefix("PRE_").removeprefix("POST_")
        task_id = f"task-{document}-{workflow.lower()}-v{version.replace('.', '-')}"
        front = {
            "task_id": task_id,
            "task_type": kind,
            "workflow_type": workflow,
            "doc_id": document,
            "title": "Add multi agent",
            "status": f"IN_{workflow}",
            "responsible_user": by,
            "assigned_by": by,
            "assigned_date": "2026-11-22",
            "version": version,
        }
        body = _BODY.format(
            kind=kind, document=document, title=front["title"], version=version, status=front["status"]
        )
        return self._write(to, f"{task_id}.md", front, body)

    def answer(self, document: str, by: str, event: str, tells: str = "claude") -> Path:
        """`qms review DOC`, `qms approve DOC`: the task goes, the one who assigned it gets a notice."""
        self.cancel(document, by)
        front = {
            "type": "notification",
            "event": event,
            "doc_id": document,
            "timestamp": "2026-02-04T15:45:00Z",
        }
        said = event.lower().replace("_", " ")
        name = f"notif-{document}-{event.lower()}-2026-02-04.md"
        return self._write(tells, name, front, f"{document}: {said} by {by}.\n")

    def cancel(self, document: str, *assignees: str) -> None:
        """`qms cancel DOC`: every open task of it goes."""
        for agent in assignees:
            for task in self._inbox(agent).glob(f"task-{document}-*.md"):
                task.unlink()

    def message(self, to: str, subject: str, body: str, sender: str = "claude") -> Path:
        """A message of one agent to another."""
        front = {
            "type": "message",
            "from": sender,
            "to": to,
            "timestamp": "2026-02-04T14:30:22Z",
            "subject": subject,
        }
        return self._write(to, f"msg-{sender}-2026-02-04-143022.md", front, body)

    def _inbox(self, agent: str) -> Path:
        return self.root / ".claude" / "users" / agent / "inbox"

    def _write(self, agent: str, name: str, front: dict[str, str], body: str) -> Path:
        path = self._inbox(agent) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.dump(front, default_flow_style=False, sort_keys=False)
        path.write_text(f"---\n{text}---\n\n{body}", encoding="utf-8")
        return path
