"""Ids for agents of root's projects: nobody has them, and each project keeps one of its own."""

from __future__ import annotations

import json
import pwd
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qms_tui import account_ids
from qms_tui.account_ids import FILE, account_id
from qms_tui.errors import ProjectError
from qms_tui.ownership import SPANS, is_assigned


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state/qms-tui"


@pytest.fixture
def made(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        (tmp_path / name).mkdir()
        return tmp_path / name

    return make


def test_each_project_has_its_own_and_keeps_it(made: Callable[[str], Path]) -> None:
    roots = [made(f"project-{number}") for number in range(20)]
    numbers = [account_id(root) for root in roots]
    assert len(set(numbers)) == 20
    assert [account_id(root) for root in roots] == numbers
    for number in numbers:
        assert is_assigned(number)
        with pytest.raises(KeyError):
            pwd.getpwuid(number)
    assert not any(is_assigned(number) for number in (0, 1, 1000, 65_533, 65_534, 65_535, 100_000, 165_536))


def test_those_who_ask_at_the_same_time_get_different_ones(made: Callable[[str], Path]) -> None:
    roots = [made(f"project-{number}") for number in range(16)]
    with ThreadPoolExecutor(16) as threads:
        numbers = list(threads.map(account_id, [*roots, *roots]))
    assert numbers[:16] == numbers[16:]
    assert len(set(numbers)) == 16


def test_a_project_that_moves_or_is_restored_keeps_it(made: Callable[[str], Path]) -> None:
    root = made("project")
    number = account_id(root)
    moved = root.rename(root.with_name("moved"))
    assert account_id(moved) == number
    moved.rename(root.with_name("aside"))  # still there, so that the new folder has another inode
    moved.mkdir()
    assert account_id(moved) == number
    another = made("project")
    assert account_id(another) != number


def test_what_somebody_may_have_is_not_chosen(
    made: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account, a range of a user's containers, what useradd chooses from."""
    low, high, _ = SPANS
    ranges, limits = tmp_path / "subuid", tmp_path / "login.defs"
    ranges.write_text(f"me:{low.start}:30000\nbroken\nme:x:y\n")
    limits.write_text(f"# UID_MIN 1\nUID_MIN\t 1000\nUID_MAX {low.start + 33_990}\n")
    monkeypatch.setattr(account_ids, "RANGES", (ranges, tmp_path / "missing"))
    monkeypatch.setattr(account_ids, "LOGIN_DEFS", limits)
    monkeypatch.setattr(account_ids, "has_account", lambda number: number in low)
    assert account_id(made("project")) in high


def test_in_a_user_namespace_it_is_one_of_its_ids(
    made: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "uid_map"
    table.write_text("         0     100000      65536\n")
    monkeypatch.setattr(account_ids, "MAPS", (table, tmp_path / "missing"))
    assert account_id(made("project")) in range(60_706, 61_184)


def test_where_nothing_is_free_that_is_said(
    made: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_ids, "has_account", lambda number: True)
    with pytest.raises(ProjectError, match="no user id is free"):
        account_id(made("project"))


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1]", "{}", "[" * 60_000, '[{"project": 1}]', "null", "\x00",
     '[{"project": "/x", "device": 1, "inode": 1, "id": 0}]',
     '[{"project": "/x", "device": 1, "inode": 1, "id": 1000}]',
     '[{"project": "/x", "device": 1, "inode": true, "id": 66001}]'],
)  # fmt: skip
def test_a_broken_memory_counts_as_none(state: Path, made: Callable[[str], Path], content: str) -> None:
    """Nobody becomes root, or somebody, by what stands there."""
    state.mkdir(parents=True)
    (state / FILE).write_text(content)
    number = account_id(made("project"))
    assert is_assigned(number)
    assert account_id(made("project-2")) != number
    assert (state / FILE).stat().st_mode & 0o777 == 0o600


def test_a_memory_that_cannot_be_read_is_not_overwritten(state: Path, made: Callable[[str], Path]) -> None:
    (state / FILE).mkdir(parents=True)
    with pytest.raises(ProjectError, match=FILE):
        account_id(made("project"))
    assert (state / FILE).is_dir()


def test_projects_that_are_gone_are_forgotten_when_there_are_too_many(
    state: Path, made: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_ids, "MOST", 3)
    stays = account_id(made("stays"))
    for number in range(6):
        root = made(f"project-{number}")
        account_id(root)
        root.rmdir()
    assert account_id(state.parents[1] / "stays") == stays
    assert len(json.loads((state / FILE).read_text())) <= 4
