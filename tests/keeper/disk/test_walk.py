"""Folders are counted as `du` counts them, whatever their owner has put there to hide or to hurt."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qms_tui.keeper.disk import walk
from qms_tui.keeper.disk.walk import DEEP, LOCKED, MANY, SLOW, Folder, Measure, Walk

MEGA = 2**20
NOBODY = 65534


def measure(*folders: Path, most: int = 10**6) -> Measure:
    return Walk(most, rest=lambda seconds: None).measure([Folder(str(folder), ()) for folder in folders])


def du(*folders: Path) -> int:
    said = subprocess.run(
        ["du", "-scx", "--block-size=1", *folders], capture_output=True, check=True, text=True
    )
    return int(said.stdout.splitlines()[-1].split()[0])


def fill(file: Path, size: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)


def test_as_du_says(tmp_path: Path) -> None:
    fill(tmp_path / "a/b/file", MEGA)
    fill(tmp_path / "c", 5000)
    (tmp_path / "empty").mkdir()
    assert measure(tmp_path) == Measure(du(tmp_path), 6)
    assert measure(tmp_path / "a", tmp_path / "c/..", tmp_path / "empty").used >= MEGA


def test_holes_take_nothing_and_a_file_of_many_names_counts_once(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with open(tmp_path / "holes", "wb") as file:
        file.truncate(2**40)
    fill(tmp_path / "one/file", MEGA)
    for number in range(50):
        (tmp_path / f"two/{number}").hardlink_to(tmp_path / "one/file")
    assert measure(tmp_path).used == du(tmp_path) < 2 * MEGA
    assert measure(tmp_path / "one", tmp_path / "two").used < 2 * MEGA  # across folders, too


def test_links_lead_nowhere(tmp_path: Path) -> None:
    fill(tmp_path / "elsewhere/big", 3 * MEGA)
    own = tmp_path / "own"
    own.mkdir()
    for name, target in (
        ("root", "/"),
        ("up", ".."),
        ("self", "."),
        ("big", "../elsewhere/big"),
        ("no", "x"),
    ):
        (own / name).symlink_to(target)
    assert measure(own).used == du(own) < MEGA
    assert measure(own / "root") == Measure(0, 0)  # nor is the folder itself one
    assert Walk(9).measure([Folder(str(tmp_path), ("own", "up", "elsewhere"))]) == Measure(0, 0)


def test_nothing_but_folders_is_opened(tmp_path: Path) -> None:
    """A pipe would have us wait, a device do something."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        assert measure(tmp_path) == Measure(du(tmp_path), 3)


def test_what_is_not_there_takes_nothing(tmp_path: Path) -> None:
    assert measure(tmp_path / "missing") == Measure(0, 0)
    fill(tmp_path / "file", 1)
    assert measure(tmp_path / "file") == Measure(0, 0)


def test_names_of_any_bytes(tmp_path: Path) -> None:
    for name in (b"\xff\xfe", b"a\nb", b" ", b"\x1b[2J", b"x" * 255):
        with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:
            file.write(b"x" * 5000)
    assert measure(tmp_path) == Measure(du(tmp_path), 6)


def nested(base: Path, depth: int) -> int:
    """Folders in folders, deeper than any path may be long; a descriptor of the last."""
    descriptor = os.open(base, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    return descriptor


def test_what_lies_too_deep_is_not_taken_for_nothing(tmp_path: Path) -> None:
    os.close(nested(tmp_path, 3000))
    found = measure(tmp_path)
    assert (found.hidden, found.files) == (DEEP, walk.DEEPEST + 1)
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)
    os.close(nested(tmp_path, walk.DEEPEST - 1))
    assert measure(tmp_path) == Measure(du(tmp_path), walk.DEEPEST)


def test_few_descriptors_are_needed(tmp_path: Path) -> None:
    os.close(nested(tmp_path, walk.DEEPEST - 1))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, before[0]), before[1]))
    try:
        assert measure(tmp_path).hidden == ""
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_too_many_files_end_it(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / str(number)).touch()
    found = measure(tmp_path, most=100)
    assert (found.hidden, found.files) == (MANY, 101)


def test_it_ends_in_time_and_rests_as_long_as_it_works(tmp_path: Path) -> None:
    for number in range(3 * walk.SLICE):
        (tmp_path / str(number)).touch()
    now = [0.0]
    rests: list[float] = []

    def clock() -> float:
        now[0] += 0.1
        return now[0]

    found = Walk(10**6, clock, rests.append).measure([Folder(str(tmp_path), ())])
    assert found.hidden == ""
    assert len(rests) == 3
    assert rests[0] == pytest.approx(now[0] / 3, rel=0.1)
    now[0] = 0.0
    walked = Walk(10**6, lambda: clock() * 1000, rests.append).measure([Folder(str(tmp_path), ())])
    assert walked.hidden == SLOW


def as_nobody(base: Path, plan: Callable[[Path], None]) -> Measure:
    """What somebody who is not root counts in folders of their own."""
    os.chown(base, NOBODY, NOBODY)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            plan(base)
            found = measure(base)
            os.write(writing, f"{found.used} {found.files} {found.hidden}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with open(reading) as said:
        used, files, hidden = said.read().split(" ", 2)
    return Measure(int(used), int(files), hidden)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
@pytest.mark.parametrize("mode", [0o000, 0o100, 0o200, 0o300, 0o400, 0o600])
def test_a_folder_that_its_owner_has_closed_hides_nothing(mode: int) -> None:
    """With 0300 it can be written and not be listed; with 0400 its names say nothing."""

    def plan(base: Path) -> None:
        fill(base / "closed/big", 3 * MEGA)
        (base / "closed").chmod(mode)

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        found = as_nobody(Path(folder), plan)
    assert found.hidden == LOCKED


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_a_closed_folder_of_somebody_else_is_none_of_the_agents() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        (Path(folder) / "roots").mkdir(mode=0o700)
        Path(folder).chmod(0o755)
        assert as_nobody(Path(folder), lambda base: None).hidden == ""


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_other_file_systems_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "mounted").mkdir()
    mounting = ["unshare", "--mount", "sh", "-c"]
    program = (
        "mount -t tmpfs none $1/mounted && head -c 3000000 /dev/zero >$1/mounted/big && "
        'echo "{\\"folders\\": [[\\"$1\\", []]], \\"most\\": 99}" | $2 -I -S $3'
    )
    words = [*mounting, program, "sh", str(tmp_path), sys.executable, walk.__file__]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert '"files": 1,' in done.stdout, done.stderr


def test_what_changes_meanwhile_breaks_nothing(tmp_path: Path) -> None:
    stop = threading.Event()
    fill(tmp_path / "stays", MEGA)

    def stir() -> None:
        place, number = tmp_path / "stirred", 0
        while not stop.is_set():
            number += 1
            place.mkdir()
            fill(place / "file", 100)
            place.rename(tmp_path / "moved")
            (tmp_path / "moved/file").unlink()
            (tmp_path / "moved").rmdir()
            place.symlink_to("/")
            place.unlink()

    stirring = threading.Thread(target=stir)
    stirring.start()
    try:
        for _ in range(300):
            found = measure(tmp_path)
            assert found.hidden == ""
            assert MEGA <= found.used < 2 * MEGA
    finally:
        stop.set()
        stirring.join()


trees = st.recursive(
    st.integers(0, 40_000) | st.sampled_from(["link", "pipe", "holes", "twin"]),
    lambda inner: st.dictionaries(st.text("abc.\n é", min_size=1, max_size=3), inner, max_size=4),
    max_leaves=15,
)


def plant(place: Path, tree: object, first: Path) -> None:
    """Make it so; `twin` is one more name of the first file."""
    if place.name in (".", "..") and not isinstance(tree, dict):
        return
    if isinstance(tree, dict):
        place.mkdir(exist_ok=True)
        for name, inner in tree.items():
            if name not in (".", ".."):
                plant(place / name, inner, first)
    elif isinstance(tree, int):
        place.write_bytes(b"x" * tree)
    elif tree == "link":
        place.symlink_to("/")
    elif tree == "pipe":
        os.mkfifo(place)
    elif tree == "twin":
        place.hardlink_to(first)
    else:
        with open(place, "wb") as file:
            file.truncate(10**12)


@settings(max_examples=40, deadline=None)
@given(trees)
def test_any_tree(tree: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "first").write_bytes(b"x" * 9000)
        plant(base / "tree", tree, base / "first")
        assert measure(base) == Measure(du(base), sum(1 for _ in base.rglob("*")) + 1)
