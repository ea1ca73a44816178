"""What an agent's container is made of, as the engine is asked for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docker.types import Mount

from qms_tui.config import AgentConfig, Memory
from qms_tui.config.paths import Mount as Configured
from qms_tui.programs.registry import PLAIN
from qms_tui.project import Owner, Project
from qms_tui.runtime.docker.container import (
    Identity,
    bind,
    definition_target,
    environment,
    mounts,
    project_slug,
    request,
)

OWNER = Owner(1234, 5678)
EMPTY = Path("/state/empty")
COPY = Path("/state/definition-34")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / ".claude/agents").mkdir(parents=True)
    (tmp_path / ".claude/agents/qa.md").write_text("You are qa.\n")
    (tmp_path / "CLAUDE.md").write_text("")
    return Project(tmp_path)


def shown(mount: Mount) -> str:
    """TARGET KIND FLAGS SOURCE"""
    flags = "ro" if mount["ReadOnly"] else "rw"
    return f"{mount['Target']} {mount['Type']} {flags} {mount['Source'] or ''}".strip()


def with_copy(project: Project, config: AgentConfig, *, trusted: bool = True) -> list[Mount]:
    """The mounts of qa, with a copy of its definition."""
    copy = bind(COPY, definition_target(project, config, trusted=trusted))
    return mounts(project, "qa", config, EMPTY, copy)


def test_mounts_from_outer_to_inner(project: Project) -> None:
    root = project.root
    (root / ".claude/sessions").mkdir()
    (root / ".env").write_text("")
    (root / "vault").mkdir()
    config = AgentConfig(
        hide=("vault",), mounts=(Configured(Path("/srv"), "/srv"), Configured(Path("/tmp"), "/t", False))
    )
    users = "/pipe-dream/.claude/users"
    assert [shown(mount) for mount in with_copy(project, config)] == [
        f"/pipe-dream bind ro {root}",
        f"{users} tmpfs rw",
        f"{users}/qa/inbox bind ro {root}/.claude/users/qa/inbox",
        f"{users}/qa/workspace bind rw {root}/.claude/users/qa/workspace",
        f"/claude-config bind rw {root}/.claude/users/qa/container",
        f"/pipe-dream/.claude/sessions bind rw {root}/.claude/sessions",
        f"/pipe-dream/CLAUDE.md bind ro {COPY}",
        f"/pipe-dream/.env bind ro {EMPTY}",
        "/pipe-dream/vault tmpfs rw",
        "/srv bind ro /srv",
        "/t bind rw /tmp",
    ]


def test_the_empty_file_systems_are_small_and_the_agents_cannot_write_them(project: Project) -> None:
    (tmpfs,) = (mount for mount in with_copy(project, AgentConfig()) if mount["Type"] == "tmpfs")
    assert tmpfs["TmpfsOptions"] == {"SizeBytes": 2**20, "Mode": 0o755}


def test_claude_has_the_projects_own_context(project: Project) -> None:
    targets = [mount["Target"] for mount in mounts(project, "claude", AgentConfig(), EMPTY, None)]
    assert not any(target.endswith("CLAUDE.md") for target in targets)


@pytest.mark.parametrize("link", ["", "nowhere.md", "/bin/sh", "../../../../../../bin/sh"])
def test_without_a_context_to_mount_over_it_is_the_machines(project: Project, link: str) -> None:
    """Never over a program of the image: what is in the project would decide what runs there."""
    (project.root / "CLAUDE.md").unlink()
    if link:
        (project.root / "CLAUDE.md").symlink_to(link)
    last = with_copy(project, AgentConfig())[-1]
    assert shown(last) == f"/etc/claude-code/CLAUDE.md bind ro {COPY}"


def test_in_a_project_that_is_not_trusted_it_is_the_machines(project: Project) -> None:
    """There the client reads nothing of the project."""
    assert shown(with_copy(project, AgentConfig(), trusted=False)[-1]).startswith(
        "/etc/claude-code/CLAUDE.md"
    )


def test_a_context_that_is_a_link_in_the_project(project: Project) -> None:
    (project.root / "AGENTS.md").write_text("")
    (project.root / "CLAUDE.md").unlink()
    (project.root / "CLAUDE.md").symlink_to("AGENTS.md")
    last = with_copy(project, AgentConfig())[-1]
    assert shown(last) == f"/pipe-dream/AGENTS.md bind ro {COPY}"


def test_no_place_is_mounted_over_twice(project: Project) -> None:
    """The engine refuses that."""
    (project.root / "vault").mkdir()
    (project.root / ".env").symlink_to("vault")
    found = with_copy(project, AgentConfig(hide=("CLAUDE.md", "vault", "vault/../vault")))
    targets = [mount["Target"] for mount in found]
    assert len(targets) == len(set(targets))
    assert str(COPY) in {mount["Source"] for mount in found}


def test_a_working_folder_of_ones_own(project: Project) -> None:
    targets = [str(mount["Target"]) for mount in with_copy(project, AgentConfig(workdir="/srv/p"))]
    assert not any(target.startswith("/pipe-dream") for target in targets)
    assert "/srv/p/.claude/users/qa/workspace" in targets


def test_planted_links_are_not_mounted(project: Project) -> None:
    (project.root / ".claude/sessions").symlink_to("/")
    assert "/" not in {mount["Source"] for mount in with_copy(project, AgentConfig())}


def test_the_request_leaves_an_agent_nothing() -> None:
    config = AgentConfig(image="img:1", command=("claude", "-v"), memory=Memory(2**30), cpus=8, pids=99)
    identity = Identity("/work/My Project", "tu_ui")
    asked = request(identity, config, OWNER, {"A": "b"}, [], "net", 4, {"mark": "1"})
    host = asked.pop("host_config")
    assert asked == {
        "image": "img:1",
        "command": ["claude", "-v"],
        "name": identity.container,
        "hostname": "tu-ui",
        "labels": {
            "qms-tui.project": "/work/My Project",
            "qms-tui.agent": "tu_ui",
            "qms-tui.schema": "1",
            "mark": "1",
        },
        "environment": {"A": "b"},
        "working_dir": "/pipe-dream",
        "user": "1234:5678",
        "tty": True,
        "stdin_open": True,
    }
    assert host["cap_drop"] == ["ALL"]
    assert host["security_opt"] == ["no-new-privileges"]
    assert host["init"] is True
    assert host["network_mode"] == "net"
    assert (host["mem_limit"], host["memswap_limit"], host["pids_limit"]) == (2**30, 2**30, 99)
    assert host["nano_cpus"] == 4_000_000_000  # the engine has no more, and refuses a limit above
    assert host["log_config"]["Config"] == {"max-size": "4m", "max-file": "2"}
    assert not {"privileged", "cap_add", "devices", "pid_mode", "ipc_mode", "ports"} & host.keys()


def test_limits_hold_by_default() -> None:
    host = request(Identity("/p", "qa"), AgentConfig(), OWNER, {}, [], "net", 16, {})["host_config"]
    assert (host["mem_limit"], host["pids_limit"], host["nano_cpus"]) == (4 * 2**30, 512, 2_000_000_000)


@pytest.mark.parametrize(
    ("root", "readable"),
    [
        ("/work/My Project", "my-project"),
        ("/", "project"),
        ("/x/Проект", "project"),
        ("/x/" + "a" * 99, "a" * 24),
        ("/x/caf\udce9", "caf"),
    ],
)
def test_names_tell_and_do_not_collide(root: str, readable: str) -> None:
    assert re.fullmatch(rf"qms-{readable}-[0-9a-f]{{8}}", project_slug(root))
    assert project_slug(root) != project_slug(f"{root}/.")
    assert Identity(root, "qa").container == f"{project_slug(root)}-qa"


def test_what_must_hold_wins_over_what_passed() -> None:
    passed = {"HOME": "/root", "QMS_USER": "claude", "TERM": "dumb", "HTTPS_PROXY": "http://proxy"}
    found = environment("qa", PLAIN, passed)
    assert found == {
        "HTTPS_PROXY": "http://proxy", "TERM": "xterm-256color", "COLORTERM": "truecolor", "QMS_USER": "qa",
        "CLAUDE_CONFIG_DIR": "/claude-config", "HOME": "/home/agent", "LANG": "C.UTF-8",
    }  # fmt: skip
