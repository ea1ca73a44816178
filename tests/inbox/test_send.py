"""Messages of one's own: whole or not at all, never over anything, never through a link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qms_tui.errors import ProjectError, QmsTuiError, UsageError
from qms_tui.inbox import Kind, mailboxes, scan, write_message
from qms_tui.project import Project

NOW = 1_770_215_422.0  # 2026-02-04T14:30:22Z
NAME = "msg-lead-2026-02-04-143022.md"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / ".claude" / "users" / "qa" / "inbox").mkdir(parents=True)
    return Project(tmp_path)


def test_a_message_as_the_qms_writes_it(project: Project) -> None:
    (path,) = write_message(project, "lead", ["qa"], 'Note on "CR-056": now', "Please look.\n", NOW)
    assert path == project.folders("qa").inbox / NAME
    assert path.read_text() == (
        "---\ntype: message\nfrom: lead\nto: qa\ntimestamp: 2026-02-04T14:30:22Z\n"
        'subject: "Note on \\"CR-056\\": now"\n---\n\nPlease look.\n'
    )
    assert os.listdir(path.parent) == [NAME]
    ((item,), _) = scan({"qa": path.parent})
    assert (item.kind, item.headline) == (Kind.MESSAGE, 'Message from lead: Note on "CR-056": now')


def test_nothing_is_overwritten(project: Project) -> None:
    paths = [write_message(project, "lead", ["qa"], "s", str(n), NOW)[0] for n in range(3)]
    assert [path.name[-9:] for path in paths] == ["143022.md", "143023.md", "143024.md"]
    assert [path.read_text()[-2:] for path in paths] == ["0\n", "1\n", "2\n"]


def test_a_missing_inbox_is_made_and_nothing_else(project: Project) -> None:
    first, second = write_message(project, "qa", ["lead", "bu", "lead"], "s", "b", NOW)
    assert (first.parent.parent.name, second.parent.parent.name) == ("lead", "bu")
    assert os.listdir(project.root / ".claude" / "users" / "bu") == ["inbox"]


def test_who_has_a_mailbox(project: Project) -> None:
    (project.root / ".claude" / "users" / "lead").mkdir()
    (project.root / ".claude" / "users" / "Not A Name").mkdir()
    assert mailboxes(project, ("claude", "qa")) == ("claude", "qa", "lead")
    assert mailboxes(Project(project.root / "gone"), ("claude",)) == ("claude",)


@pytest.mark.parametrize(
    ("sender", "to", "subject", "body"),
    [
        ("../x", "qa", "s", "b"),
        ("lead", "../qa", "s", "b"),
        ("lead", "QA", "s", "b"),
        ("lead", "qa", "", "b"),
        ("lead", "qa", "two\nlines", "b"),
        ("lead", "qa", "\x1b[2J", "b"),
        ("lead", "qa", "\u202eevil", "b"),
        ("lead", "qa", "s" * 201, "b"),
        ("lead", "qa", "s", "b" * 61 * 1024),
        ("lead", "qa", "s", "a\0b"),
        ("lead", "qa", "s", "\ud800"),
    ],
)
def test_what_cannot_be_sent(project: Project, sender: str, to: str, subject: str, body: str) -> None:
    with pytest.raises(UsageError):
        write_message(project, sender, ["qa", to], subject, body, NOW)
    assert not os.listdir(project.folders("qa").inbox)


@pytest.mark.parametrize("planted", ["inbox", "user", "file"])
def test_no_link_is_followed(project: Project, tmp_path: Path, planted: str) -> None:
    outside = tmp_path / "outside"
    (outside / "inbox").mkdir(parents=True)
    inbox = project.folders("qa").inbox
    if planted == "file":
        (inbox / NAME).symlink_to(outside / "taken")
        (path,) = write_message(project, "lead", ["qa"], "s", "b", NOW)
        assert path.name == "msg-lead-2026-02-04-143023.md"
    else:
        inbox.rmdir()
        (inbox if planted == "inbox" else inbox.parent.with_name("bu")).symlink_to(outside)
        with pytest.raises(ProjectError) as caught:
            write_message(project, "lead", ["qa" if planted == "inbox" else "bu"], "s", "b", NOW)
        assert isinstance(caught.value, QmsTuiError)
        assert caught.value.hint
    assert os.listdir(outside) == ["inbox"]
    assert not os.listdir(outside / "inbox")
