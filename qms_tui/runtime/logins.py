"""Where an agent's login comes from by the configuration, and which agents share one.

Names only, never a secret.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from qms_tui.config import AgentConfig, Config
from qms_tui.errors import ConfigError
from qms_tui.programs.logins import Given
from qms_tui.programs.registry import program_of
from qms_tui.runtime.environment import passed_on


def given(config: AgentConfig, host: Mapping[str, str], *, isolated: bool) -> Given | None:
    """Its login by the configuration; None for an agent that logs in on its own.

    What is not isolated has all of the host's environment.
    """
    variables = {} if isolated else dict(host)
    try:
        variables |= passed_on(config, host)
    except ConfigError:  # whoever starts it says so
        variables |= {name: host[name] for name in config.env if name in host}
    way = program_of(config.command).logins.way_in(variables, token=config.token_file is not None)
    if way is not None:
        is_host = variables[way.variable] == host.get(way.variable)
        return Given(way.variable, way.identity, "your environment" if is_host else "its env_file")
    return Given(str(config.token_file), _identity(config.token_file)) if config.token_file else None


def source(config: AgentConfig, host: Mapping[str, str], *, isolated: bool = True) -> str:
    """The file, or the variable; empty for an agent that logs in on its own."""
    found = given(config, host, isolated=isolated)
    return found.where if found else ""


def login(config: AgentConfig, host: Mapping[str, str], *, isolated: bool) -> str:
    """Where its login comes from, in a few words; empty as above."""
    found = given(config, host, isolated=isolated)
    if found is None:
        return ""
    return found.where if found.place else "its token_file"


def project_login(config: Config, agent: str) -> str:
    """What in the project's own files is a login of the agent's program, in words; empty if nothing is."""
    if not config.trusted:
        return ""
    return program_of(config.agent(agent).command).logins.project_login(config.judged)


def unset(config: AgentConfig, host: Mapping[str, str]) -> str:
    """A variable that is to be its login and is not set here; the agent may have been started elsewhere."""
    names = program_of(config.command).logins.variables
    return next((name for name in names if name in config.env and not host.get(name)), "")


def shared_logins(
    configs: Iterable[AgentConfig], host: Mapping[str, str], *, isolated: bool = True
) -> list[str]:
    """A sentence for each login that several agents use."""
    users: dict[tuple[str, ...], list[str]] = {}
    words: dict[tuple[str, ...], str] = {}
    for config in configs:
        may = isolated or program_of(config.command).has_own_files
        found = given(config, host, isolated=isolated) if may else None
        if found is not None:
            users.setdefault(found.identity, []).append(config.name)
            words.setdefault(found.identity, found.where)
    return [
        f"shared login of {', '.join(names)}: {words[identity]}"
        for identity, names in users.items()
        if names[1:]
    ]


def _identity(file: Path) -> tuple[str, ...]:
    """A file has several names; one that is not there has only that."""
    try:
        status = os.stat(file)
    except OSError:
        return ("file", str(file))
    return ("file", str(status.st_dev), str(status.st_ino))
