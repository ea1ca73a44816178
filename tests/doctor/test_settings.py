"""What settings name and is not there has a line."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from qms_tui.config import AgentConfig, Config, Mount
from qms_tui.doctor.settings import EVERYBODY, settings
from qms_tui.project import Project

AGENTS = ("claude", "qa")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    (root / ".claude/agents").mkdir(parents=True)
    return Project(root)


def lines(project: Project, agent: AgentConfig) -> list[str]:
    config = Config(every_agent=agent)
    return [f"{each.subject} {each.text}" for each in settings(project, config, AGENTS, {"TZ": "UTC"})]


def test_all_is_well(project: Project) -> None:
    assert lines(project, AgentConfig(env=("TZ",))) == []


def test_what_is_missing_is_said_once(project: Project) -> None:
    nowhere = project.root / "nowhere"
    agent = AgentConfig(env=("LANG",), env_file=nowhere, mounts=(Mount(nowhere, "/data"),))
    assert lines(project, agent) == [
        f"{EVERYBODY} env_file {nowhere}: No such file or directory",
        f"{EVERYBODY} agent.env names LANG, which is not set here",
        f"{EVERYBODY} agent.mounts: {nowhere}: No such file or directory",
    ]


def test_of_one_agent_it_has_its_name(project: Project) -> None:
    config = Config(overrides=MappingProxyType({"qa": AgentConfig("qa", env=("LANG",))}))
    (finding,) = settings(project, config, AGENTS, {})
    assert (finding.subject, finding.remedy) == ("qa", "export LANG, or leave it out")


def test_a_line_of_an_env_file_that_never_arrives(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "agent.env"
    file.write_text("A=b\nTERM=dumb\n")
    (line,) = lines(project, AgentConfig(env_file=file))
    assert line.endswith("agent.env, line 2: TERM is set by qms-tui itself")


def test_a_token_that_the_agent_cannot_read(project: Project, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("x")
    token.chmod(0)
    (line,) = lines(project, AgentConfig(token_file=token))
    assert "cannot be read by user" in line
    token.chmod(0o444)
    assert lines(project, AgentConfig(token_file=token)) == []
