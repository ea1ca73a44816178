"""What is to be mounted is judged, all of it; what cannot be seen is left to an engine elsewhere."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from qms_tui.config import Config
from qms_tui.errors import ProjectError
from qms_tui.project import Project
from qms_tui.runtime.docker.agent_files import Place
from qms_tui.runtime.docker.container import bind
from qms_tui.runtime.docker.mount_check import Sources, judge_mounts
from qms_tui.runtime.host_path import FileId
from qms_tui.runtime.path_rules import path_rules


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".claude/users/claude/workspace").mkdir(parents=True)
    return tmp_path


def judge(root: Path, *sources: Path, place: Place | None = None, here: bool = True) -> Sources:
    mounts = [bind(source, PurePosixPath("/in", str(number))) for number, source in enumerate(sources)]
    return judge_mounts(mounts, path_rules(Project(root), Config()), place or Place(root), here=here)


def test_what_is_mounted_is_known_by_its_place(root: Path) -> None:
    workspace = root / ".claude/users/claude/workspace"
    found = judge(root, workspace)
    assert found.ids == {PurePosixPath("/in/0"): FileId.of(workspace.stat())}


def test_a_login_from_an_agents_folder(root: Path) -> None:
    """By whatever setting: the check is one for all mounts."""
    token = root / ".claude/users/claude/workspace/token"
    token.write_text("")
    with pytest.raises(ProjectError, match=r"is not mounted: .* lies in the workspace of claude"):
        judge(root, token)


def test_what_is_missing_is_left_to_the_engine(root: Path) -> None:
    assert judge(root, root / "missing").ids == {}


def test_what_cannot_be_walked_is_refused_here_only(root: Path) -> None:
    (root / "file").write_text("")
    with pytest.raises(ProjectError, match="Not a directory"):
        judge(root, root / "file/below")
    assert judge(root, root / "file/below", here=False).ids == {}


def test_what_the_engine_keeps_itself_is_its_own(root: Path) -> None:
    (root / "volumes").mkdir(mode=0o777)
    os.chmod(root / "volumes", 0o777)
    (root / "volumes/one").mkdir()
    place = Place(root / "volumes", "one")
    assert judge(root, root / "volumes/one", place=place).ids == {}
    with pytest.raises(ProjectError, match="everybody may write"):
        judge(root, root / "volumes/one")
