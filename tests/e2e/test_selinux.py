"""Agents on an engine with SELinux: labels of files are real here, what enforces them is not.

The engine is the real one; a relay before it adds SELinux to what it says of itself. What is labelled and
what is refused is what would be on Fedora; whether its kernel then agrees is not shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
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
from qms_tui.runtime.docker.runtime import SOCKETS_REFUSED
from qms_tui.runtime.docker.selinux import FITTING, LABEL, label_of
from tests.labels import HOME, set_label, set_labels

from .direct import DirectRuntime
from .held import GREETING, SIZE, Held
from .relay import Relay
from .test_app import App, leave
from .user import give

Make = Callable[..., DirectRuntime]
ADDRESS = "172.17.0.1:7325"
SECCOMP = re.compile(rb"name=seccomp,profile=\w{7}")
WITH_SELINUX = b'name=seccomp", "name=selinux'  # in JSON, and as long


@pytest.fixture
def host(image: str, tmp_path: Path) -> Iterator[str]:
    """The address of an engine with SELinux."""
    with Relay(tmp_path / "engine.sock") as relay:
        relay.edit = lambda said: SECCOMP.sub(WITH_SELINUX, said)
        yield relay.host


@pytest.fixture
async def make(host: str, image: str, qms_project: Path) -> AsyncIterator[Make]:
    """A runtime for the project there, with these settings."""
    made: list[DirectRuntime] = []

    def make(**agent: Any) -> DirectRuntime:
        config = Config(every_agent=AgentConfig(**{"image": image, **agent}))
        engine = connect(host)
        assert engine.labels_here, "the engine does not speak of itself as the relay expects"
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


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str, host: str) -> App:
    made = App(qms_project, tmp_path / "home", image)
    made.set(f'[engine]\nhost = "{host}"\n')
    give(made.uid, Path(host.removeprefix("unix://")))
    return made


def findings(app: App) -> dict[str, str]:
    """VERDICT TEXT, by REMEDY, of what the doctor says of this."""
    said = json.loads(app.run("doctor", "--json").stdout)
    return {
        f"{one['verdict']} {one['text']}": one["remedy"]
        for one in said
        if one["subject"] in ("selinux", "mcp") or "an agent's container" in one["text"]
    }


def test_the_doctor_names_every_path_with_its_remedy(app: App, qms_project: Path, tmp_path: Path) -> None:
    token = tmp_path / "agents.token"
    token.write_text("hush")
    app.config.write_text(f'{app.config.read_text()}\n[agent.qa]\ntoken_file = "{token}"\n')
    set_labels(qms_project, HOME)
    set_label(token, HOME)
    said = findings(app)
    reason = "its type is user_home_t, not container_file_t"
    assert set(said) == {
        f"error SELinux keeps agents' containers from {path}: {reason}" for path in (qms_project, token)
    }
    assert [remedy.rpartition(", or: ")[2] for remedy in said.values()] == [
        f"chcon -R -t container_file_t {qms_project}",
        f"chcon -t container_file_t {token}",
    ]


def test_the_doctor_tries_a_container_where_labels_fit(app: App, qms_project: Path) -> None:
    set_labels(qms_project, LABEL)
    assert list(findings(app)) == [
        "ok enforced, and agents may use what is mounted for them",
        "ok an agent's container starts, and can write what it may and nothing else",
    ]


def test_mcp_servers_are_offered_over_tcp(app: App, qms_project: Path) -> None:
    set_labels(qms_project, LABEL)
    app.set('[mcp.qms]\ncommand = ["true"]\n')
    assert [text for text in findings(app) if "SELinux" in text] == [f"warning {SOCKETS_REFUSED}"]
    with app.open("qa") as tui:
        tui.wait("SELinux")
        tui.wait("agent ready qa")
        leave(tui)
    (folder,) = Path(app.environment["XDG_STATE_HOME"]).glob("qms-tui/projects/*/.mcp/qa")
    for path in (folder, folder / "client.json"):
        assert f":{FITTING}:" in (label_of(path) or "")  # so that its client can at least read its list
    app.config.write_text(app.config.read_text().replace("[engine]", f"[engine]\nmcp_listen = '{ADDRESS}'"))
    assert not [text for text in findings(app) if "SELinux" in text]


def test_a_refused_agent_says_why_on_its_pane(app: App, qms_project: Path) -> None:
    set_labels(qms_project, HOME)
    with app.open("qa") as tui:
        tui.wait("SELinux keeps agents' containers from", "chcon")
        leave(tui)
