"""The store of trusted projects."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from qms_tui import trust
from qms_tui.errors import QmsTuiError
from qms_tui.trust import TrustStore

from .world import World


def test_trust_is_for_one_place_and_one_content(world: World) -> None:
    assert not world.trust.is_trusted(world.project, b"a")
    assert not world.trust.knows(world.project)
    world.trust.grant(world.project, b"a")
    assert world.trust.is_trusted(world.project, b"a")
    assert not world.trust.is_trusted(world.project, b"b")
    assert world.trust.knows(world.project)
    assert not world.trust.is_trusted(world.home, b"a")
    world.trust.grant(world.project, b"b")
    assert not world.trust.is_trusted(world.project, b"a")


def test_a_link_to_the_project_is_the_project(world: World) -> None:
    link = world.home / "link"
    link.symlink_to(world.project)
    world.trust.grant(link, b"a")
    assert world.trust.is_trusted(world.project, b"a")


def test_the_store_is_private(world: World, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = TrustStore(tmp_path / "state" / "qms-tui" / "trust.json")
        store.grant(world.project, b"a")
    finally:
        os.umask(before)
    folder = tmp_path / "state" / "qms-tui"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "trust.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["trust.json"]


def test_the_users_store_is_in_the_state_folder(world: World) -> None:
    TrustStore.of_user().grant(world.project, b"a")
    assert world.trust.is_trusted(world.project, b"a")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b"{}",
        b'{"projects": 3}',
        b'{"projects": ["x"]}',
        b"\xff\xfe\x00",
        b"[" * 200_000,
    ],
)
def test_a_broken_store_trusts_nobody_and_is_replaced(
    world: World, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "trust.json"
    path.write_bytes(content)
    store = TrustStore(path)
    with caplog.at_level(logging.WARNING):
        assert not store.is_trusted(world.project, b"a")
    assert f"{path} is broken, no project is trusted" in caplog.text
    store.grant(world.project, b"a")
    assert store.is_trusted(world.project, b"a")


def test_a_link_or_pipe_is_no_store(world: World, tmp_path: Path) -> None:
    world.trust.grant(world.project, b"a")
    real = world.home / ".local" / "state" / "qms-tui" / "trust.json"
    (tmp_path / "link").symlink_to(real)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        assert not TrustStore(tmp_path / name).is_trusted(world.project, b"a")


def test_the_oldest_is_forgotten(world: World, tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    many = {f"/p{n}": "0" for n in range(trust.MOST_PROJECTS)}
    path.write_text(json.dumps({"version": 1, "projects": many}))
    store = TrustStore(path)
    store.grant(world.project, b"a")
    assert store.is_trusted(world.project, b"a")
    assert not store.knows(Path("/p0"))
    assert store.knows(Path("/p1"))


def test_a_store_that_cannot_be_written_says_so(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(QmsTuiError) as caught:
        TrustStore(tmp_path / "file" / "trust.json").grant(world.project, b"a")
    assert "cannot be written" in caught.value.message
    assert caught.value.hint


def test_a_project_whose_name_is_no_text(tmp_path: Path) -> None:
    project = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    store = TrustStore(tmp_path / "trust.json")
    store.grant(project, b"a")
    assert store.is_trusted(project, b"a")
