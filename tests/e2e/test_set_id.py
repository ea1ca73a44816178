"""No agent makes a file whose program gives somebody else's rights to whoever runs it. Docker and Podman."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .place import KINDS, Place, place_of, project_at
from .set_id_tries import NO_LONGER_MADE, TRIES, WORKS, X86

PROGRAM = Path(__file__).with_name("set_id_tries.py")
WORKSPACE = ".claude/users/qa/workspace"
PYTHON = "/usr/bin/python3"
FORGIVEN = {"mkdir": "nothing", "acl": "EINVAL"}  # the kernel drops the bits, or knows none there
MISSING = {"openat2", "io_uring"}  # as on a kernel without them, so that programs do it another way
UNSHARE = """
import ctypes
print(ctypes.CDLL(None, use_errno=True).unshare(0x10000000), ctypes.get_errno())  # CLONE_NEWUSER, EPERM
"""
SU = "import os, shutil; shutil.copy('/bin/busybox', 'su'); os.chmod('su', 0o4755)"


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_of(request, tmp_path_factory) as place:
        yield place


@dataclass(frozen=True)
class Said:
    """What tries in a container came to, and the project."""

    root: Path
    tries: dict[str, str]
    works: dict[str, str]


@pytest.fixture(scope="module")
def said(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Said]:
    with project_at(tmp_path_factory.mktemp("set-id") / "project") as root:
        shutil.copy(PROGRAM, root / "tries.py")
        answer = asyncio.run(place.run(root, PYTHON, "/pipe-dream/tries.py", f"/pipe-dream/{WORKSPACE}"))
        yield Said(root, **json.loads(answer))


@pytest.mark.parametrize("way", TRIES)
def test_no_way_to_the_bits(said: Said, way: str) -> None:
    outcome = said.tries[way]
    assert outcome != "made"
    if way.startswith("x32"):  # most kernels do not have these at all
        assert outcome in ("ENOSYS", "EPERM")
    elif way.startswith("int"):  # the process ends on a kernel without the gate
        assert outcome in ("EPERM", "signal 11")
    elif way in MISSING or (way in NO_LONGER_MADE and not X86):
        assert outcome == "ENOSYS"
    else:
        assert outcome == FORGIVEN.get(way, "EPERM")


@pytest.mark.parametrize("way", WORKS)
def test_what_programs_need_works(said: Said, way: str) -> None:
    assert said.works[way] == "nothing"


def test_nothing_on_the_host_has_the_bits(said: Said) -> None:
    files = list((said.root / WORKSPACE).iterdir())
    assert len(files) > len(WORKS)
    assert not [path for path in files if path.lstat().st_mode & 0o6000]


async def test_no_namespace_of_its_own(place: Place, tmp_path: Path) -> None:
    """There it would be root with every capability; Podman's own filter allows it."""
    with project_at(tmp_path / "project") as root:
        assert (await place.run(root, PYTHON, "-c", UNSHARE)).split() == ["-1", "1"]


@pytest.mark.skipif(os.geteuid() != 0, reason="a project of root's needs root")
async def test_an_agent_that_is_root_is_kept_from_them(place: Place, tmp_path: Path) -> None:
    """Its set-uid program would be worth most."""
    with project_at(tmp_path / "roots", uid=0) as root:
        said = await place.run(root, PYTHON, "-c", f"import os; os.chdir({WORKSPACE!r}); {SU}")
        assert "PermissionError" in said
        assert (root / WORKSPACE / "su").stat().st_mode & 0o7777 == 0o755
