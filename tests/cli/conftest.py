"""A project, a home of its own, and qms-tui as its own process."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import qms_tui
from qms_tui.cli import run

Run = Callable[..., subprocess.CompletedProcess[str]]
Answer = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def agents_project(tmp_path: Path) -> Path:
    """A project with claude, qa and an agent that is called like a command."""
    root = tmp_path / "project"
    (root / ".claude" / "agents").mkdir(parents=True)
    for name in ("qa", "ps"):
        (root / ".claude" / "agents" / f"{name}.md").write_text(f"You are {name}.\n")
    return root


@pytest.fixture
def own_home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has nothing yet, and no engine anywhere."""
    home = tmp_path / "home"
    home.mkdir()
    return {
        "PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8",
        "XDG_CONFIG_HOME": str(home / "config"), "XDG_STATE_HOME": str(home / "state"),
        "DOCKER_HOST": f"unix://{home}/no-engine.sock",
        "PYTHONPATH": str(Path(qms_tui.__file__).parent.parent),
    }  # fmt: skip


@pytest.fixture
def command(agents_project: Path, own_home: dict[str, str]) -> Run:
    """`command(*args, cwd=..., input=..., NAME=value)`: without a terminal."""

    def run_command(
        *args: str, cwd: Path = agents_project, text: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "qms_tui", *args], cwd=cwd, env=own_home | more, text=True,
            capture_output=True, input=text, timeout=60, check=False,
        )  # fmt: skip

    return run_command


@pytest.fixture
def answer(
    agents_project: Path,
    own_home: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Answer]:
    """`answer(*args)`: exit status and lines of standard error, within this process to be quick."""
    for name, value in own_home.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(agents_project)
    root = logging.getLogger()
    before, raising, level = list(root.handlers), logging.raiseExceptions, root.level

    def answered(*args: str) -> tuple[int, list[str]]:
        status = run(args)
        return status, capsys.readouterr().err.splitlines()

    yield answered
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()
    logging.raiseExceptions = raising
    root.setLevel(level)
