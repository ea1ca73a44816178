"""The life of a controlled document as values: versions, workflows and what follows what."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from qms_tui.errors import ProjectError, UnknownAgentError, UsageError

_AGENT = re.compile(r"[a-z][a-z0-9_]{0,31}")
_DOCUMENT = re.compile(r"[A-Z][A-Z0-9]{0,15}(-[A-Z0-9]{1,16}){1,7}")
_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")
_FIELD = re.compile(r"([a-z_]{1,40}):[ \t]*(.*)")


def check_agent(name: str) -> str:
    """`name`, when it can be the name of an agent; these names become folders.

    Raises:
        UnknownAgentError: it cannot.
    """
    if not _AGENT.fullmatch(name):
        raise UnknownAgentError(
            f"{_shown(name)} is not an agent's name",
            hint="a name is at most 32 small letters, digits and _, and starts with a letter",
        )
    return name


def check_document(doc_id: str) -> str:
    """`doc_id` in capitals, when it can be a document's id; these ids become file names.

    Raises:
        UsageError: it cannot.
    """
    # str.upper makes two letters of some: test what comes out of it, and only what went in as ASCII
    wanted = doc_id.upper() if doc_id.isascii() else doc_id
    if not _DOCUMENT.fullmatch(wanted):
        raise UsageError(f"{_shown(doc_id)} is not a document", hint="write it like CR-001 or SOP-002")
    return wanted


def _shown(word: str) -> str:
    """`word` as an error may quote it: printable and short."""
    return repr(word if len(word) <= 40 else word[:39] + "…")


class Workflow(StrEnum):
    """What a document is routed for. The value is what stands in a task's `workflow_type`."""

    REVIEW = "REVIEW"
    APPROVAL = "APPROVAL"
    PRE_REVIEW = "PRE_REVIEW"
    PRE_APPROVAL = "PRE_APPROVAL"
    POST_REVIEW = "POST_REVIEW"
    POST_APPROVAL = "POST_APPROVAL"

    @property
    def is_approval(self) -> bool:
        """An approver answers it, with one word; a review has two outcomes."""
        return self.value.endswith("APPROVAL")

    @property
    def task_type(self) -> str:
        """REVIEW or APPROVAL."""
        return "APPROVAL" if self.is_approval else "REVIEW"

    @property
    def running(self) -> str:
        """The status of a document while this workflow is open."""
        return f"IN_{self.value}"


_PASSED = {
    Workflow.REVIEW: "REVIEWED",
    Workflow.APPROVAL: "EFFECTIVE",
    Workflow.PRE_REVIEW: "PRE_REVIEWED",
    Workflow.PRE_APPROVAL: "PRE_APPROVED",
    Workflow.POST_REVIEW: "POST_REVIEWED",
    Workflow.POST_APPROVAL: "CLOSED",
}
_REJECTED = {
    Workflow.REVIEW: "DRAFT",
    Workflow.PRE_REVIEW: "DRAFT",
    Workflow.POST_REVIEW: "PRE_APPROVED",
}
_NEXT_OF_PROCEDURE = {
    "DRAFT": Workflow.REVIEW,
    "REVIEWED": Workflow.APPROVAL,
    "EFFECTIVE": Workflow.REVIEW,  # the next revision
}
_NEXT_OF_CHANGE = {
    "DRAFT": Workflow.PRE_REVIEW,
    "PRE_REVIEWED": Workflow.PRE_APPROVAL,
    "PRE_APPROVED": Workflow.POST_REVIEW,
    "POST_REVIEWED": Workflow.POST_APPROVAL,
}
_NEW_REVISION = {"EFFECTIVE", "PRE_APPROVED"}  # leaving these, a document is written again


@dataclass(frozen=True)
class Version:
    """A version as SOP-001 of the sample project counts it: 0.1, 0.2, 1.0, 1.1."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True)
class Document:
    """What the front matter of a controlled document says."""

    doc_id: str
    title: str
    status: str
    version: Version
    responsible_user: str

    @property
    def is_change(self) -> bool:
        """A change record is executed, so it is reviewed and approved before and after."""
        return self.doc_id.startswith("CR-")


def next_workflow(document: Document) -> Workflow:
    """What routing `document` now starts; while a workflow is open, one more agent joins it.

    Raises:
        UsageError: nothing follows.
    """
    for workflow in Workflow:
        if document.status == workflow.running:
            return workflow
    following = _NEXT_OF_CHANGE if document.is_change else _NEXT_OF_PROCEDURE
    if document.status not in following:
        raise UsageError(
            f"{document.doc_id} is {document.status}: nothing follows", hint="take another document"
        )
    return following[document.status]


def routed(document: Document) -> Document:
    """`document` after it was routed for its next workflow."""
    workflow = next_workflow(document)
    version = document.version
    if document.status in _NEW_REVISION:
        version = Version(version.major, version.minor + 1)
    return replace(document, status=workflow.running, version=version)


def passed(document: Document, workflow: Workflow) -> Document:
    """`document` after everybody recommended or approved it; an approval makes a full version."""
    version = Version(document.version.major + 1, 0) if workflow.is_approval else document.version
    return replace(document, status=_PASSED[workflow], version=version)


def rejected(document: Document, workflow: Workflow) -> Document:
    """`document` after a reviewer rejected it: back with its author, who writes the next version."""
    version = Version(document.version.major, document.version.minor + 1)
    return replace(document, status=_REJECTED[workflow], version=version)


def parse_version(text: str) -> Version | None:
    """The version written as `text`, or None where that is none."""
    match = _VERSION.fullmatch(text)
    return Version(int(match[1]), int(match[2])) if match else None


def front_matter(text: str) -> dict[str, str]:
    """The `key: value` lines between the first two `---` of `text`; empty where there are none.

    Not YAML: nested values, lists and multi-line values are left out. The first of two equal keys counts.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return {}
    fields: dict[str, str] = {}
    for line in lines[1:]:
        if line.rstrip() == "---":
            return fields
        if match := _FIELD.fullmatch(line.rstrip()):
            fields.setdefault(match[1], match[2])
    return {}  # never closed: then nothing says where the body starts


def parse_document(doc_id: str, text: str) -> Document:
    """The document `doc_id` that is written as `text`.

    Raises:
        ProjectError: its front matter lacks something.
    """
    fields = front_matter(text)
    version = parse_version(fields.get("version", ""))
    status = fields.get("status", "")
    if version is None or not status:
        raise ProjectError(
            f"{doc_id}: its front matter names no status or no version",
            hint="put the lines 'status: DRAFT' and 'version: 0.1' between the two ---",
        )
    title = fields.get("title") or doc_id
    return Document(doc_id, title, status, version, fields.get("responsible_user", "lead"))


def rewritten(text: str, document: Document) -> str:
    """The `text` of a document with the status and version that `document` has."""
    head, closing, body = text.partition("\n---")
    head = re.sub(r"(?m)^status:.*$", f"status: {document.status}", head, count=1)
    head = re.sub(r"(?m)^version:.*$", f"version: {document.version}", head, count=1)
    return head + closing + body
