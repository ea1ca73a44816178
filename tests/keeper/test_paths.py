"""Where a keeper's files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qms_tui.keeper.paths import LONGEST_NAME, agent_folder, keeper_folder, private_folder, project_key


def test_folders_are_below_the_users_state_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    folder = keeper_folder(Path("/home/u/pipe-dream"), "unix:///e.sock")
    assert folder.parent == Path("/state/qms-tui/projects")
    assert folder.name.startswith("pipe-dream-")
    assert agent_folder(Path("/home/u/pipe-dream"), "unix:///e.sock", "qa") == folder / "qa"


def test_projects_and_engines_do_not_mix() -> None:
    keys = {
        project_key(Path(root), engine)
        for root in ("/a/x", "/b/x", "/")
        for engine in ("unix:///1", "unix:///2", "tcp://h:1")
    }
    assert len(keys) == 9


@pytest.mark.parametrize("name", ["..", ".hidden", "a b\x1b[2J;$(x)", "漢字", "x" * 300, "-rf", "a\udcffb"])
def test_any_folder_name_gives_a_safe_key(name: str) -> None:
    key = project_key(Path("/work") / name, "unix:///e.sock")
    assert len(key) <= LONGEST_NAME + 13
    assert key.isascii()
    assert "/" not in key
    assert not key.startswith((".", "-"))


def test_an_open_folder_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "qa").mkdir(mode=0o755)
    os.chmod(tmp_path / "qa", 0o755)
    assert private_folder(tmp_path / "qa").stat().st_mode & 0o777 == 0o700
