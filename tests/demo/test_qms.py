"""What the tiny QMS writes, and what it refuses."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from qms_tui.demo.items import Kind, parse_item
from qms_tui.demo.qms import MAX_MESSAGE, Qms
from qms_tui.errors import ProjectError, QmsTuiError, UnknownAgentError, UsageError

from .conftest import NOON

TASK = "task-CR-001-pre_review-v0-1.md"


def _inbox(project: Path, agent: str) -> Path:
    return project / ".claude" / "users" / agent / "inbox"


def _names(project: Path, agent: str) -> list[str]:
    return sorted(path.name for path in _inbox(project, agent).iterdir())


def _status(qms: Qms, doc_id: str) -> str:
    return next(document.status for document in qms.documents() if document.doc_id == doc_id)


def _route(qms: Qms, doc_id: str = "CR-001", *, to: str = "qa") -> None:
    qms.route(doc_id, to=to, by="claude", now=NOON)


def test_a_task_is_written_as_the_qms_writes_it(project: Path, qms: Qms) -> None:
    _route(qms)
    text = (_inbox(project, "qa") / TASK).read_text()
    assert text.startswith(
        "---\n"
        "task_id: task-CR-001-pre_review-v0-1\n"
        "task_type: REVIEW\n"
        "workflow_type: PRE_REVIEW\n"
        "doc_id: CR-001\n"
        "title: Add multi agent\n"
        "status: IN_PRE_REVIEW\n"
        "responsible_user: claude\n"
        "assigned_by: claude\n"
        "assigned_date: 2026-11-22\n"
        "version: 0.1\n"
        "---\n"
        "\n"
        "# REVIEW REQUEST: CR-001\n"
    )
    assert 2000 <= len(text.encode()) <= 5000
    assert "|---|" in text
    assert "\n```\n" in text
    assert "$" not in text


def test_from_draft_to_approved(project: Path, qms: Qms) -> None:
    _route(qms)
    outcome = qms.review("CR-001", by="qa", recommend=True, now=NOON)
    assert (outcome.document.status, outcome.told) == ("PRE_REVIEWED", "claude")
    assert _names(project, "qa") == []
    assert _names(project, "claude") == ["notif-CR-001-review_recommended-2026-11-22.md"]
    _route(qms)
    assert _names(project, "qa") == ["task-CR-001-pre_approval-v0-1.md"]
    assert str(qms.approve("cr-001", by="qa", now=NOON).document.version) == "1.0"
    assert _status(qms, "CR-001") == "PRE_APPROVED"
    assert (_inbox(project, "claude") / "notif-CR-001-approved-2026-11-22.md").read_text() == (
        "---\n"
        "type: notification\n"
        "event: APPROVED\n"
        "doc_id: CR-001\n"
        "timestamp: 2026-11-22T12:00:00Z\n"
        "---\n"
        "\n"
        "CR-001 has been approved by qa.\n"
    )


def test_the_last_of_several_reviewers_moves_the_document(qms: Qms) -> None:
    _route(qms)
    _route(qms, to="tu_ui")
    assert qms.review("CR-001", by="qa", recommend=True, now=NOON).document.status == "IN_PRE_REVIEW"
    assert qms.review("CR-001", by="tu_ui", recommend=True, now=NOON).document.status == "PRE_REVIEWED"


def test_one_rejection_withdraws_the_other_tasks(project: Path, qms: Qms) -> None:
    _route(qms)
    _route(qms, to="tu_ui")
    outcome = qms.review("CR-001", by="qa", recommend=False, now=NOON)
    assert (outcome.document.status, str(outcome.document.version)) == ("DRAFT", "0.2")
    assert _names(project, "tu_ui") == []


def test_a_review_is_no_approval(qms: Qms) -> None:
    _route(qms)
    with pytest.raises(UsageError) as caught:
        qms.approve("CR-001", by="qa", now=NOON)
    assert "review CR-001 recommend" in caught.value.hint


def test_a_task_of_a_workflow_that_is_over_changes_no_document(project: Path, qms: Qms) -> None:
    _route(qms)
    old = (_inbox(project, "qa") / TASK).read_text()
    qms.review("CR-001", by="qa", recommend=True, now=NOON)
    (_inbox(project, "qa") / TASK).write_text(old)
    assert qms.review("CR-001", by="qa", recommend=False, now=NOON).document.status == "PRE_REVIEWED"
    assert _names(project, "qa") == []


def test_a_message_is_written_as_the_qms_writes_it(project: Path, qms: Qms) -> None:
    qms.message("qa", ' Note on "CR-056"\x1b[31m', by="claude", now=NOON)
    assert (_inbox(project, "qa") / "msg-claude-2026-11-22-120000.md").read_text() == (
        "---\n"
        "type: message\n"
        "from: claude\n"
        "to: qa\n"
        "timestamp: 2026-11-22T12:00:00Z\n"
        'subject: "Note on \\"CR-056\\"[31m"\n'
        "---\n"
        "\n"
        'Note on "CR-056"[31m\n'
    )


def test_two_messages_in_a_second_are_two_items(project: Path, qms: Qms) -> None:
    for text in ("one", "two", "three"):
        qms.message("qa", text, by="claude", now=NOON)
    assert _names(project, "qa") == [f"msg-claude-2026-11-22-12000{n}.md" for n in range(3)]
    assert qms.inboxes.items("qa")[2].headline == "three"


@pytest.mark.parametrize("text", ["", "  ", "\x1b", "x" * (MAX_MESSAGE + 1)])
def test_messages_that_are_none(qms: Qms, text: str) -> None:
    with pytest.raises(UsageError):
        qms.message("qa", text, by="claude", now=NOON)


@pytest.mark.parametrize("name", ["nobody", "../qa", "", "QA", "qa/../lead", "qa\n"])
def test_names_of_nobody_write_nothing(project: Path, qms: Qms, name: str) -> None:
    before = sorted(project.rglob("*"))
    with pytest.raises(UnknownAgentError):
        _route(qms, to=name)
    with pytest.raises(UnknownAgentError):
        qms.message(name, "hello", by="claude", now=NOON)
    assert sorted(project.rglob("*")) == before
    assert _status(qms, "CR-001") == "DRAFT"


def test_a_document_that_is_not_there_is_answered_with_those_that_are(qms: Qms) -> None:
    with pytest.raises(UsageError) as caught:
        _route(qms, "CR-999")
    assert "CR-001" in caught.value.hint


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"no front matter", b"---\nstatus: X\n---\n", b"x" * 1_048_577]
)
def test_a_broken_document_is_named_and_left_alone(project: Path, qms: Qms, content: bytes) -> None:
    path = project / "QMS" / "CR" / "CR-001" / "CR-001.md"
    path.write_bytes(content)
    with pytest.raises(ProjectError, match="CR-001"):
        _route(qms)
    assert path.read_bytes() == content
    assert "CR-001" not in [document.doc_id for document in qms.documents()]


def test_a_missing_inbox_is_made(project: Path, qms: Qms) -> None:
    _inbox(project, "qa").rmdir()
    assert qms.inboxes.count("qa") == 0
    _route(qms)
    assert _names(project, "qa") == [TASK]


def test_an_inbox_that_leads_out_of_the_project_is_not_written(
    project: Path, qms: Qms, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    _inbox(project, "qa").rmdir()
    _inbox(project, "qa").symlink_to(outside)
    with pytest.raises(ProjectError):
        _route(qms)
    assert list(outside.iterdir()) == []


def test_an_item_that_is_a_link_or_a_fifo_is_not_written_through(
    project: Path, qms: Qms, tmp_path: Path
) -> None:
    (_inbox(project, "qa") / TASK).symlink_to(tmp_path / "target")
    os.mkfifo(_inbox(project, "tu_ui") / TASK)
    for agent in ("qa", "tu_ui"):
        with pytest.raises(ProjectError):
            _route(qms, to=agent)
    assert _status(qms, "CR-001") == "DRAFT"
    assert not (tmp_path / "target").exists()


def test_what_lies_in_an_inbox_is_an_item_or_is_not(project: Path, qms: Qms) -> None:
    inbox = _inbox(project, "qa")
    for name in (".hidden.md", "x.tmp", "x.md~", ".x.md.swp", "x.txt"):
        (inbox / name).write_text("")
    (inbox / "folder.md").mkdir()
    (inbox / "binary.md").write_bytes(bytes(range(256)) * 10)
    os.mkfifo(inbox / "fifo.md")
    (inbox / "link.md").symlink_to("/etc/passwd")
    assert [(item.file_name, item.kind) for item in qms.inboxes.items("qa")] == [
        ("binary.md", Kind.UNKNOWN),
        ("fifo.md", Kind.UNKNOWN),
        ("link.md", Kind.UNKNOWN),
    ]
    for name in ("fifo.md", "link.md"):
        with pytest.raises(ProjectError):
            qms.inboxes.text("qa", name)


@pytest.mark.parametrize("sender", ["../../x", "nobody", "", "QA", "lead/.."])
def test_a_task_from_nobody_tells_nobody(project: Path, qms: Qms, sender: str) -> None:
    _route(qms)
    path = _inbox(project, "qa") / TASK
    path.write_text(path.read_text().replace("assigned_by: claude", f"assigned_by: {sender}"))
    before = {each for each in project.rglob("*") if each != path}
    assert qms.review("CR-001", by="qa", recommend=True, now=NOON).told == ""
    assert set(project.rglob("*")) == before


def test_a_task_cannot_be_put_away_and_a_message_can(project: Path, qms: Qms) -> None:
    _route(qms)
    message = qms.message("qa", "hello", by="claude", now=NOON)
    with pytest.raises(UsageError, match="task"):
        qms.inboxes.discard("qa", TASK)
    qms.inboxes.discard("qa", message.file_name)
    assert _names(project, "qa") == [TASK]


@pytest.mark.parametrize("name", ["", "..", "../workspace", "../../claude/inbox/x.md", "\0", "/etc/passwd"])
def test_a_name_that_is_no_item_is_never_a_path(qms: Qms, name: str) -> None:
    for act in (qms.inboxes.text, qms.inboxes.discard):
        with pytest.raises(QmsTuiError):
            act("qa", name)


def test_hostile_fields_are_clean_and_short() -> None:
    text = (
        '---\ntype: message\nfrom: \x1b]0;x\x07evil\nsubject: "a\\n\\u001b[2J\u202eb' + "c" * 999 + '"\n---\n'
    )
    item = parse_item("msg-x.md", text)
    assert item.sender == "]0;xevil"
    assert len(item.headline) <= 200
    assert item.headline.isprintable()
    assert parse_item("x.md", '---\ntype: message\nsubject: "a\\n\\u001b[2Jb"\n---\n').headline == "a [2Jb"
    assert parse_item("x.md", "---\ntype: message\n---\n").headline == "(no subject)"


def test_times_are_only_those_that_were_given(project: Path, qms: Qms) -> None:
    qms.message("lead", "later", by="qa", now=NOON + timedelta(days=40))
    assert _names(project, "lead") == ["msg-qa-2027-01-01-120000.md"]
