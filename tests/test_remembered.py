"""How a project's screen was arranged last, as a file."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from qms_tui.remembered import LARGEST, Memory, View

VIEW = View(("claude", "qa", "bu"), "grid", True, "bu")


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(Path("/work/pipe dream"), tmp_path / "state" / "layouts")


def test_what_is_written_is_read(memory: Memory) -> None:
    assert memory.read() is None
    memory.write(View(("qa",)))
    memory.write(VIEW)
    assert memory.read() == VIEW
    assert [path.name for path in memory.folder.iterdir()] == [memory.path.name]
    assert memory.path.name.startswith("pipe_dream-")


def test_nobody_else_may_read_it(memory: Memory) -> None:
    memory.write(VIEW)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (memory.folder, memory.path)]
    assert modes == [0o700, 0o600]


def test_projects_are_apart(memory: Memory) -> None:
    memory.write(VIEW)
    other = Memory(Path("/elsewhere/pipe dream"), memory.folder)
    assert other.read() is None
    memory.path.rename(other.path)
    assert other.read() is None


RIGHT = {
    "version": 1, "project": "/work/pipe dream", "agents": ["claude", "qa"], "arrangement": "auto",
    "zoomed": False, "focused": "qa",
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 2}, {"project": "/x"}, {"agents": []}, {"agents": "qa"}, {"agents": ["qa", "qa"]},
        {"agents": ["../etc"]}, {"agents": ["qa", 1]}, {"agents": [[]]}, {"agents": ["claude"]},
        {"agents": ["qa", *(f"a{n}" for n in range(100))]}, {"arrangement": "spiral"}, {"arrangement": []},
        {"zoomed": 1}, {"focused": "bu"}, {"focused": ["qa"]}, {"focused": None},
    ],
)  # fmt: skip
def test_rubbish_is_nothing(memory: Memory, wrong: dict[str, object]) -> None:
    memory.folder.mkdir(parents=True)
    memory.path.write_text(json.dumps(RIGHT))
    assert memory.read() == View(("claude", "qa"), "auto", False, "qa")
    memory.path.write_text(json.dumps(RIGHT | wrong))
    assert memory.read() is None
    for name in wrong:
        memory.path.write_text(json.dumps({k: v for k, v in RIGHT.items() if k != name}))
        assert memory.read() is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 50_000, b"[]", b"null", b" " * LARGEST * 2])
def test_what_is_no_layout_at_all(memory: Memory, content: bytes) -> None:
    memory.folder.mkdir(parents=True)
    memory.path.write_bytes(content)
    assert memory.read() is None


def test_links_and_pipes_are_not_read(memory: Memory, tmp_path: Path) -> None:
    memory.write(VIEW)
    memory.path.rename(tmp_path / "real")
    memory.path.symlink_to(tmp_path / "real")
    assert memory.read() is None
    memory.path.unlink()
    os.mkfifo(memory.path)
    assert memory.read() is None


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = Memory(Path("/p"), tmp_path / "file" / "layouts")
    memory.write(VIEW)
    assert memory.read() is None


def test_agents_that_left_are_dropped() -> None:
    assert VIEW.only(("qa", "bu", "claude")) == VIEW
    assert VIEW.only(("bu", "claude", "tu_ui")) == View(("claude", "bu"), "grid", True, "bu")
    assert VIEW.only(("claude", "qa")) == View(("claude", "qa"), "grid", False, "")
    assert VIEW.only(("tu_ui",)) is None


def test_another_order_is_the_same_view_other_agents_are_not() -> None:
    assert VIEW.ordered(("bu", "qa", "claude")) == View(("bu", "qa", "claude"), "grid", True, "bu")
    assert VIEW.ordered(("claude", "qa")) is None
    assert VIEW.ordered(("claude", "qa", "bu", "tu_ui")) is None
