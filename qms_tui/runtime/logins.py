"""Where agents' logins come from, and which of them share one. Names only, never a secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qms_tui.config import AgentConfig
from qms_tui.errors import ConfigError
from qms_tui.runtime.environment import passed_on

VARIABLES = ("CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY")
# What else the client takes for one: another gateway's token, and the clouds' own ways.
OTHERS = ("ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX")


def source(config: AgentConfig, host: Mapping[str, str]) -> str:
    """The file, or the variable of the host's environment; empty for an agent that logs in on its own."""
    if config.token_file is not None:
        return str(config.token_file)
    return next((name for name in VARIABLES if name in config.env and host.get(name)), "")


def login(config: AgentConfig, host: Mapping[str, str], *, isolated: bool) -> str:
    """Where its login comes from, in a few words, also by its env_file; empty as above.

    What is not isolated has all of the host's environment.
    """
    if config.token_file is not None:
        return "its token_file"
    try:
        passed = passed_on(config, host)
    except ConfigError:
        return ""  # whoever starts it says so
    if not isolated:
        passed = {**host, **passed}
    return next((name for name in (*VARIABLES, *OTHERS) if passed.get(name)), "")


def unset(config: AgentConfig, host: Mapping[str, str]) -> str:
    """A variable that is to be its login and is not set here; the agent may have been started elsewhere."""
    return next((name for name in (*VARIABLES, *OTHERS) if name in config.env and not host.get(name)), "")


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
