"""Who may start things where: root in its own projects only, and nobody where an agent decides."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import qms_tui
from tests.somebody import ROOT, SOMEBODY

Run = Callable[..., subprocess.CompletedProcess[str]]
STARTING = [["claude"], ["--runtime", "local", "--command", "cat", "claude"], [], ["build"]]
LOOKING = [["ps"], ["ps", "--all-projects"], ["stop", "claude"], ["stop", "--all"], ["prune", "--yes"]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`run(project, *args)`: qms-tui there, with no engine anywhere."""
    home = tmp_path / "home"
    home.mkdir()
    own = {name: str(home / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8",
        "DOCKER_HOST": f"unix://{home}/no-engine.sock",
        "PYTHONPATH": str(Path(qms_tui.__file__).parent.parent), **own,
    }  # fmt: skip

    def run(project: Path, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "qms_tui", *args], cwd=project, env=environment, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip

    return run


def make_project(root: Path) -> Path:
    (root / ".claude/agents").mkdir(parents=True)
    return root


@pytest.mark.skipif(not ROOT, reason="only root gives folders away")
class TestRoot:
    @pytest.fixture
    def theirs(self, tmp_path: Path) -> Path:
        root = make_project(tmp_path / "their project")
        os.chown(root, SOMEBODY.uid, SOMEBODY.gid)
        return root

    @pytest.mark.parametrize("words", STARTING)
    def test_it_starts_nothing_in_somebodys_project(self, run: Run, theirs: Path, words: list[str]) -> None:
        for named, cwd in ((), theirs), (("--project", str(theirs)), theirs.parent):
            done = run(cwd, *named, *words)
            assert done.returncode == 2
            said, hint = done.stderr.splitlines()
            assert said.startswith(f"qms-tui: {theirs} belongs to ")
            sudo, option, user, *line = shlex.split(hint)
            assert (sudo, option, line) == ("sudo", "-u", ["qms-tui", *named, *words])
            assert user in (f"#{SOMEBODY.uid}", said.split("belongs to ")[1].partition(":")[0])
        assert not list(theirs.glob(".claude/users"))

    @pytest.mark.parametrize("words", LOOKING)
    def test_it_looks_and_ends_there(self, run: Run, theirs: Path, words: list[str]) -> None:
        assert "cannot reach the engine" in run(theirs, *words).stderr

    def test_what_needs_no_engine_there(self, run: Run, theirs: Path) -> None:
        assert "project" in run(theirs, "doctor").stdout
        assert "nothing is recorded" in run(theirs, "log", "claude").stderr
        assert run(theirs, "config").returncode == 0

    @pytest.mark.parametrize("words", [["claude"], ["build"]])
    def test_in_its_own_it_does_all(self, run: Run, tmp_path: Path, words: list[str]) -> None:
        done = run(make_project(tmp_path / "mine"), *words)
        assert "cannot reach the engine" in done.stderr

    def test_outside_of_projects_it_builds(self, run: Run, tmp_path: Path) -> None:
        assert "cannot reach the engine" in run(tmp_path, "build").stderr


@pytest.mark.parametrize("words", STARTING)
@pytest.mark.parametrize("place", ["users/qa/workspace", "users/qa/container/deep", "sessions"])
def test_nobody_starts_anything_in_an_agents_folder(
    run: Run, tmp_path: Path, place: str, words: list[str]
) -> None:
    """The agent has made that project, or could."""
    outer = make_project(tmp_path / "outer")
    (outer / ".claude/users").mkdir()
    inner = make_project(outer / ".claude" / place / "inner")
    done = run(inner, *words)
    assert done.returncode == 2
    assert "where an agent can write" in done.stderr
    assert f"in {outer}" in done.stderr


def test_other_folders_with_such_names_are_fine(run: Run, tmp_path: Path) -> None:
    for place in (".claude/worktrees/users/workspace", "users/qa/workspace", ".claude/sessions/one"):
        done = run(make_project(tmp_path / place), "claude")
        assert "cannot reach the engine" in done.stderr
