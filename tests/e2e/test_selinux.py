"""An agent on an engine with SELinux: labels of files are real here, what enforces them is not.

The engine is the real one, described as one with SELinux. What is labelled and what is refused is what would
be on Fedora; whether its kernel then agrees is not shown.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import platformdirs
import pytest

from qms_tui.config import AgentConfig, Config, Mount
from qms_tui.errors import EngineError
from qms_tui.project import Project
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.agent_files import containers_folder
from qms_tui.runtime.docker.container import project_slug
from qms_tui.runtime.docker.selinux import FITTING, LABEL, label_of
from tests.labels import HOME, set_label, set_labels

from .direct import DirectRuntime
from .held import GREETING, SIZE, Held

Make = Callable[..., DirectRuntime]


@pytest.fixture
async def make(image: str, qms_project: Path) -> AsyncIterator[Make]:
    """A runtime for the project with these settings, on an engine with SELinux."""
    made: list[DirectRuntime] = []

    def make(**agent: Any) -> DirectRuntime:
        config = Config(every_agent=AgentConfig(**{"image": image, **agent}))
        engine = replace(connect(), selinux=True, kernel=os.uname().release)
        made.append(DirectRuntime(engine, Project(qms_project), config, {}))
        return made[-1]

    yield make
    for runtime in made:
        await runtime.close()


async def test_a_labelled_project_starts_with_files_of_ours_that_are_labelled(
    engine: docker.APIClient, make: Make, qms_project: Path
) -> None:
    set_labels(qms_project, LABEL)
    runtime = make()
    held = Held(await runtime.start("qa", SIZE))
    await held.expect(GREETING % b"qa")
    held.attachment.close()
    container = (await runtime.find("qa")).container
    sources = [Path(mount["Source"]) for mount in engine.inspect_container(container)["Mounts"]]
    ours = [path for path in sources if path.is_relative_to(platformdirs.user_state_path("qms-tui"))]
    assert {"passwd", "group", "home", "empty"} <= {path.name for path in ours}
    assert all(f":{FITTING}:" in (label_of(path) or "") for path in ours)
    assert label_of(qms_project / "src") == LABEL


async def test_a_project_with_the_labels_of_a_home_folder_is_refused_and_nothing_stays(
    engine: docker.APIClient, make: Make, qms_project: Path
) -> None:
    set_labels(qms_project, HOME)
    runtime = make()
    with pytest.raises(EngineError) as caught:
        await runtime.start("qa", SIZE)
    assert f"from {qms_project}: its type is user_home_t" in caught.value.message
    assert caught.value.hint.endswith(f"chcon -R -t container_file_t {qms_project}")
    assert label_of(qms_project) == HOME
    labels = {"label": f"qms-tui.project={qms_project}"}
    assert engine.containers(all=True, filters=labels) == []
    assert list(containers_folder().glob(f"{project_slug(str(qms_project))}*/*/")) == []


async def test_what_the_configuration_mounts_is_looked_at_as_it_is_used(
    make: Make, qms_project: Path, tmp_path: Path
) -> None:
    set_labels(qms_project, LABEL)
    data = tmp_path / "data"
    data.mkdir()
    set_label(data, "system_u:object_r:usr_t:s0")
    with pytest.raises(EngineError, match=f"from {data}: its type is usr_t, which they may only read"):
        await make(mounts=(Mount(data, "/data", read_only=False),)).start("qa", SIZE)
    (await make(mounts=(Mount(data, "/data"),)).start("qa", SIZE)).close()
