"""Programs that save an item which nobody has consumed: it is neither consumed nor does it arrive again."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.inbox.samples import MESSAGE, task
from tests.inbox.world import World

BODY = b"involves"  # a word of the message's body


def by_rename(path: Path) -> None:
    path.with_suffix(".tmp").write_bytes(path.read_bytes().replace(BODY, b"INVOLVES"))
    path.with_suffix(".tmp").rename(path)


def by_hidden_rename(path: Path) -> None:
    hidden = path.with_name(f".{path.name}.swpx")
    hidden.write_bytes(path.read_bytes().replace(BODY, b"INVOLVES"))
    hidden.rename(path)


def with_backup(path: Path) -> None:
    content = path.read_bytes()
    path.rename(f"{path}~")
    path.write_bytes(content.replace(BODY, b"INVOLVES"))


def in_place(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(BODY, b"INVOLVES"))


def sed(path: Path) -> None:
    subprocess.run(["sed", "-i", "s/involves/INVOLVES/", path], check=True)


def vim(path: Path) -> None:
    if shutil.which("vim") is None:
        pytest.skip("there is no vim here")
    words = [
        "vim",
        "-u",
        "NONE",
        "-es",
        "-c",
        "set backupcopy=no",
        "-c",
        "%s/involves/INVOLVES/e",
        "-c",
        "wq",
    ]
    subprocess.run([*words, path], check=False, stdin=subprocess.DEVNULL, timeout=30)


@pytest.mark.parametrize("save", [by_rename, by_hidden_rename, with_backup, in_place, sed, vim])
def test_a_save_is_no_arrival(world: World, save: Callable[[Path], None]) -> None:
    path = world.inbox / "x.md"
    path.write_bytes(MESSAGE)
    world.told.until(lambda: world.arrived() == ["x.md"])
    for _ in range(2):
        save(path)
        world.sync()
    assert (world.arrived(), world.consumed(), world.pending) == (["x.md"], [], {"x.md"})
    assert b"INVOLVES" in path.read_bytes()


def test_what_says_something_else_is_another_item(world: World) -> None:
    path = world.inbox / "x.md"
    path.write_bytes(task("CR-1"))
    world.told.until(lambda: world.arrived() == ["x.md"])
    path.with_suffix(".tmp").write_bytes(task("CR-2"))
    path.with_suffix(".tmp").rename(path)
    world.sync()
    assert (world.arrived(), world.consumed()) == (["x.md"] * 2, ["x.md"])


def test_what_is_sent_again_is_another_item(world: World) -> None:
    path = world.inbox / "x.md"
    path.write_bytes(task("CR-1"))
    world.told.until(lambda: world.arrived() == ["x.md"])
    path.unlink()
    path.with_suffix(".tmp").write_bytes(task("CR-1"))
    path.with_suffix(".tmp").rename(path)
    world.sync()
    assert (world.arrived(), world.consumed()) == (["x.md"] * 2, ["x.md"])


def test_what_is_moved_away_is_consumed(world: World, tmp_path: Path) -> None:
    path = world.inbox / "x.md"
    path.write_bytes(task("CR-1"))
    world.told.until(lambda: world.arrived() == ["x.md"])
    path.rename(tmp_path / "archive.md")
    world.sync()
    assert (world.consumed(), world.pending) == (["x.md"], set())
    path.write_bytes(task("CR-1"))
    world.sync()
    assert world.arrived() == ["x.md"] * 2
