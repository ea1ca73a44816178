"""`qms-tui local`: where local agents keep their files, and what is copied there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ptyprocess import PtyProcess

from tests.programs.claude.test_conversation import answer, user

Run = Callable[..., subprocess.CompletedProcess[str]]
SESSION = "00000001-0000-0000-0000-000000000000.jsonl"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with claude and qa; qa's container has a login, a conversation, and a hook."""
    root = tmp_path / "project"
    (root / ".claude/agents").mkdir(parents=True)
    (root / ".claude/agents/qa.md").write_text("You are qa.\n")
    folder = root / ".claude/users/qa/container"
    (folder / "projects/-pipe-dream").mkdir(parents=True)
    (folder / ".credentials.json").write_text(json.dumps({"claudeAiOauth": {"accessToken": "hush"}}))
    (folder / "settings.json").write_text('{"hooks": {}}')
    lines = (json.dumps(each) + "\n" for each in (user(10, None), answer(11, 10)))
    (folder / "projects/-pipe-dream" / SESSION).write_text("".join(lines))
    return root


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    own = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    return os.environ | {"HOME": str(tmp_path)} | own


@pytest.fixture
def run(project: Path, environment: dict[str, str]) -> Run:
    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "qms_tui", "local", *args], cwd=project, env=environment, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip

    return run


def files(tmp_path: Path) -> list[str]:
    there = tmp_path / "XDG_STATE_HOME/qms-tui/local"
    return sorted(str(p.relative_to(there).as_posix().partition("/")[2]) for p in there.rglob("*.*"))


def test_it_says_where_they_are_and_what_there_is(run: Run) -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("claude: ")
    assert lines[1].endswith("/qa (not made yet)")
    assert lines[2] == "  in its container's files: a login, 1 conversation; qms-tui local --copy qa"


def test_it_copies_and_says_what(run: Run, tmp_path: Path, project: Path) -> None:
    done = run("--copy", "--yes", "qa")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "qa: copied a login, 1 conversation"
    assert "hush" not in done.stdout
    names = {name.rpartition("/")[2] for name in files(tmp_path)}
    assert names == {".project", ".claude.json", ".credentials.json", SESSION}
    assert (project / ".claude/users/qa/container/.credentials.json").exists()
    again = run("--copy", "--yes", "qa")
    assert again.stdout.splitlines()[-1] == "qa: has all of it already"


def test_it_asks_first(run: Run, tmp_path: Path, project: Path, environment: dict[str, str]) -> None:
    done = run("--copy", "qa")
    assert done.returncode == 2
    assert "asks before it copies" in done.stderr
    assert files(tmp_path) == []
    argv = [sys.executable, "-m", "qms_tui", "local", "--copy", "qa"]
    asked = PtyProcess.spawn(argv, cwd=str(project), env=environment, dimensions=(24, 120))
    said = b""
    while b"Copy it?" not in said:
        said += asked.read()
    assert b"Programs in these containers could write all of that" in said
    asked.write(b"n\n")
    assert asked.wait() == 130
    assert files(tmp_path) == []


def test_it_wants_names_to_copy(run: Run) -> None:
    done = run("--copy")
    assert done.returncode == 2
    assert "--copy needs an agent's name" in done.stderr
    assert run("nobody").returncode == 2
