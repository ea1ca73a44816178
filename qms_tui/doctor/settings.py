"""What agents' settings name on this machine: files, folders, variables, networks that are not there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from qms_tui.config import AgentConfig, Config
from qms_tui.doctor.finding import Finding, error, failed, warning
from qms_tui.errors import QmsTuiError, remedy
from qms_tui.project import Project
from qms_tui.runtime.docker.engine import Engine, engine_errors
from qms_tui.runtime.docker.outfit import check_token
from qms_tui.runtime.environment import passed_on
from qms_tui.runtime.path_rules import path_rules

_OWN_NETWORKS = ("project", "none")
EVERYBODY = "agents"


def settings(
    project: Project, config: Config, agents: Sequence[str], environment: Mapping[str, str]
) -> Iterator[Finding]:
    """Of all agents; what is wrong for several of them in the same way is said once."""
    rules = path_rules(project, config, project.owner())

    def judge(agent: AgentConfig) -> Iterator[Finding]:
        yield from _token(agent, project)
        try:
            passed_on(agent, environment, rules)
        except QmsTuiError as why:
            yield failed(agent.name, why)
        for name in agent.env:
            if name not in environment:
                said = f"agent.env names {name}, which is not set here"
                yield warning(agent.name, said, f"export {name}, or leave it out")
        yield from _mounts(agent)

    yield from _once([each for agent in agents for each in judge(config.agent(agent))])


def networks(engine: Engine, config: Config, agents: Sequence[str]) -> Iterator[Finding]:
    """Networks that the engine does not have. Raises EngineError."""
    named = {agent: config.agent(agent).network for agent in agents}
    if set(named.values()) <= set(_OWN_NETWORKS):
        return
    with engine_errors("cannot list networks"):
        there = {network["Name"] for network in engine.api.networks()}
    missing = {agent: name for agent, name in named.items() if name not in there | set(_OWN_NETWORKS)}
    yield from _once(
        [
            error(agent, f"the engine has no network {name}", f"docker network create {name}, or another")
            for agent, name in missing.items()
        ]
    )


def _token(agent: AgentConfig, project: Project) -> Iterator[Finding]:
    """One that is there and of no use; that it is missing is said with the login."""
    if agent.token_file is not None and agent.token_file.is_file():
        try:
            check_token(agent, project.owner())
        except QmsTuiError as why:
            yield failed(agent.name, why)


def _mounts(agent: AgentConfig) -> Iterator[Finding]:
    for mount in agent.mounts:
        if mount.ours:
            continue
        try:
            os.stat(mount.source)
        except OSError as why:
            said = f"agent.mounts: {mount.source}: {why.strerror}"
            yield error(agent.name, said, remedy(why, f"it is to be mounted at {mount.target}"))


def _once(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Each text once; the subject of what several agents share is all of them."""
    subjects: dict[str, list[Finding]] = {}
    for each in findings:
        subjects.setdefault(each.text, []).append(each)
    for same in subjects.values():
        first = same[0]
        named = {each.subject for each in same}
        subject = first.subject if len(named) == 1 else EVERYBODY
        yield Finding(subject, first.verdict, first.text, first.remedy)
