"""Where agents' logins come from, and which of them share one. Names only, never a secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qms_tui.config import AgentConfig

VARIABLES = ("CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY")


def source(config: AgentConfig, host: Mapping[str, str]) -> str:
    """The file, or the variable of the host's environment; empty for an agent that logs in on its own."""
    if config.token_file is not None:
        return str(config.token_file)
    return next((name for name in VARIABLES if name in config.env and host.get(name)), "")


def shared_logins(configs: Iterable[AgentConfig], host: Mapping[str, str]) -> list[str]:
    """A sentence for each login that several agents use."""
    users: dict[str, list[str]] = {}
    for config in configs:
        users.setdefault(source(config, host), []).append(config.name)
    return [
        f"shared login of {', '.join(names)}: {where}"
        for where, names in users.items()
        if where and names[1:]
    ]
