"""What an agent runs, word for word."""

from __future__ import annotations

import pytest

from qms_tui.config import AgentConfig, PermissionMode
from qms_tui.programs.registry import program_of

OURS = ("--settings", "/ours/settings.json")
SERVERS = ("--mcp-config", "/ours/mcp.json", "--strict-mcp-config")


@pytest.mark.parametrize(
    ("config", "ours", "command"),
    [
        (AgentConfig(), "/ours", ("claude", *OURS, *SERVERS)),
        (AgentConfig(), None, ("claude",)),
        (AgentConfig(command=("/opt/claude",)), "/ours", ("/opt/claude", *OURS, *SERVERS)),
        (AgentConfig(args=("--verbose",)), None, ("claude", "--verbose")),
        (AgentConfig(model="opus"), None, ("claude", "--model", "opus")),
        (
            AgentConfig(permission_mode=PermissionMode.PLAN),
            None,
            ("claude", "--permission-mode", "plan"),
        ),
        (
            AgentConfig(tools=("Edit", "Bash(git log:*)")),
            None,
            ("claude", "--allowedTools=Edit,Bash(git log:*)"),
        ),
        (
            AgentConfig(
                command=("claude", "--model", "haiku", "--", "a prompt"), model="opus", args=("more",)
            ),
            "/ours",
            ("claude", *OURS, *SERVERS, "--model", "haiku", "--", "a prompt", "more"),
        ),
        (AgentConfig(args=("--settings=mine.json",)), "/ours", ("claude", *SERVERS, "--settings=mine.json")),
        (
            AgentConfig(command=("claude", "--mcp-config", "mine.json")),
            "/ours",
            ("claude", *OURS, "--mcp-config", "mine.json"),
        ),
        (
            AgentConfig(command=("codex", "--full-auto"), model="opus", args=("-x",)),
            "/ours",
            ("codex", "--full-auto", "-x"),
        ),
    ],
)
def test_the_command(config: AgentConfig, ours: str | None, command: tuple[str, ...]) -> None:
    assert program_of(config.command).command_line(config, ours) == command
