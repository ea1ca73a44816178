"""A worktree's repository is mounted only if it is what it looks like; made by git itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from qms_tui.config import Config
from qms_tui.errors import ProjectError
from qms_tui.project import Project
from qms_tui.runtime.worktree import repository, with_repository

CONFIG = Config()


def git(folder: Path, *words: str) -> None:
    own = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.hooksPath=/dev/null")
    subprocess.run(["git", *own, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def worktree(tmp_path: Path) -> Project:
    """Of the repository `main` beside it."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    main = tmp_path / "main"
    (main / ".claude").mkdir(parents=True)
    (main / ".claude/keep").touch()
    git(main, "init", "-q", ".")
    git(main, "add", "-A")
    git(main, "commit", "-qm", "first")
    git(main, "worktree", "add", "-q", "../feature", "-b", "feature")
    return Project((tmp_path / "feature").resolve())


def refusal(project: Project, config: Config = CONFIG) -> str:
    with pytest.raises(ProjectError) as caught:
        repository(project, config)
    assert with_repository(project, config).notices == (f"{caught.value.message}: {caught.value.hint}",)
    return caught.value.message


def test_its_repository_is_mounted_read_only(worktree: Project) -> None:
    main = worktree.root.with_name("main") / ".git"
    assert repository(worktree, CONFIG) == main
    (mount,) = with_repository(worktree, CONFIG).agent("qa").mounts
    assert str(mount) == f"{main}:{main}:ro"


def test_what_has_a_repository_of_its_own_or_none_needs_nothing(worktree: Project, tmp_path: Path) -> None:
    for root in (worktree.root.with_name("main"), tmp_path):
        assert repository(Project(root), CONFIG) is None
        assert with_repository(Project(root), CONFIG) == CONFIG


def test_of_a_project_that_is_looked_at_only_nothing_is_mounted(worktree: Project) -> None:
    assert "is not trusted" in refusal(worktree, Config(trusted=False))


def test_a_file_may_name_anything(worktree: Project, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    (secret / "worktrees/feature").mkdir(parents=True)
    file = worktree.root / ".git"
    for text in ("gitdir: /etc", f"gitdir: {secret}", "gitdir: ../main/.git/modules/x", "x", "gitdir: "):
        file.write_text(text)
        assert "names no worktree" in refusal(worktree)
    file.write_text(f"gitdir: {secret}/worktrees/feature\n")
    assert "No such file" in refusal(worktree)
    (secret / "worktrees/feature/gitdir").write_text(f"{worktree.root}x/.git\n")
    (secret / "worktrees/feature/commondir").write_text("../..\n")
    assert "of another worktree" in refusal(worktree)


def test_links_are_not_followed(worktree: Project, tmp_path: Path) -> None:
    main = worktree.root.with_name("main")
    (main / ".git").rename(tmp_path / "elsewhere")
    (main / ".git").symlink_to(tmp_path / "elsewhere")
    assert "git does not work" in refusal(worktree)
    (worktree.root / ".git").unlink()
    (worktree.root / ".git").symlink_to(tmp_path / "elsewhere")
    assert repository(worktree, CONFIG) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_another_users_repository_is_not_mounted(worktree: Project) -> None:
    os.chown(worktree.root.with_name("main") / ".git", 4321, 4321)
    assert "another user's" in refusal(worktree)
