"""Inbox items as values and as text, in the format of the public QMS command line.

Writing is exact; reading trusts nothing. A file that cannot be understood is an item of unknown kind.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from string import Template

from qms_tui.demo.ink import clean
from qms_tui.demo.workflow import Document, Workflow, front_matter

MAX_FIELD = 200  # characters of a value that anybody may have written: two lines of a wide screen

_SAMPLE = Path(__file__).parent / "sample"


class Kind(StrEnum):
    """The kinds of items; a file's front matter and, failing that, the start of its name tell which."""

    TASK = "task"
    MESSAGE = "message"
    NOTICE = "notice"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Task:
    """An agent is asked to review or to approve a document."""

    document: Document
    workflow: Workflow
    assigned_by: str
    assigned: datetime

    @property
    def task_id(self) -> str:
        version = self.document.version
        workflow = self.workflow.value.lower()
        return f"task-{self.document.doc_id}-{workflow}-v{version.major}-{version.minor}"

    @property
    def file_name(self) -> str:
        return f"{self.task_id}.md"

    def text(self) -> str:
        """The whole file: front matter in the order of the QMS, then two to five kB of Markdown."""
        fields = {
            "task_id": self.task_id,
            "task_type": self.workflow.task_type,
            "workflow_type": self.workflow.value,
            "doc_id": self.document.doc_id,
            "title": self.document.title,
            "status": self.document.status,
            "responsible_user": self.document.responsible_user,
            "assigned_by": self.assigned_by,
            "assigned_date": self.assigned.date().isoformat(),
            "version": str(self.document.version),
        }
        return _front(fields) + self._body(fields)

    def _body(self, fields: dict[str, str]) -> str:
        doc_id = self.document.doc_id
        answer = f"review {doc_id} recommend\nreview {doc_id} reject"
        return Template(_read_sample("task.md")).substitute(
            fields,
            workflow_words=self.workflow.value.lower().replace("_", "-"),
            command=f"approve {doc_id}" if self.workflow.is_approval else answer,
            outcomes=_read_sample(f"outcome-{self.workflow.task_type.lower()}.md").rstrip(),
        )


@dataclass(frozen=True)
class Message:
    """What one agent, or the human, says to another."""

    sender: str
    to: str
    sent: datetime
    subject: str
    body: str

    @property
    def file_name(self) -> str:
        return f"msg-{self.sender}-{self.sent:%Y-%m-%d-%H%M%S}.md"

    def text(self) -> str:
        fields = {
            "type": "message",
            "from": self.sender,
            "to": self.to,
            "timestamp": f"{self.sent:%Y-%m-%dT%H:%M:%SZ}",
            "subject": json.dumps(self.subject, ensure_ascii=False),  # a JSON string is a YAML string too
        }
        return f"{_front(fields)}\n{self.body}\n"


@dataclass(frozen=True)
class Notice:
    """The QMS says what became of a document."""

    event: str
    doc_id: str
    at: datetime
    sentence: str

    @property
    def file_name(self) -> str:
        return f"notif-{self.doc_id}-{self.event.lower()}-{self.at:%Y-%m-%d}.md"

    def text(self) -> str:
        fields = {
            "type": "notification",
            "event": self.event,
            "doc_id": self.doc_id,
            "timestamp": f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
        }
        return f"{_front(fields)}\n{self.sentence}\n"


@dataclass(frozen=True)
class Item:
    """What can be trusted of a file in an inbox. All texts are clean and short; absent ones are empty.

    `sender` is who assigned a task or wrote a message. It is a claim: check it before it becomes a path.
    """

    file_name: str
    kind: Kind
    headline: str
    sender: str = ""
    doc_id: str = ""
    workflow: Workflow | None = None


def parse_item(file_name: str, text: str) -> Item:
    """What the file `file_name` with the content `text` says, as far as that can be trusted."""
    fields = {key: clean(value)[:MAX_FIELD].strip() for key, value in front_matter(text).items()}
    if "task_type" in fields:
        return _task(file_name, fields)
    if fields.get("type") == "message":
        subject = _unquoted(fields.get("subject", ""))
        return Item(file_name, Kind.MESSAGE, subject or "(no subject)", sender=fields.get("from", ""))
    if fields.get("type") == "notification":
        doc_id, event = fields.get("doc_id", ""), fields.get("event", "")
        return Item(file_name, Kind.NOTICE, f"{doc_id} {event}".strip() or "(empty)", doc_id=doc_id)
    return Item(file_name, Kind.UNKNOWN, clean(file_name)[:MAX_FIELD])


def _task(file_name: str, fields: dict[str, str]) -> Item:
    wanted = fields.get("workflow_type", "")
    doc_id, title = fields.get("doc_id", ""), fields.get("title", "")
    return Item(
        file_name,
        Kind.TASK,
        f"{doc_id} {title}".strip() or "(empty)",
        sender=fields.get("assigned_by", ""),
        doc_id=doc_id,
        workflow=Workflow(wanted) if wanted in Workflow.__members__ else None,
    )


def _unquoted(value: str) -> str:
    """A YAML double-quoted string without its quotes, where it is one that JSON reads as well."""
    if not value.startswith('"'):
        return value
    try:
        text = json.loads(value)
    except ValueError:  # cut short by MAX_FIELD, or not JSON
        return value.strip('"')
    return clean(str(text)).replace("\n", " ").strip()


def _front(fields: dict[str, str]) -> str:
    lines = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return f"---\n{lines}---\n"


def _read_sample(name: str) -> str:
    return (_SAMPLE / name).read_text(encoding="utf-8")
