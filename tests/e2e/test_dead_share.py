"""What hangs on a disk is not blamed on the engine: a share of project or home whose server is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from qms_tui.errors import ProjectError
from qms_tui.project import Project
from qms_tui.runtime import Size
from qms_tui.runtime.docker import agent_files
from qms_tui.runtime.docker import runtime as docker_runtime
from qms_tui.runtime.docker.container import LABEL_FILES
from qms_tui.runtime.docker.engine import ENGINE
from qms_tui.runtime.identity import read_identity
from qms_tui.workers import Workers

from .dead_share import DeadShare, MakeShare
from .direct import DirectRuntime

DEADLINE = 2.0  # seconds for a start, which takes less than one
SIZE = Size(80, 24)


@pytest.fixture
def make_share(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeShare]:
    monkeypatch.setattr(docker_runtime, "START_DEADLINE", DEADLINE)
    made: list[DeadShare] = []

    def make(folder: Path) -> DeadShare:
        folder.mkdir(parents=True, exist_ok=True)
        made.append(DeadShare(folder))
        return made[-1]

    yield make
    for share in made:
        share.close()


def is_there(path: Path) -> bool:
    return path.exists()


async def hangs(runtime: DirectRuntime, share: DeadShare) -> str:
    """What a start says that hangs on the share."""
    try:
        with pytest.raises(ProjectError) as caught:
            await runtime.start("qa", SIZE)
        assert share.is_asked()
        return caught.value.message
    finally:
        share.close()
        await runtime._workers.undone(within=DEADLINE)


@pytest.mark.parametrize(
    "folder", [".claude/users/qa", ".claude/agents", ".claude/sessions"], ids=["made", "read", "mounted"]
)
async def test_a_start_that_hangs_on_the_project(
    runtime: DirectRuntime, qms_project: Path, make_share: MakeShare, folder: str
) -> None:
    share = make_share(qms_project / folder)
    assert await hangs(runtime, share) == "start qa: the disk gave no answer within 2 s"


async def test_a_start_that_hangs_on_the_state_folder(runtime: DirectRuntime, make_share: MakeShare) -> None:
    """Where an agent's own files stand that are mounted into its container."""
    share = make_share(agent_files.containers_folder())
    assert await hangs(runtime, share) == "start qa: the disk gave no answer within 2 s"


async def test_a_stop_that_hangs_on_the_agents_own_files(
    runtime: DirectRuntime, make_share: MakeShare, engine: docker.APIClient
) -> None:
    (await runtime.start("qa", SIZE)).close()
    found = await runtime.find("qa")
    place = Path(engine.inspect_container(found.id)["Config"]["Labels"][LABEL_FILES])
    share = make_share(place / "private")
    with pytest.raises(ProjectError, match="stop qa: the disk gave no answer within 2 s"):
        await runtime.stop("qa")
    assert share.is_asked()
    share.close()
    await runtime._workers.undone(within=DEADLINE)
    assert not is_there(place)


async def test_a_look_that_hangs_on_what_the_agent_says_of_itself(
    qms_project: Path, make_share: MakeShare
) -> None:
    share, workers = make_share(qms_project / ".claude/users/qa/container/qms-tui"), Workers(ENGINE)
    with pytest.raises(ProjectError, match=r"look for qa: the disk gave no answer within 0\.2 s"):
        await workers.call(
            lambda: read_identity(Project(qms_project), "qa"), what="look for qa", deadline=0.2
        )
    assert share.is_asked()
    share.close()
    await workers.undone(within=DEADLINE)
    workers.close()
