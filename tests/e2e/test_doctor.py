"""`qms-tui doctor` on a real engine, as a person runs it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest

from qms_tui.doctor.finding import Verdict
from qms_tui.doctor.traffic import traffic
from qms_tui.errors import EngineError
from qms_tui.mcp.places import BRIDGE
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.container import LABEL_THROWAWAY
from qms_tui.runtime.docker.image import find_image
from qms_tui.runtime.docker.kit import LABEL_BASE
from tests.mcp import house

from .test_app import App, leave
from .user import as_user


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str) -> App:
    return App(qms_project, tmp_path / "home", image)


def findings(app: App, **environment: str) -> list[str]:
    """SUBJECT VERDICT TEXT"""
    found = json.loads(app.run("doctor", "--json", **environment).stdout)
    return [f"{one['subject']} {one['verdict']} {one['text']}" for one in found]


def test_what_runs_is_well(app: App, qms_project: Path, image: str) -> None:
    with app.open("qa") as tui:
        tui.wait("agent ready qa")
        said = findings(app)
        leave(tui)
    assert f"project ok {qms_project}: claude, bu, qa, tu_ui" in said
    assert f"image ok {image}, not made by qms-tui build" in said
    assert [line for line in said if line.startswith("qa ok running in qms-project-")]
    assert "bu ok has no container" in said
    assert not [line for line in said if "mounts" in line or " error " in line]


TRIED_SECONDS = 90.0  # each look tries containers, too
TRIED = "engine ok an agent's container starts, and can write what it may and nothing else"


def test_a_container_is_tried_with_the_agents_mounts(
    app: App, engine: docker.APIClient, qms_project: Path
) -> None:
    before = sorted(qms_project.rglob("*"))
    assert TRIED in findings(app)
    assert sorted(qms_project.rglob("*")) == before
    assert not engine.containers(all=True, filters={"label": f"{LABEL_THROWAWAY}={qms_project}"})


def test_each_wall_is_tried_from_inside(
    app: App, engine: docker.APIClient, qms_project: Path, rootless: bool
) -> None:
    said = [line.removeprefix("isolation ok ") for line in findings(app) if line.startswith("isolation")]
    users, seccomp, limits, read_only, traffic = said
    assert seccomp == "seccomp filters system calls: set-uid bits are refused"
    assert read_only.startswith("the project is read-only, with all that is mounted below it (")
    assert traffic == "no traffic between agents of the project"
    if not rootless:  # such an engine has a user namespace, and limits only with cgroup v2
        assert users == "no user namespace: a user's number inside is that outside"
        assert limits.startswith("limits: 512 processes, 4g of memory, ")
    filters = {"label": f"qms-tui.project={qms_project}"}
    assert not engine.networks(filters=filters)
    assert not engine.containers(all=True, filters={"label": f"{LABEL_THROWAWAY}={qms_project}"})


@pytest.mark.parametrize("image_fixture", ["image", "programs_image"], ids=["by nc", "by python3"])
def test_traffic_between_agents_is_told(
    engine: docker.APIClient, request: pytest.FixtureRequest, qms_project: Path, image_fixture: str
) -> None:
    image = request.getfixturevalue(image_fixture)
    name = f"qms-tui-test-open-{os.getpid()}"
    engine.create_network(name)
    try:
        with contextlib.closing(connect()) as ours:
            said = [traffic(ours, str(qms_project), network, image) for network in (name, "project", "none")]
            with pytest.raises(EngineError, match="cannot try whether containers reach each other"):
                traffic(ours, str(qms_project), f"{name}-gone", image)
    finally:
        engine.remove_network(name)
    assert [(one.verdict, one.text) for one in said] == [
        (Verdict.WARNING, "agents of the project reach each other over the network"),
        (Verdict.OK, "no traffic between agents of the project"),
        (Verdict.OK, "agents have no network"),
    ]
    assert not engine.containers(all=True, filters={"label": f"{LABEL_THROWAWAY}={qms_project}"})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")
def test_file_systems_below_the_project(app: App, qms_project: Path) -> None:
    with ExitStack() as stack:
        for name, kind in {"data": "tmpfs", "chroot/proc": "proc"}.items():
            target = qms_project / name
            target.mkdir(parents=True)
            subprocess.run(["mount", "-t", kind, kind, target], check=True, capture_output=True)
            stack.callback(lambda path: subprocess.run(["umount", "--lazy", path], check=True), target)
        app.program = (*as_user(app.uid, mounted=True), sys.executable, "-m", "qms_tui")
        with app.open("qa") as tui:
            tui.wait("agent ready qa")
            said = findings(app)
            leave(tui)
    (below,) = [line for line in said if "with all that is mounted below it" in line]
    assert below.startswith("isolation ok ")
    assert f"isolation warning agents do not see what is mounted at {qms_project}/chroot/proc" in said
    assert not [line for line in said if "its mounts are not those of today" in line]


def test_an_engine_that_refuses_is_one_line_in_its_own_words(app: App, engine: docker.APIClient) -> None:
    app.set('mounts = ["/no/such/folder:/data"]\n')
    refused = [line for line in findings(app) if line.startswith("engine error")]
    assert len(refused) == 1
    assert "an agent's container does not start: " in refused[0]
    assert "/no/such/folder" in refused[0]


def test_a_project_in_which_no_agent_was_started_yet(app: App, qms_project: Path) -> None:
    shutil.rmtree(qms_project / ".claude/users")
    assert TRIED in findings(app)
    assert not (qms_project / ".claude/users").exists()


def test_our_image_says_its_version_and_its_size(
    qms_project: Path, tmp_path: Path, client_image: str
) -> None:
    with contextlib.closing(connect()) as engine:
        image = find_image(engine, client_image)
        twice = engine.containerd_store
    assert image is not None
    app = App(qms_project, tmp_path / "home", client_image)
    app.set(f'[build]\nbase = "{image.labels[LABEL_BASE]}"\n')  # other tests build it again, configured so
    (said,) = [line for line in findings(app) if client_image in line]
    assert said == f"image ok {client_image}, Claude Code {image.client}, {image.size_text}, kit {image.kit}"
    assert ("MB (compressed and unpacked)" in said) is twice


def test_mcp_servers_are_looked_at_from_both_sides(
    qms_project: Path, tmp_path: Path, programs_image: str
) -> None:
    app = App(qms_project, tmp_path / "home", programs_image)
    command = [sys.executable, "-P", "-m", "qms_tui.demo.server", "."]
    app.set(f'command = ["bash"]\nmounts = ["{house.BRIDGE}:{BRIDGE}:ro"]\n[mcp.qms]\ncommand = {command}\n')
    app.set('[mcp.broken]\ncommand = ["/no/such/server"]\nagents = ["claude"]\n')
    before = findings(app)
    assert "mcp ok broken, qms: started with the first agent" in before
    assert TRIED in before
    with app.open("qa") as tui:
        tui.wait("1 qa ● running")
        said = house.wait_until(lambda: _when_tried(app), "one server is up, and one is not", TRIED_SECONDS)
        leave(tui)
    assert [line for line in said if line.startswith("mcp error broken is down: cannot start ")]
    (line,) = [line for line in said if line.startswith("qa") and " mcp " in line]
    assert re.fullmatch(r"qa (ok|warning) mcp qms: connected in \d+\.\d\d s, 6 tools", line)
    assert not [line for line in said if "mounts" in line]


def _when_tried(app: App) -> list[str]:
    said = findings(app)
    return said if "mcp ok qms is up" in said and any("broken is down" in line for line in said) else []


def test_what_is_not_well_is_the_exit_status(app: App) -> None:
    app.set('[engine]\nhost = "unix:///no/such/engine.sock"\n')
    done = app.run("doctor")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("error")]
    assert "cannot reach the engine at unix:///no/such/engine.sock" in line
    assert "start Docker" in line
    assert done.stdout.splitlines()[-1].startswith("1 error, ")
