"""The tiny QMS of the sample project: routes documents, takes reviews and approvals, carries messages.

It writes inbox items exactly as the public QMS command line does. Where it deviates from that:
- one rejection closes a review at once, without waiting for the other reviewers;
- a second message in the same second is dated a second later, where the QMS would overwrite the first one;
- statuses are kept in the documents' front matter, and there are no drafts, archives and audit trails.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from qms_tui.demo.files import MAX_DOCUMENT, MAX_ITEM, write_inside
from qms_tui.demo.inboxes import Inboxes
from qms_tui.demo.ink import clean
from qms_tui.demo.items import Item, Message, Notice, Task
from qms_tui.demo.workflow import (
    Document,
    Workflow,
    check_agent,
    check_document,
    front_matter,
    next_workflow,
    parse_document,
    passed,
    rejected,
    rewritten,
    routed,
)
from qms_tui.errors import ProjectError, UnknownAgentError, UsageError
from qms_tui.files import read_regular_file

MAX_MESSAGE = 4000  # characters of a message: a page, so that it is read as one
MAX_SUBJECT = 60  # characters of its first line that become the subject


@dataclass(frozen=True)
class Outcome:
    """What an answer did: the document as it is now, and who was told; "" where nobody could be."""

    document: Document
    told: str


class Qms:
    """The QMS of the project at `root`. Times are parameters and mean UTC."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self.inboxes = Inboxes(root)

    def description(self, agent: str) -> str:
        """The description in the definition of `agent`, "" where it has none."""
        path = self._root / ".claude" / "agents" / f"{check_agent(agent)}.md"
        try:
            text = read_regular_file(path, MAX_ITEM).decode("utf-8", "replace")
        except OSError:
            return ""
        return clean(front_matter(text).get("description", ""))

    def documents(self) -> list[Document]:
        """All controlled documents that can be read, by id."""
        found = []
        for path in self._document_files():
            with contextlib.suppress(ProjectError):  # a broken document is named when somebody asks for it
                found.append(parse_document(path.stem, _document_text(path)))
        return sorted(found, key=lambda document: document.doc_id)

    def text_of(self, doc_id: str) -> str:
        """The text of a document, clean.

        Raises:
            UsageError: there is no such document.
            ProjectError: it cannot be read.
        """
        return clean(_document_text(self._document_file(doc_id)))

    def route(self, doc_id: str, *, to: str, by: str, now: datetime) -> Task:
        """Start the next workflow of a document, or let one more agent join it: `to` gets a task.

        Raises:
            UsageError: there is no such document, or nothing follows its status.
            UnknownAgentError: nobody is called `to`.
        """
        self.inboxes.check_owner(to)
        document = self._document(doc_id)
        task = Task(routed(document), next_workflow(document), assigned_by=by, assigned=now)
        self.inboxes.put(to, task.file_name, task.text())  # first: it may fail, and then nothing is routed
        self._save(task.document)
        return task

    def review(self, doc_id: str, *, by: str, recommend: bool, now: datetime) -> Outcome:
        """Submit the outcome of a review: the task of `by` goes, its assigner gets a notice.

        The document moves on when no reviewer has an open task any more, and back at the first rejection.

        Raises:
            UsageError: `by` has no review of this document to do.
        """
        item, workflow = self._open_task(doc_id, by, approval=False)
        if recommend:
            document = self._passed(item, workflow, by)
            return Outcome(document, self._tell(item, "REVIEW_RECOMMENDED", f"recommended by {by}", now))
        document = self._rejected(item, workflow)
        return Outcome(document, self._tell(item, "REVIEW_REJECTED", f"rejected by {by}", now))

    def approve(self, doc_id: str, *, by: str, now: datetime) -> Outcome:
        """Approve a document: the task of `by` goes, its assigner gets a notice.

        Raises:
            UsageError: `by` has no approval of this document to do.
        """
        item, workflow = self._open_task(doc_id, by, approval=True)
        document = self._passed(item, workflow, by)
        return Outcome(document, self._tell(item, "APPROVED", f"approved by {by}", now))

    def message(self, to: str, text: str, *, by: str, now: datetime) -> Message:
        """Put a message into the inbox of `to`.

        Raises:
            UnknownAgentError: nobody is called `to`.
            UsageError: `text` is empty or longer than a page.
        """
        self.inboxes.check_owner(to)
        message = Message(by, to, now, *_subject_and_body(text))
        while self.inboxes.has(to, message.file_name):
            message = Message(by, to, message.sent + timedelta(seconds=1), message.subject, message.body)
        self.inboxes.put(to, message.file_name, message.text())
        return message

    def _document_files(self) -> Iterator[Path]:
        for path in (self._root / "QMS").rglob("*.md"):
            with contextlib.suppress(UsageError):  # a file that is called like no document is none
                if check_document(path.stem) == path.stem:
                    yield path

    def _document_file(self, doc_id: str) -> Path:
        wanted = check_document(doc_id)
        files = {path.stem: path for path in self._document_files()}
        if wanted not in files:
            raise UsageError(f"there is no document {wanted}", hint=f"here are: {', '.join(sorted(files))}")
        return files[wanted]

    def _document(self, doc_id: str) -> Document:
        path = self._document_file(doc_id)
        return parse_document(path.stem, _document_text(path))

    def _save(self, document: Document) -> None:
        path = self._document_file(document.doc_id)
        write_inside(self._root, path, rewritten(_document_text(path), document))

    def _open_task(self, doc_id: str, agent: str, *, approval: bool) -> tuple[Item, Workflow]:
        wanted = check_document(doc_id)
        hint = "'inbox' lists what waits for you"
        for item in self.inboxes.items(agent):
            if item.doc_id != wanted or item.workflow is None:
                continue
            if item.workflow.is_approval is approval:
                return item, item.workflow
            hint = f"write: review {wanted} recommend" if approval else f"write: approve {wanted}"
        noun = "approval" if approval else "review"
        raise UsageError(f"you have no {noun} of {wanted} to do", hint=hint)

    def _passed(self, item: Item, workflow: Workflow, by: str) -> Document:
        """Close the task of `by`; the last one to answer moves the document on."""
        document = self._document(item.doc_id)
        self.inboxes.remove(by, item.file_name)
        waiting = any(self.inboxes.has(other, item.file_name) for other in self.inboxes.owners())
        # an old task may name a workflow that is over: then its answer changes nothing
        if waiting or document.status != workflow.running:
            return document
        document = passed(document, workflow)
        self._save(document)
        return document

    def _rejected(self, item: Item, workflow: Workflow) -> Document:
        """Close the tasks of all reviewers; the document goes back to its author."""
        document = self._document(item.doc_id)
        for owner in self.inboxes.owners():
            self.inboxes.remove(owner, item.file_name)
        if document.status != workflow.running:
            return document
        document = rejected(document, workflow)
        self._save(document)
        return document

    def _tell(self, item: Item, event: str, what: str, now: datetime) -> str:
        """A notice to the assigner; the name comes from a file, so it may be anybody's or nobody's."""
        try:
            self.inboxes.check_owner(item.sender)
        except UnknownAgentError:
            return ""
        notice = Notice(event, item.doc_id, now, f"{item.doc_id} has been {what}.")
        self.inboxes.put(item.sender, notice.file_name, notice.text())
        return item.sender


def _subject_and_body(text: str) -> tuple[str, str]:
    body = clean(text).strip()
    if not 0 < len(body) <= MAX_MESSAGE:
        raise UsageError(
            f"a message has 1 to {MAX_MESSAGE} characters, this one has {len(body)}",
            hint="write it like: message qa CR-001 is ready for you",
        )
    subject = body.split("\n", 1)[0]
    if len(subject) > MAX_SUBJECT:
        subject = subject[: MAX_SUBJECT - 1].rstrip() + "…"
    return subject, body


def _document_text(path: Path) -> str:
    try:
        data = read_regular_file(path, MAX_DOCUMENT + 1)
        if len(data) <= MAX_DOCUMENT:
            return data.decode("utf-8")
        reason = "larger than 1 MB"
    except OSError as error:
        reason = error.strerror or str(error)
    except UnicodeDecodeError:
        reason = "not UTF-8"
    raise ProjectError(f"{path.stem} cannot be read: {reason}", hint=f"look at {path}")
