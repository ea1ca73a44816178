"""Taking items out of an inbox: whole, never over another file, and only the item that is meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qms_tui.errors import ProjectError, UsageError
from qms_tui.inbox import Item, archive, pick, put_away, scan
from qms_tui.inbox.files import look
from qms_tui.project import Project

from .qms_commands import QmsCommands

NOW = 1_770_215_422.0  # 2026-02-04
DAY = "2026-02-04"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for user in ("lead", "qa"):
        (tmp_path / ".claude" / "users" / user / "inbox").mkdir(parents=True)
    return Project(tmp_path)


@pytest.fixture
def qms(project: Project) -> QmsCommands:
    return QmsCommands(project.root)


def waiting(project: Project, user: str = "lead") -> list[Item]:
    items, _ = scan({user: project.folders(user).inbox})
    return list(items)


def test_a_file_moves_as_it_is(project: Project, qms: QmsCommands) -> None:
    file = qms.route("CR-1", "lead")
    content, inode = file.read_bytes(), file.stat().st_ino
    (item,) = waiting(project)
    path = put_away(project, item, NOW)
    assert path == project.root / ".claude/users/lead/inbox-archive" / DAY / file.name
    assert (path.read_bytes(), path.stat().st_ino, path.stat().st_nlink) == (content, inode, 1)
    assert os.listdir(path.parent) == [file.name]
    assert not waiting(project)
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_never_over_another_file(project: Project, qms: QmsCommands) -> None:
    paths = []
    for version in "abc":
        qms.message("lead", version, version)
        (item,) = waiting(project)
        paths.append(put_away(project, item, NOW))
    assert [path.name for path in paths] == [
        "msg-claude-2026-02-04-143022.md",
        "msg-claude-2026-02-04-143022-2.md",
        "msg-claude-2026-02-04-143022-3.md",
    ]
    assert [path.read_text()[-1] for path in paths] == ["a", "b", "c"]


def test_what_is_routed_again_meanwhile_stays(project: Project, qms: QmsCommands) -> None:
    file = qms.route("CR-1", "lead")
    (item,) = waiting(project)
    file.rename(project.root / "kept")  # so that the new file has another inode
    qms.route("CR-1", "lead")
    with pytest.raises(UsageError, match="not in the inbox any more"):
        put_away(project, item, NOW)
    assert file.exists()


def test_also_at_the_very_moment(project: Project, qms: QmsCommands, monkeypatch: pytest.MonkeyPatch) -> None:
    file = qms.route("CR-1", "lead")
    (item,) = waiting(project)
    honest = look

    def slow(folder: int, name: str) -> object:
        seen = honest(folder, name)
        if name == item.file:
            file.rename(project.root / "kept")
            file.write_text("new")
        return seen

    monkeypatch.setattr(archive, "look", slow)
    with pytest.raises(UsageError, match="replaced"):
        put_away(project, item, NOW)
    assert file.read_text() == "new"
    assert os.listdir(project.root / ".claude/users/lead/inbox-archive" / DAY) == []


@pytest.mark.parametrize("planted", ["inbox", "inbox-archive", "user"])
def test_no_link_is_followed(project: Project, qms: QmsCommands, tmp_path: Path, planted: str) -> None:
    outside = tmp_path / "outside"
    (outside / "inbox").mkdir(parents=True)
    qms.route("CR-1", "lead")
    (item,) = waiting(project)
    base = project.folders("lead").inbox.parent
    if planted == "user":
        base.rename(tmp_path / "moved")
        base.symlink_to(outside)
    else:
        if planted == "inbox":
            (base / planted).rename(tmp_path / "moved")
        (base / planted).symlink_to(outside)
    with pytest.raises(ProjectError) as caught:
        put_away(project, item, NOW)
    assert caught.value.hint
    assert os.listdir(outside) == ["inbox"]


def test_a_link_itself_moves(project: Project, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (project.folders("lead").inbox / "x.md").symlink_to(tmp_path / "secret")
    (item,) = waiting(project)
    assert put_away(project, item, NOW).is_symlink()
    assert (tmp_path / "secret").read_text() == "s"


def test_items_are_named_by_file_or_document(project: Project, qms: QmsCommands) -> None:
    review = qms.route("CR-1", "lead").name
    other = qms.route("CR-10", "lead").name
    items = waiting(project)
    assert pick(items, review).file == pick(items, review[:-3]).file == pick(items, "CR-1").file == review
    assert pick(items, "CR-10").file == other
    qms.route("CR-1", "lead", "PRE_APPROVAL")
    with pytest.raises(UsageError, match="several items"):
        pick(waiting(project), "CR-1")
    with pytest.raises(UsageError, match="no item"):
        pick(items, "CR")
