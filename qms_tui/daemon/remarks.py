"""What a human should be told of agents that they open."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from qms_tui.config import Config, RuntimeKind
from qms_tui.keeper.runtimes import ignored_wishes
from qms_tui.programs import local_copy
from qms_tui.project import Project
from qms_tui.runtime.logins import shared_logins


class Asked(Struct, frozen=True):
    """Which agents, and where each runs."""

    project: Project
    config: Config
    agents: tuple[str, ...]
    kind: Callable[[str], RuntimeKind]


def of_agents(asked: Asked, host: Mapping[str, str]) -> list[str]:
    """What there is to say; `host` are the variables that theirs are taken from. Blocking."""
    contained = [name for name in asked.agents if asked.kind(name) is RuntimeKind.DOCKER]
    local = [name for name in asked.agents if name not in contained]
    project, config = asked.project, asked.config
    return [
        *local_copy.remarks(project, config, local),
        *shared_logins(map(config.agent, local), host, isolated=False),
        *shared_logins(map(config.agent, contained), host),
        *ignored_wishes(project, config, contained),
    ]
