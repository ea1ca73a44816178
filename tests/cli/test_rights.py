"""Who may start things where: root in its own projects only, and nobody where an agent decides."""

from __future__ import annotations

import json
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
    return runner(home, **{name: str(home / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")})


def runner(home: Path, **own: str) -> Run:
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


@pytest.mark.skipif(not ROOT, reason="only root gives folders away")
class TestRootWithAUsersFiles:
    """As `sudo -E` has it: HOME is the user's, and what root makes there that user can never use again."""

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        home = tmp_path / "home"
        home.mkdir()
        os.chown(home, SOMEBODY.uid, SOMEBODY.gid)
        return home

    @pytest.fixture
    def run(self, home: Path) -> Run:
        return runner(home)

    @staticmethod
    def use(home: Path) -> None:
        """That user has used qms-tui before."""
        for name in (".config", ".local/state"):
            (home / name / "qms-tui/log").mkdir(parents=True)
        for path in home.rglob("*"):
            os.chown(path, SOMEBODY.uid, SOMEBODY.gid)

    @staticmethod
    def of_root(home: Path) -> list[Path]:
        return [path for path in home.rglob("*") if path.lstat().st_uid == 0]

    @pytest.mark.parametrize("words", [["claude"], ["start", "claude"], ["build"]])
    def test_it_starts_nothing(self, run: Run, home: Path, tmp_path: Path, words: list[str]) -> None:
        done = run(make_project(tmp_path / "mine"), *words)
        said, hint = done.stderr.splitlines()
        assert done.returncode == 2
        assert f"belongs to user {SOMEBODY.uid}: root starts and builds nothing" in said
        assert "sudo -H" in hint
        assert self.of_root(home) == []

    def test_nor_where_the_user_has_used_it(self, run: Run, home: Path, tmp_path: Path) -> None:
        self.use(home)
        mine = make_project(tmp_path / "mine")
        assert "root starts and builds nothing" in run(mine, "start", "claude").stderr
        assert "root starts and builds nothing" in run(tmp_path, "build").stderr
        done = run(mine, "trust")
        assert (done.returncode, f"belongs to user {SOMEBODY.uid}" in done.stderr) == (2, True)
        assert self.of_root(home) == []

    def test_a_folder_of_the_users_that_a_variable_names(self, home: Path, tmp_path: Path) -> None:
        self.use(home)
        state = home / ".local/state"
        run = runner(home, XDG_STATE_HOME=str(state), XDG_CONFIG_HOME=str(tmp_path / "roots"))
        mine = make_project(tmp_path / "mine")
        assert f"{state}/qms-tui belongs to user {SOMEBODY.uid}" in run(mine, "start", "claude").stderr
        assert self.of_root(home) == []

    def test_it_looks_and_ends_and_leaves_nothing(self, run: Run, home: Path, tmp_path: Path) -> None:
        mine = make_project(tmp_path / "mine")
        for words in LOOKING[2:]:
            assert "cannot reach the engine" in run(mine, *words).stderr, words
        for words in (["doctor"], ["log", "claude"], ["inbox"]):
            assert "unexpected" not in run(mine, *words).stderr, words
        assert self.of_root(home) == []

    @pytest.mark.parametrize("process", ["daemon", "keeper", "spawner"])
    def test_no_process_of_roots_serves_there(
        self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: str
    ) -> None:
        root = str(make_project(tmp_path / "mine"))
        words = {
            "daemon": ("qms_tui.daemon", "--project", root),
            "keeper": ("qms_tui.keeper", "--project", root, "--engine", "local"),
            "spawner": ("qms_tui.keeper.spawner", str(home / ".local/state/qms-tui/projects/x"), root),
        }
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
        monkeypatch.setenv("HOME", str(home))
        done = subprocess.run(
            [sys.executable, "-m", *words[process]], capture_output=True, text=True, timeout=60, check=False
        )
        assert f"belongs to user {SOMEBODY.uid}" in json.loads(done.stdout)["message"]
        assert self.of_root(home) == []


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
