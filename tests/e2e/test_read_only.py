"""What is read-only for an agent is so with every file system below. Docker and Podman."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from qms_tui.config.paths import Mount

from .place import KINDS, Place, place_of, project_at
from .project import owner

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")
TEXT = "of the file system below"
SHOWN = {  # where in the container, and in the project
    "/pipe-dream/data": "data",
    "/pipe-dream/data/in ner\t": "data/in ner\t",
    "/pipe-dream/QMS/CR/deep/er": "QMS/CR/deep/er",
    "/pipe-dream/.claude/users/qa/inbox/sub": ".claude/users/qa/inbox/sub",
    "/more/sub": "../more/sub",
}
HIDDEN = {
    "/pipe-dream/.claude/users/claude/workspace": ".claude/users/claude/workspace",
    "/pipe-dream/.claude/users/claude/inbox/sub": ".claude/users/claude/inbox/sub",
    "/pipe-dream/vault": "vault",
    "/pipe-dream/box/deep": "box/deep",
    "/pipe-dream/hiding/some/secret": "hiding/some/secret",
}
# What lies below a folder that qa can write is a place where it might put a link.
IN_REACH = {"/pipe-dream/build/out/below": "build/out/below"}
OWN = ".claude/users/qa/workspace/own"
LOOK = """
import json, os, sys
def said(place):
    try:
        text = open(f"{place}/file").read()
    except OSError as error:
        text = error.strerror
    try:
        open(f"{place}/new", "w").close()
        return text, "written"
    except OSError as error:
        return text, error.strerror
print(json.dumps({
    "places": {place: said(place) for place in json.loads(sys.argv[1])},
    "bound": open("/pipe-dream/bound.txt").read(),
    "processes": os.path.exists("/pipe-dream/chroot/proc/1"),
    "own": said("/pipe-dream/.claude/users/qa/workspace/own"),
}))
"""


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_of(request, tmp_path_factory) as place:
        yield place


def unmount(target: Path) -> None:
    subprocess.run(["umount", target], check=True, capture_output=True)


@pytest.fixture(scope="module")
def mount() -> Iterator[Callable[..., Path]]:
    """`mount(folder, "-t", "tmpfs", ...)`: until the tests end."""
    with ExitStack() as stack:

        def mount(target: Path, *options: str) -> Path:
            if "--bind" not in options:
                target.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", *options, target], check=True, capture_output=True)
            stack.callback(unmount, target)
            return target

        yield mount


@pytest.fixture(scope="module")
def root(
    place: Place, mount: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A project with file systems below it. Depends on the place so that each has its own."""
    folder = tmp_path_factory.mktemp("read-only")
    with project_at(folder / "project") as root, ExitStack() as stack:
        stack.callback(lambda: None)
        for target in (
            *SHOWN.values(),
            *HIDDEN.values(),
            *IN_REACH.values(),
            ".claude/users/qa/workspace/own",
        ):
            place_there = mount(root / target, "-t", "tmpfs", "-o", "mode=1777", "qms-tui-test")
            (place_there / "file").write_text(TEXT)
        (folder / "elsewhere.txt").write_text(TEXT)
        (root / "bound.txt").touch()
        mount(root / "bound.txt", "--bind", str(folder / "elsewhere.txt"))
        mount(root / "chroot/proc", "-t", "proc", "proc")
        for path in (root / "build", root / "build/out"):
            os.chown(path, owner(), owner())
        yield root


@pytest.fixture(scope="module")
def said(place: Place, root: Path) -> dict[str, object]:
    looked = json.dumps([*SHOWN, *HIDDEN, *IN_REACH])
    mounts = (Mount(root.parent / "more", "/more"), Mount(root / "build", "/build", read_only=False))
    hide = ("vault", "box", "hiding/some/secret")
    text = asyncio.run(place.run(root, "/usr/bin/python3", "-c", LOOK, looked, mounts=mounts, hide=hide))
    answer: dict[str, object] = json.loads(text)
    return answer


def test_a_file_system_below_is_seen_and_cannot_be_written(said: dict[str, dict[str, list[str]]]) -> None:
    assert {place: said["places"][place] for place in SHOWN} == {
        place: [TEXT, "Read-only file system"] for place in SHOWN
    }


def test_a_file_below_that_is_mounted(said: dict[str, str]) -> None:
    assert said["bound"] == TEXT


def test_what_is_hidden_does_not_come_back(said: dict[str, dict[str, list[str]]]) -> None:
    texts = {place: said["places"][place][0] for place in HIDDEN}
    assert texts == dict.fromkeys(HIDDEN, "No such file or directory")


def test_nothing_was_written_outside(said: dict[str, object], root: Path) -> None:
    assert not [place for place in (*SHOWN.values(), *HIDDEN.values()) if (root / place / "new").exists()]


def test_the_hosts_processes_are_not_seen(said: dict[str, bool]) -> None:
    assert not said["processes"]


def test_what_lies_in_the_agents_reach_is_not_mounted(said: dict[str, dict[str, list[str]]]) -> None:
    assert said["places"]["/pipe-dream/build/out/below"] == [
        "No such file or directory",
        "Read-only file system",
    ]


def test_below_its_own_folders_it_may_write(said: dict[str, list[str]]) -> None:
    assert said["own"] == [TEXT, "written"]
