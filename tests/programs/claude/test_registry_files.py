"""What an earlier container's clients have left in their registry goes, and nothing else."""

from __future__ import annotations

from pathlib import Path

from qms_tui.programs.claude.registry_files import clear_registry
from qms_tui.programs.config_folder import ConfigFolder


def test_registrations_go_and_nothing_else(tmp_path: Path) -> None:
    sessions = tmp_path / "qa/sessions"
    sessions.mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.write_text("kept")
    for name in ("7.json", "67.c5e44b.key", "notes.txt", "x.json", "7.json.bak"):
        (sessions / name).write_text("{}")
    (sessions / "8.json").symlink_to(outside)
    (sessions / "9.json").mkdir()
    clear_registry(ConfigFolder(tmp_path, ("qa",)))
    assert sorted(path.name for path in sessions.iterdir()) == ["7.json.bak", "9.json", "notes.txt", "x.json"]
    assert outside.read_text() == "kept"


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/7.json").write_text("{}")
    (tmp_path / "qa").mkdir()
    (tmp_path / "qa/sessions").symlink_to(tmp_path / "other")
    clear_registry(ConfigFolder(tmp_path, ("qa",)))
    assert (tmp_path / "other/7.json").exists()


def test_where_there_is_none_nothing_happens(tmp_path: Path) -> None:
    clear_registry(ConfigFolder(tmp_path, ("qa",)))
    assert list(tmp_path.iterdir()) == []
