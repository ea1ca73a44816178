"""docker/docker-compose.yml makes the containers that qms-tui makes, but for what docker/README.md names.

With compose v2 where `docker compose version` answers, as in CI, else with 1.29, which does not know
`create_host_path`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from qms_tui.config import AgentConfig
from qms_tui.programs.registry import program_of
from qms_tui.project import Owner, Project
from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker import seccomp

from .engine import remove_project

FILE = Path(__file__).parents[2] / "docker/docker-compose.yml"
NEW = ", bind: {create_host_path: false}"
OWNER = Owner(1000, 1000)
NOT_THERE = {"/pipe-dream/.env", "/pipe-dream/.mcp.json", "/pipe-dream/.claude/sessions"}
OWN = {"/home/agent"}
SAME = (
    "CapDrop",
    "SecurityOpt",
    "Memory",
    "MemorySwap",
    "NanoCpus",
    "PidsLimit",
    "Init",
    "LogConfig",
)

Compose = Callable[..., "subprocess.CompletedProcess[str]"]


def command() -> list[str]:
    """The newest compose that is here; skips without any."""
    v2 = subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    if v2:
        return ["docker", "compose"]
    if shutil.which("docker-compose") is None:
        pytest.skip("no compose: apt-get install docker-compose")
    return ["docker-compose"]


@pytest.fixture
def compose(engine: docker.APIClient, image: str, qms_project: Path, tmp_path: Path) -> Iterator[Compose]:
    words, file = command(), tmp_path / "docker-compose.yml"
    text = FILE.read_text()
    file.write_text(text if len(words) == 2 else text.replace(NEW, ""))
    name = f"qmscompose{os.getpid()}"

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*words, "-f", str(file), "-p", name, "--project-directory", str(qms_project), *arguments],
            env=os.environ | {"QMS_IMAGE": image} | environment,
            capture_output=True,
            text=True,
            timeout=100,
        )

    yield run
    remove_project(engine, str(qms_project))  # first: a network that is in use would stay
    run("down")


def started(engine: docker.APIClient, compose: Compose, agent: str, qms_project: Path) -> dict[str, Any]:
    """The engine's facts of the agent that compose has started."""
    Project(qms_project).prepare(agent, OWNER)
    service = agent if agent == "claude" else "agent"
    label = f"qms-tui.project={qms_project}"
    ran = compose("run", "-d", "--rm", "--label", label, service, "sleep", "600", QMS_USER=agent)
    assert ran.returncode == 0, ran.stderr
    facts: dict[str, Any] = engine.inspect_container(ran.stdout.split()[-1])
    return facts


def shown(mounts: list[dict[str, Any]]) -> dict[str, tuple[str, bool]]:
    return {str(m["Destination"]): (str(m.get("Source") or ""), bool(m["RW"])) for m in mounts}


def by_name(ulimits: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    return {limit["Name"]: (limit["Soft"], limit["Hard"]) for limit in ulimits}


@pytest.mark.parametrize("agent", ["claude", "qa"])
def test_it_is_the_same_container(
    engine: docker.APIClient, compose: Compose, qms_project: Path, image: str, agent: str
) -> None:
    facts = started(engine, compose, agent, qms_project)
    project, config = Project(qms_project), AgentConfig(name=agent, image=image)
    # Compose has no copy of its own of a definition.
    target = spec.definition_target(project, config, trusted=True)
    own = spec.bind(qms_project / f".claude/agents/{agent}.md", target)
    definition = None if agent == "claude" else own
    mounts = spec.mounts(project, agent, config, qms_project / "empty", definition)
    wanted = {str(m["Target"]): (str(m["Source"] or ""), not m["ReadOnly"]) for m in mounts}
    there = shown(facts["Mounts"])
    assert {k: v for k, v in there.items() if k not in OWN} == {
        k: v for k, v in wanted.items() if k not in NOT_THERE
    }
    identity = spec.Identity(str(qms_project), agent)
    request = spec.request(
        identity,
        config,
        OWNER,
        spec.environment(agent, program_of(config.command), {}),
        mounts,
        "none",
        2,
        {},
    )
    host = engine.create_host_config(**request["host_config"])
    assert by_name(facts["HostConfig"]["Ulimits"]) == by_name(host["Ulimits"])
    assert {name: facts["HostConfig"].get(name) for name in SAME} == {name: host.get(name) for name in SAME}
    assert facts["HostConfig"]["Privileged"] is False
    assert facts["Config"]["User"] == request["user"]
    assert facts["Config"]["WorkingDir"] == request["working_dir"]
    assert {f"{k}={v}" for k, v in request["environment"].items()} <= set(facts["Config"]["Env"])
    (network,) = facts["NetworkSettings"]["Networks"]
    options = engine.inspect_network(network)["Options"]
    assert options["com.docker.network.bridge.enable_icc"] == "false"


def test_an_override_brings_the_filter_of_system_calls(
    engine: docker.APIClient, compose: Compose, qms_project: Path, tmp_path: Path
) -> None:
    override = tmp_path / "override.yml"
    option = f"seccomp:{FILE.with_name('seccomp.json')}"
    override.write_text(json.dumps({"services": {"agent": {"security_opt": [option]}}}))
    Project(qms_project).prepare("qa", OWNER)
    label = f"qms-tui.project={qms_project}"
    ran = compose(
        *("-f", str(override), "run", "-d", "--rm", "--label", label, "agent", "sleep", "600"), QMS_USER="qa"
    )
    assert ran.returncode == 0, ran.stderr
    facts = engine.inspect_container(ran.stdout.split()[-1])
    assert f"seccomp={seccomp.profile()}" in facts["HostConfig"]["SecurityOpt"]


def test_a_missing_folder_is_an_error_and_not_made(
    engine: docker.APIClient, compose: Compose, qms_project: Path
) -> None:
    ran = compose("run", "-d", "--rm", "agent", "true", QMS_USER="nobody")
    assert ran.returncode != 0
    assert not (qms_project / ".claude/users/nobody").exists()
