"""What hangs on a disk is not blamed on the engine: a share of project or home whose server is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from qms_tui.errors import ProjectError
from qms_tui.project import Project
from qms_tui.runtime import Size
from qms_tui.runtime.base import ENGINE
from qms_tui.runtime.docker import agent_files
from qms_tui.runtime.docker.container import LABEL_FILES
from qms_tui.runtime.identity import read_identity
from qms_tui.workers import Workers

from .dead_share import DeadShare, MakeShare
from .direct import DirectRuntime
from .faulty import until

SIZE = Size(80, 24)
PATIENCE = 30.0  # seconds; on a quiet machine it is done in one


class Deadlines:
    """The deadlines of calls, which pass when the call has come to where it hangs, however busy we are."""

    def __init__(self) -> None:
        self._timeout = asyncio.timeout
        self._newest: asyncio.Timeout | None = None

    def __call__(self, seconds: float | None) -> asyncio.Timeout:
        self._newest = self._timeout(seconds)
        return self._newest

    async def pass_at(self, share: DeadShare, call: Coroutine[Any, Any, object]) -> str:
        """What a call says whose deadline passes once it waits for the share."""
        task = asyncio.create_task(call)
        await until(lambda: share.is_asked() or task.done(), "somebody who asks the share", PATIENCE)
        assert self._newest is not None
        self._newest.reschedule(asyncio.get_running_loop().time())
        try:
            with pytest.raises(ProjectError) as caught:
                await task
            return caught.value.message
        finally:
            share.close()


@pytest.fixture
def deadlines(monkeypatch: pytest.MonkeyPatch) -> Deadlines:
    made = Deadlines()
    monkeypatch.setattr(asyncio, "timeout", made)
    return made


@pytest.fixture
def make_share() -> Iterator[MakeShare]:
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


@pytest.mark.parametrize(
    "folder", [".claude/users/qa", ".claude/agents", ".claude/sessions"], ids=["made", "read", "mounted"]
)
async def test_a_start_that_hangs_on_the_project(
    runtime: DirectRuntime, qms_project: Path, make_share: MakeShare, deadlines: Deadlines, folder: str
) -> None:
    said = await deadlines.pass_at(make_share(qms_project / folder), runtime.start("qa", SIZE))
    assert said == "start qa: the disk gave no answer within 60 s"
    await runtime._workers.undone(within=PATIENCE)


async def test_a_start_that_hangs_on_the_state_folder(
    runtime: DirectRuntime, make_share: MakeShare, deadlines: Deadlines
) -> None:
    """Where an agent's own files stand that are mounted into its container."""
    share = make_share(agent_files.containers_folder())
    said = await deadlines.pass_at(share, runtime.start("qa", SIZE))
    assert said == "start qa: the disk gave no answer within 60 s"
    await runtime._workers.undone(within=PATIENCE)


async def test_a_stop_that_hangs_on_the_agents_own_files(
    runtime: DirectRuntime, make_share: MakeShare, deadlines: Deadlines, engine: docker.APIClient
) -> None:
    (await runtime.start("qa", SIZE)).close()
    found = await runtime.find("qa")
    place = Path(engine.inspect_container(found.id)["Config"]["Labels"][LABEL_FILES])
    said = await deadlines.pass_at(make_share(place / "private"), runtime.stop("qa"))
    assert said == "stop qa: the disk gave no answer within 60 s"
    await runtime._workers.undone(within=PATIENCE)
    assert not is_there(place)


async def test_a_look_that_hangs_on_what_the_agent_says_of_itself(
    qms_project: Path, make_share: MakeShare, deadlines: Deadlines
) -> None:
    share, workers = make_share(qms_project / ".claude/users/qa/container/qms-tui"), Workers(ENGINE)
    look = workers.call(lambda: read_identity(Project(qms_project), "qa"), what="look for qa")
    assert await deadlines.pass_at(share, look) == "look for qa: the disk gave no answer within 20 s"
    await workers.undone(within=PATIENCE)
    workers.close()
