"""An engine of either kind, Docker or Podman, to run a program on as an agent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

KINDS = ("docker", "podman")


@dataclass(frozen=True)
class Place:
    """Its address, or None for the one that all tests use, and its image with Python and bash."""

    host: str | None
    image: str

    async def run(self, root: Path, *command: str, **agent: Any) -> str:
        """All that the program says as qa of the project."""
        config = Config(every_agent=AgentConfig(**{"image": self.image, "command": command, **agent}))
        runtime = DirectRuntime(connect(self.host), Project(root), config, {})
        try:
            async with started(runtime, "qa") as qa:
                return (await qa.end(60.0)).decode().replace("\r\n", "\n")
        finally:
            await runtime.close()


@contextlib.contextmanager
def place_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """For a fixture with KINDS as its parameters."""
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
def project_at(folder: Path, uid: int | None = None) -> Iterator[Path]:
    """A project at that path."""
    folder.mkdir()
    try:
        yield projects.make_qms_project(folder, uid)
    finally:
        with contextlib.suppress(engines.NoEngine), engines.connect() as engine:
            engines.remove_project(engine, str(folder))
