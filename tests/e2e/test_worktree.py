"""A git worktree is the project: its agent finds the repository, and cannot write it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from qms_tui.config import AgentConfig, Config
from qms_tui.project import Project
from qms_tui.runtime.docker import connect
from qms_tui.runtime.worktree import with_repository

from .direct import DirectRuntime
from .engine import remove_project
from .held import SIZE
from .project import owner

LOOK = """
repository=$(sed 's/gitdir: //' .git)
cat "$repository/HEAD" "$repository/../../HEAD"
(: >"$repository/x") 2>/dev/null || echo refused
sleep 300
"""


@pytest.fixture
def worktree(make_qms_project: Callable[..., Path], engine: docker.APIClient) -> Iterator[Project]:
    """Of the repository `main` beside it."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    main = make_qms_project("main")
    for words in (
        ("init", "-q", "-b", "trunk", "."), ("add", "-A"), ("commit", "-qm", "first"),
        ("worktree", "add", "-q", "../feature", "-b", "feature"),
    ):  # fmt: skip
        own = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", f"safe.directory={main}")
        subprocess.run(["git", *own, *words], cwd=main, check=True)
    root = main.with_name("feature")
    subprocess.run(["chown", "-R", f"{owner()}:{owner()}", main, root], check=True)
    yield Project(root)
    remove_project(engine, str(root))


async def test_the_repository_is_there_and_read_only(
    worktree: Project, image: str, engine: docker.APIClient
) -> None:
    agent = AgentConfig(image=image, command=("sh", "-c", LOOK))
    config = with_repository(worktree, Config(every_agent=agent))
    assert config.notices == ()
    runtime = DirectRuntime(connect(), worktree, config, {})
    try:
        (await runtime.start("qa", SIZE)).close()
        (found,) = engine.containers(filters={"label": f"qms-tui.project={worktree.root}"})
        said = b""
        async with asyncio.timeout(20):
            while b"refused" not in said:
                await asyncio.sleep(0.05)
                said = engine.logs(found["Id"])
        assert said.split() == b"ref: refs/heads/feature ref: refs/heads/trunk refused".split()
    finally:
        await runtime.close()
