"""Where an agent's container shows a path of this machine, and what it does not show."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from qms_tui.config import AgentConfig, Config
from qms_tui.config.paths import Mount
from qms_tui.project import Owner, Project
from qms_tui.runtime.docker.inside_path import InsidePaths


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for folder in (
        ".claude/agents",
        ".claude/users/qa/inbox",
        ".claude/users/bu/workspace",
        "docs",
        "secrets",
    ):
        (root / folder).mkdir(parents=True)
    for agent in ("qa", "bu"):
        Project(root).prepare(agent, Owner(os.getuid(), os.getgid()))
    names = ("a b.png", ".env", ".mcp.json", "docs/x.md", "secrets/key", ".claude/users/bu/workspace/theirs")
    for name in (*names, ".claude/users/qa/workspace/mine", ".claude/users/qa/inbox/task.md"):
        (root / name).write_text("x")
    (root / ".claude/users/qa/container/settings.json").write_text("{}")
    return root


def config(*mounts: Mount) -> Config:
    return Config(every_agent=AgentConfig(hide=("secrets",), mounts=mounts, workdir="/work"))


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (".", "/work"),
        ("a b.png", "/work/a b.png"),
        ("docs/../docs/x.md", "/work/docs/x.md"),
        ("docs", "/work/docs"),
        (".claude/users/qa/workspace/mine", "/work/.claude/users/qa/workspace/mine"),
        (".claude/users/qa/inbox/task.md", "/work/.claude/users/qa/inbox/task.md"),
        (".claude/users/qa/container/settings.json", "/claude-config/settings.json"),
        (".claude/users/bu/workspace/theirs", None),
        (".claude/users", None),
        (".env", None),
        (".mcp.json", None),
        ("secrets/key", None),
        ("missing", None),
        ("..", None),
        ("/etc/passwd", None),
    ],
)
def test_what_of_the_project_is_seen(root: Path, path: str, wanted: str | None) -> None:
    assert InsidePaths(Project(root), config())("qa", str(root / path)) == wanted


def test_links_count_as_what_they_lead_to(root: Path, tmp_path: Path) -> None:
    (root / "out").symlink_to("/etc/passwd")
    (root / "in").symlink_to(root / "docs/x.md")
    (root / "dead").symlink_to(root / "missing")
    (tmp_path / "alias").symlink_to(root)
    inside = InsidePaths(Project(root), config())
    assert inside("qa", str(root / "out")) is None
    assert inside("qa", str(root / "dead")) is None
    assert inside("qa", str(root / "in")) == "/work/docs/x.md"
    assert inside("qa", str(tmp_path / "alias/a b.png")) == "/work/a b.png"


def test_mounts_are_seen_and_what_lies_under_one_is_not(root: Path, tmp_path: Path) -> None:
    data, own = tmp_path / "data", tmp_path / "own"
    for folder in (data / "deep", own):
        folder.mkdir(parents=True)
        (folder / "x").write_text("x")
    wanted = config(
        Mount(data, "/data"), Mount(data / "deep", "/work/docs"), Mount(own, "/run/ours", ours=True)
    )
    inside = InsidePaths(Project(root), wanted)
    assert inside("qa", str(data / "deep/x")) == "/work/docs/x"
    assert inside("qa", str(data)) == "/data"
    assert inside("qa", str(root / "docs/x.md")) is None
    assert inside("qa", str(own / "x")) is None
    assert InsidePaths(Project(root), replace(wanted, every_agent=AgentConfig()))("qa", str(data)) is None
