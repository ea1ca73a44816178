"""Every module and every command, with the Python that macOS has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.macos import LACKING, ROOT
from tests.tui import Tui

Run = Callable[..., subprocess.CompletedProcess[str]]
INSIDE = ROOT / "docker" / "inside"
IMPORT = """
import importlib, os, socket, sys
assert sys.platform == "darwin" and not hasattr(os, "O_PATH") and not hasattr(socket, "TCP_KEEPIDLE")
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with claude and qa, looked at twice a second."""
    root = tmp_path / "project"
    (root / ".claude" / "users" / "qa" / "inbox").mkdir(parents=True)
    (root / ".claude" / "agents").mkdir()
    (root / ".claude" / "agents" / "qa.md").write_text("You are qa.\n")
    (root / "qms-tui.toml").write_text("[inbox]\nrescan = 0.5\n")
    return root


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and no engine anywhere."""
    home = {"HOME": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/no-engine.sock"}
    base = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return {**base, **home, "PYTHONPATH": LACKING}


@pytest.fixture
def run(project: Path, environment: dict[str, str]) -> Run:
    """`run("ps")`: qms-tui in the project, without a terminal."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "qms_tui", *words],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def modules(folder: Path, package: str = "") -> list[str]:
    names = (path.relative_to(folder).with_suffix("").parts for path in sorted(folder.rglob("*.py")))
    return [".".join((*([package] if package else ()), *parts)) for parts in names]


@pytest.mark.parametrize(
    "names",
    [modules(ROOT / "qms_tui", "qms_tui"), modules(INSIDE)],
    ids=["qms_tui", "inside"],
)
def test_every_module_is_imported(environment: dict[str, str], names: Sequence[str]) -> None:
    environment["PYTHONPATH"] += f"{os.pathsep}{INSIDE}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT, *names], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("--version", 0, "qms-tui"),
        ("--help", 0, "doctor"),
        ("ps", 2, "cannot reach the engine"),
        ("doctor", 1, "no inotify here: items show with the next rescan"),
        ("inbox", 0, "nothing is waiting"),
        ("send qa --subject s", 2, "there is no message"),
        ("config", 0, "rescan"),
        ("mcp", 0, "no MCP server"),
        ("stop --all", 2, "cannot reach the engine"),
        ("prune", 2, "cannot reach the engine"),
        ("log qa", 2, "nothing"),
        ("record qa --output qa.cast", 2, "nothing"),
        ("build", 2, "cannot reach the engine"),
        ("", 2, "cannot reach the engine"),
        ("demo", 2, "no terminal"),
    ],
)
def test_every_command_says_what_it_says_elsewhere(run: Run, words: str, status: int, said: str) -> None:
    done = run(*words.split())
    told = done.stdout + done.stderr
    assert said in told
    assert "Traceback" not in told
    assert "unexpected" not in told
    assert done.returncode == status


def test_what_is_sent_is_seen_without_events(run: Run, project: Path, environment: dict[str, str]) -> None:
    (project / ".claude" / "users" / "qa" / "inbox" / "old.md").write_text("x")
    watch = [sys.executable, "-m", "qms_tui", "inbox", "--watch"]
    with subprocess.Popen(watch, cwd=project, env=environment, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        try:
            trouble = json.loads(watching.stdout.readline())
            assert trouble["text"].startswith("this system has no inotify")
            assert json.loads(watching.stdout.readline())["event"] == "pending"
            sent = run("send", "qa", "--subject", "Note on CR-056", "Please look.")
            assert (sent.returncode, sent.stderr) == (0, "")
            arrived = json.loads(watching.stdout.readline())
            assert (arrived["event"], arrived["headline"]) == ("arrived", "Message from lead: Note on CR-056")
        finally:
            watching.terminate()
    assert "Note on CR-056" in run("inbox").stdout


def test_no_link_on_the_way_to_an_inbox_is_followed(run: Run, project: Path, tmp_path: Path) -> None:
    """Without O_PATH, too."""
    users = project / ".claude" / "users"
    elsewhere = tmp_path / "elsewhere"
    users.rename(elsewhere)
    (elsewhere / "qa" / "inbox" / "x.md").write_text("x")
    users.symlink_to(elsewhere)
    done = run("inbox", "qa")
    assert "x.md" not in done.stdout
    assert "Traceback" not in done.stderr


def test_the_demo_is_played(environment: dict[str, str], tmp_path: Path) -> None:
    """Agents as programs of this machine, in real terminals; what one routes shows with the next rescan."""
    with Tui("demo", size=(150, 40), env=environment | {"TMPDIR": str(tmp_path)}) as tui:
        tui.wait("claude> ", "qa> ", "2 of 2 running")
        tui.type("route CR-001 to qa\r")
        tui.wait("qa has a task in the inbox", "New task")
        tui.type("\x11")  # Ctrl+Q
        assert tui.end() == 0
