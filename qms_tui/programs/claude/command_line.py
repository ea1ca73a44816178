"""The command line of Claude Code, with what qms-tui knows."""

from __future__ import annotations

from collections.abc import Sequence

from qms_tui.config import AgentConfig
from qms_tui.programs.definition_wishes import NO_WISHES, Wishes

_OWN_SERVERS = frozenset({"--mcp-config", "--strict-mcp-config"})


def command_line(
    config: AgentConfig, kit: str | None, *, trusted: bool = True, wishes: Wishes = NO_WISHES
) -> tuple[str, ...]:
    """What the agent runs.

    `wishes` are its definition's: a model, and the only ones of the client's own tools that it is to have;
    settings win.

    `kit` is the folder of our files where the program runs, if there is one. In a project that is not
    `trusted` the client reads none of its settings, hooks, servers, skills and instructions. What the
    configured command itself says is never said again; what it leaves open comes behind it, and `args` last.
    """
    command = config.command
    said = {word.partition("=")[0] for word in (*command[1:], *config.args)}
    added: list[str] = []
    if kit is not None and "--settings" not in said:
        added += ["--settings", f"{kit}/settings.json"]
    if kit is not None and not said & _OWN_SERVERS:
        added += ["--mcp-config", f"{kit}/mcp.json", "--strict-mcp-config"]
    elif not trusted and "--strict-mcp-config" not in said:
        added += ["--strict-mcp-config"]
    if not trusted and "--setting-sources" not in said:
        added += ["--setting-sources", "user"]
    if (wanted := config.model or wishes.model) is not None and "--model" not in said:
        added += ["--model", wanted]
    if config.permission_mode is not None and "--permission-mode" not in said:
        added += ["--permission-mode", config.permission_mode.value]
    if wishes.tools is not None and "--tools" not in said:
        added += [f"--tools={','.join(_available(wishes.tools, config.tools))}"]
    # Behind `=`, where it ends: `--allowedTools Edit Read` would take the words that follow for tools too.
    if config.tools:
        added += [f"--allowedTools={','.join(config.tools)}"]
    return (command[0], *added, *command[1:], *config.args)


def _available(only: Sequence[str], allowed: Sequence[str]) -> list[str]:
    """Without those of MCP servers, which the option does not name, and with what the settings allow."""
    names = (tool.partition("(")[0] for tool in (*only, *allowed))
    return [name for name in dict.fromkeys(names) if not name.startswith("mcp__")]
