"""What commands are told of agents' disks, whatever has become of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms_tui.keeper.disk.record import FILE, read_record, with_disk, write_record
from qms_tui.runtime import Condition, DiskUse, Found

USE = DiskUse(5, 9, "disk limit reached")


def test_there_and_back(tmp_path: Path) -> None:
    write_record(tmp_path, {"qa": USE})
    assert read_record(tmp_path) == {"qa": USE}
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    write_record(tmp_path, {})
    assert read_record(tmp_path) == {}


def test_only_of_what_lives(tmp_path: Path) -> None:
    write_record(tmp_path, {"qa": USE, "bu": USE})
    found = {"qa": Found(Condition.PAUSED), "bu": Found(Condition.EXITED), "tu": Found(Condition.RUNNING)}
    said = {name: each.disk for name, each in with_disk(found, tmp_path).items()}
    assert said == {"qa": USE, "bu": None, "tu": None}


@pytest.mark.parametrize(
    "content", ["", "[]", "7", '{"qa": 1}', '{"qa": {"used": "5"}}', '{"qa": {}}', "\xff", "[" * 100_000]
)
def test_a_broken_one_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, encoding="latin-1")
    assert read_record(tmp_path) == {}


def test_no_folder(tmp_path: Path) -> None:
    write_record(tmp_path / "missing", {"qa": USE})
    assert read_record(tmp_path / "missing") == {}
