"""What an agent says of itself in its own folder, read as data."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qms_tui.config import AgentConfig
from qms_tui.project import Owner, Project
from qms_tui.runtime.identity import Identity, Loaded, mismatch, read_identity

TOLD: dict[str, Any] = {
    "agent": "qa",
    "uid": 1000,
    "gid": 1000,
    "project": "/pipe-dream",
    "program": "claude",
    "started": 12.5,
    "notes": ["a note"],
}
LOADED = (Loaded("/a", "12"), Loaded("/b", "34"))
QA = Identity("qa", 1000, "/pipe-dream", "claude", 12.5, ("a note",), LOADED)
LINES = '{"file": "/a", "sha256": "12"}\n{"file": "/b", "sha256": "34"}\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / ".claude/users/qa/container/qms-tui").mkdir(parents=True)
    return Project(tmp_path)


def place(project: Project, name: str) -> Path:
    return project.folders("qa").config / "qms-tui" / name


def tell(project: Project, told: object, lines: str = LINES) -> None:
    place(project, "identity.json").write_text(told if isinstance(told, str) else json.dumps(told))
    place(project, "instructions.jsonl").write_text(lines)


def test_what_it_says(project: Project) -> None:
    tell(project, TOLD)
    assert read_identity(project, "qa") == QA


@pytest.mark.parametrize(
    "told",
    ["", "{", "[]", "{}", "[" * 60_000, TOLD | {"uid": "x"}, TOLD | {"started": None}, TOLD | {"notes": 3}],
    ids=str,
)
def test_nonsense_is_nothing(project: Project, told: object) -> None:
    tell(project, told)
    assert read_identity(project, "qa") is None


@pytest.mark.parametrize("lines", ["{", "3\n", "{}\n", '{"file": "/a"}\n'])
def test_nonsense_of_the_hook_is_nothing(project: Project, lines: str) -> None:
    tell(project, TOLD, lines)
    assert read_identity(project, "qa") is None


def test_what_it_says_is_bounded_and_printable(project: Project) -> None:
    tell(project, TOLD | {"agent": "\x1b[2J" + "q" * 999, "notes": ["x\n" * 999] * 20})
    found = read_identity(project, "qa")
    assert found is not None
    assert found.agent == "[2J" + "q" * 197
    assert found.notes == ("x" * 200,) * 10


def test_a_huge_file_is_not_read_whole(project: Project) -> None:
    tell(project, TOLD)
    with place(project, "identity.json").open("a") as stream:
        stream.truncate(2**30)
    assert read_identity(project, "qa") is None


@pytest.mark.parametrize("plant", ["link", "link to the folder", "fifo", "folder"])
def test_planted_things_are_nothing(project: Project, tmp_path: Path, plant: str) -> None:
    tell(project, TOLD)
    file = place(project, "identity.json")
    if plant == "link to the folder":
        file.parent.rename(tmp_path / "elsewhere")
        file.parent.symlink_to(tmp_path / "elsewhere")
    else:
        file.rename(tmp_path / "elsewhere")
        {"link": lambda: file.symlink_to(tmp_path / "elsewhere"), "fifo": lambda: os.mkfifo(file)}.get(
            plant, file.mkdir
        )()
    assert read_identity(project, "qa") is None


@pytest.mark.parametrize(
    ("found", "definition", "wrong"),
    [
        (QA, "34", ""),
        (QA, "", ""),
        (replace(QA, loaded=()), "56", ""),
        (QA, "56", "it has not loaded its definition"),
        (replace(QA, agent="claude"), "34", "it is claude, not qa"),
        (replace(QA, agent=""), "34", "it is nobody, not qa"),
        (replace(QA, uid=0), "34", "it runs as user 0, not 1000"),
        (replace(QA, project="/"), "34", "it works in /, not /pipe-dream"),
    ],
)
def test_who_is_not_itself(found: Identity, definition: str, wrong: str) -> None:
    assert mismatch(found, "qa", AgentConfig(name="qa"), Owner(1000, 1000), definition) == wrong
