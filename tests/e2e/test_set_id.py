"""No agent makes a file whose program gives somebody else's rights to whoever runs it. Docker and Podman."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from qms_tui.config import AgentConfig, Config
from qms_tui.project import Project
from qms_tui.runtime.docker import connect

from . import engine as engines
from . import programs
from . import project as projects
from .direct import DirectRuntime
from .held import started
from .podman import NoPodman, Podman
from .set_id_tries import NO_LONGER_MADE, TRIES, WORKS, X86

PROGRAM = Path(__file__).with_name("set_id_tries.py")
WORKSPACE = ".claude/users/qa/workspace"
PYTHON = "/usr/bin/python3"
FORGIVEN = {"mkdir": "nothing", "acl": "EINVAL"}  # the kernel drops the bits, or knows none there
MISSING = {"openat2", "io_uring"}  # as on a kernel without them, so that programs do it another way
SU = "import os, shutil; shutil.copy('/bin/busybox', 'su'); os.chmod('su', 0o4755)"


@dataclass(frozen=True)
class Place:
    """An engine, by its address or the one that all tests use, and its image with Python."""

    host: str | None
    image: str

    async def run(self, root: Path, *command: str) -> str:
        """All that the program says as qa of the project."""
        config = Config(every_agent=AgentConfig(image=self.image, command=command))
        runtime = DirectRuntime(connect(self.host), Project(root), config, {})
        try:
            async with started(runtime, "qa") as qa:
                return (await qa.end(60.0)).decode()
        finally:
            await runtime.close()


@pytest.fixture(scope="module", params=["docker", "podman"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if request.param == "docker":
        yield Place(None, request.getfixturevalue("programs_image"))
        return
    try:
        podman = Podman(tmp_path_factory.mktemp("podman"))
    except NoPodman as reason:
        pytest.skip(str(reason))
    with podman:
        with podman.client() as client:
            image = programs.ensure(client)
        yield Place(podman.host, image)


@contextlib.contextmanager
def project(folder: Path, uid: int | None = None) -> Iterator[Path]:
    """A project at that path."""
    folder.mkdir()
    try:
        yield projects.make_qms_project(folder, uid)
    finally:
        with contextlib.suppress(engines.NoEngine), engines.connect() as engine:
            engines.remove_project(engine, str(folder))


@dataclass(frozen=True)
class Said:
    """What tries in a container came to, and the project."""

    root: Path
    tries: dict[str, str]
    works: dict[str, str]


@pytest.fixture(scope="module")
def said(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Said]:
    with project(tmp_path_factory.mktemp("set-id") / "project") as root:
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


@pytest.mark.skipif(os.geteuid() != 0, reason="a project of root's needs root")
async def test_an_agent_that_is_root_is_kept_from_them(place: Place, tmp_path: Path) -> None:
    """Its set-uid program would be worth most."""
    with project(tmp_path / "roots", uid=0) as root:
        said = await place.run(root, PYTHON, "-c", f"import os; os.chdir({WORKSPACE!r}); {SU}")
        assert "PermissionError" in said
        assert (root / WORKSPACE / "su").stat().st_mode & 0o7777 == 0o755
