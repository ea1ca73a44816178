"""The command line of an agent: Claude Code's with what qms-tui knows, any other program's as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from qms_tui.config import AgentConfig

CLIENT = "claude"
_OWN_SERVERS = frozenset({"--mcp-config", "--strict-mcp-config"})


def is_client(command: Sequence[str]) -> bool:
    """Whether it is Claude Code, by its name."""
    return PurePath(command[0]).name == CLIENT


def command_line(
    config: AgentConfig,
    ours: str | None,
    *,
    trusted: bool = True,
    model: str | None = None,
    only: Sequence[str] | None = None,
) -> tuple[str, ...]:
    """What the agent runs.

    `model` and `only`, the client's own tools that it is to have, are its definition's; settings win.

    `ours` is the folder of our files where the program runs, if there is one. In a project that is not
    `trusted` the client reads none of its settings, hooks, servers, skills and instructions. What the
    configured command itself says is never said again; what it leaves open comes behind it, and `args` last.
    """
    command = config.command
    if not is_client(command):
        return (*command, *config.args)
    said = {word.partition("=")[0] for word in (*command[1:], *config.args)}
    added: list[str] = []
    if ours is not None and "--settings" not in said:
        added += ["--settings", f"{ours}/settings.json"]
    if ours is not None and not said & _OWN_SERVERS:
        added += ["--mcp-config", f"{ours}/mcp.json", "--strict-mcp-config"]
    elif not trusted and "--strict-mcp-config" not in said:
        added += ["--strict-mcp-config"]
    if not trusted and "--setting-sources" not in said:
        added += ["--setting-sources", "user"]
    if (wanted := config.model or model) is not None and "--model" not in said:
        added += ["--model", wanted]
    if config.permission_mode is not None and "--permission-mode" not in said:
        added += ["--permission-mode", config.permission_mode.value]
    if only is not None and "--tools" not in said:
        added += [f"--tools={','.join(_available(only, config.tools))}"]
    # Behind `=`, where it ends: `--allowedTools Edit Read` would take the words that follow for tools too.
    if config.tools:
        added += [f"--allowedTools={','.join(config.tools)}"]
    return (command[0], *added, *command[1:], *config.args)


def _available(only: Sequence[str], allowed: Sequence[str]) -> list[str]:
    """Without those of MCP servers, which the option does not name, and with what the settings allow."""
    names = (tool.partition("(")[0] for tool in (*only, *allowed))
    return [name for name in dict.fromkeys(names) if not name.startswith("mcp__")]
