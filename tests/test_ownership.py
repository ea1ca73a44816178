"""Root's folders become an agent's, and nothing else does, whatever was planted there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from qms_tui import ownership
from qms_tui.errors import ProjectError
from qms_tui.ownership import Owner, hand_over, unreadable
from tests.somebody import ROOT

AGENT = 66_123
needs_root = pytest.mark.skipif(not ROOT, reason="only root can give files to somebody else")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    (made / "deep/er").mkdir(parents=True)
    for name in ("a", "deep/b", "deep/er/c"):
        (made / name).write_text("")
    return made


def give(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        hand_over(opened, folder, Owner(AGENT, AGENT, has_account=False))
    finally:
        os.close(opened)


def owners(folder: Path) -> dict[str, int]:
    paths = (folder, *folder.rglob("*"))
    return {str(path.relative_to(folder)): path.lstat().st_uid for path in paths}


@needs_root
def test_all_that_is_roots_is_given(folder: Path) -> None:
    (folder / "somebody's").write_text("")
    os.chown(folder / "somebody's", 1000, 1000)
    (folder / "set-uid").write_text("")
    (folder / "set-uid").chmod(0o4755)
    give(folder)
    found = owners(folder)
    assert found.pop("somebody's") == 1000
    assert set(found.values()) == {AGENT}
    assert (folder / "set-uid").stat().st_mode & 0o7777 == 0o755


@needs_root
@pytest.mark.parametrize("what", ["link", "link to a folder", "hard link", "hard link of a folder's", "fifo"])
def test_what_leads_elsewhere_is_not_given(folder: Path, tmp_path: Path, what: str) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "shadow").write_text("precious")
    plants: dict[str, Callable[[], object]] = {
        "link": lambda: (folder / "plant").symlink_to(victim / "shadow"),
        "link to a folder": lambda: (folder / "plant").symlink_to(victim),
        "hard link": lambda: (folder / "plant").hardlink_to(victim / "shadow"),
        "hard link of a folder's": lambda: (folder / "deep/er/plant").hardlink_to(victim / "shadow"),
        "fifo": lambda: os.mkfifo(folder / "plant"),
    }
    plants[what]()
    give(folder)
    assert set(owners(victim).values()) == {0}
    assert {name for name, uid in owners(folder).items() if uid == 0} <= {"plant", "deep/er/plant"}
    assert folder.stat().st_uid == AGENT


@needs_root
def test_what_is_swapped_meanwhile_is_not_given(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name was a plain file when it was looked at, and is a link when it is opened."""
    victim = tmp_path / "shadow"
    victim.write_text("precious")
    real = os.open

    def swapped(path: str, flags: int, *more: int, dir_fd: int | None = None) -> int:
        if path == "a":
            os.unlink("a", dir_fd=dir_fd)
            os.symlink(victim, "a", dir_fd=dir_fd)
        return real(path, flags, *more, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(ProjectError, match="symbolic links"):
        give(folder)
    assert victim.stat().st_uid == 0
    assert folder.stat().st_uid == 0  # it is tried again at the next start


@needs_root
def test_a_folder_that_has_another_owner_already_is_left_alone(folder: Path) -> None:
    """At every start but the first: what root puts there later is a human's business, and nothing is slow."""
    give(folder)
    (folder / "later").write_text("")
    give(folder)
    assert owners(folder)["later"] == 0
    os.chown(folder, 1000, 1000)
    give(folder)
    assert folder.stat().st_uid == 1000


@needs_root
@pytest.mark.parametrize("much", ["files", "depth"])
def test_too_much_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, much: str) -> None:
    if much == "files":
        monkeypatch.setattr(ownership, "MOST_GIVEN", 4)
    else:
        (folder / "/".join("d" * 70)).mkdir(parents=True)
    with pytest.raises(ProjectError, match="too much"):
        give(folder)
    assert folder.stat().st_uid == 0


def test_what_cannot_be_read_is_found(tmp_path: Path) -> None:
    for name, mode in (("key", 0o600), ("read", 0o644), ("deep/key", 0o640), ("seen/key", 0o600)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(mode)
    (tmp_path / "closed/below").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    (tmp_path / "link").symlink_to("key")
    opened = os.open(tmp_path, os.O_RDONLY)
    try:
        found = list(unreadable(opened, AGENT, {PurePosixPath("seen")}))
        mine = list(unreadable(opened, os.getuid(), ()))
    finally:
        os.close(opened)
    assert found == [PurePosixPath("closed"), PurePosixPath("key"), PurePosixPath("deep/key")]
    assert mine == []


def test_a_big_project_is_looked_at_only_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "MOST_LOOKED", 10)
    for number in range(30):
        (tmp_path / f"{number}").write_text("")
        (tmp_path / f"{number}").chmod(0o600)
    opened = os.open(tmp_path, os.O_RDONLY)
    try:
        assert len(list(unreadable(opened, AGENT, ()))) == 10
    finally:
        os.close(opened)
