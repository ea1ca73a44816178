"""The hook that keeps what the client has loaded as instructions."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

HOOK = Path(__file__).parents[2] / "docker/inside/instructions_loaded.py"


def run(config: Path, event: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-I", HOOK],
        input=event,
        env={"CLAUDE_CONFIG_DIR": str(config)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config/qms-tui").mkdir(parents=True)
    return tmp_path / "config"


def test_each_file_is_a_line(config: Path, tmp_path: Path) -> None:
    for name in ("one.md", "two.md"):
        (tmp_path / name).write_text(name)
        run(config, json.dumps({"hook_event_name": "InstructionsLoaded", "file_path": str(tmp_path / name)}))
    lines = (config / "qms-tui/instructions.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"file": str(tmp_path / name), "sha256": hashlib.sha256(name.encode()).hexdigest()}
        for name in ("one.md", "two.md")
    ]


@pytest.mark.parametrize("event", ["", "{", "[]", "{}", '{"file_path": "/no/such/file"}', '{"file_path": 3}'])
def test_nonsense_is_no_line(config: Path, event: str) -> None:
    run(config, event)
    assert not (config / "qms-tui/instructions.jsonl").exists()


def test_it_stays_small(config: Path, tmp_path: Path) -> None:
    kept = config / "qms-tui/instructions.jsonl"
    kept.write_bytes(b"x" * 49_100)
    (tmp_path / "one.md").write_text("")
    run(config, json.dumps({"file_path": str(tmp_path / "one.md")}))
    assert kept.stat().st_size == 49_100


def test_a_link_is_not_followed(config: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("")
    (config / "qms-tui/instructions.jsonl").symlink_to(tmp_path / "other")
    (tmp_path / "one.md").write_text("")
    run(config, json.dumps({"file_path": str(tmp_path / "one.md")}))
    assert (tmp_path / "other").read_text() == ""
