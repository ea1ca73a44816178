"""Claude Code, as what every program promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from qms_tui.config import AgentConfig, Judged, McpServer
from qms_tui.programs.base import Copyable, Instructions, Logins, Program
from qms_tui.programs.claude import (
    client_versions,
    command_line,
    local_copy,
    login_files,
    logins,
    mcp_servers,
    registry_files,
    resume,
    title,
)
from qms_tui.programs.claude.project_files import PROJECT_FILES
from qms_tui.programs.claude.reader import ClaudeReader
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.claude.values import NAME
from qms_tui.programs.config_folder import ConfigFolder
from qms_tui.programs.definition_wishes import NO_WISHES, Wishes, read_wishes
from qms_tui.programs.logins import Evidence, Way
from qms_tui.programs.report import Report
from qms_tui.programs.signs import Signs
from qms_tui.project import Project


class _Logins:
    variables: Sequence[str] = logins.VARIABLES

    def way_in(self, variables: Mapping[str, str], *, token: bool) -> Way | None:
        return logins.way_in(variables, token=token)

    def project_login(self, judged: Sequence[Judged]) -> str:
        return logins.project_login(judged)

    def evidence(self, folder: ConfigFolder, began: float | None) -> Evidence:
        return login_files.evidence(folder, began)


class Claude(Program):
    """Claude Code."""

    name = NAME
    title = "Claude Code"
    # It reads the second on every start, whatever the project.
    instructions = Instructions("CLAUDE.md", PurePosixPath("/etc/claude-code/CLAUDE.md"))
    home_secrets = (".claude/.credentials.json",)
    project_files = PROJECT_FILES
    logins: Logins = _Logins()
    # Else the left arrow at an empty prompt moves its session to where its pane no longer shows it. Whoever
    # wants that passes the variable on as 0.
    defaults = MappingProxyType({"CLAUDE_CODE_DISABLE_AGENT_VIEW": "1"})
    nothing: Report = ClaudeReport()
    newest_tested = client_versions.NEWEST

    def command_line(
        self, config: AgentConfig, kit: str | None, *, trusted: bool = True, wishes: Wishes = NO_WISHES
    ) -> tuple[str, ...]:
        """With our settings and servers, and what is configured."""
        return command_line.command_line(config, kit, trusted=trusted, wishes=wishes)

    def wishes(self, definition: bytes, *, trusted: bool) -> Wishes:
        """It obeys those of a project that is trusted."""
        return read_wishes(definition, "" if trusted else "until the project is trusted")

    def resuming(self, config: AgentConfig, folder: ConfigFolder, cwd: str) -> tuple[str, ...]:
        """With --continue, where it has a conversation."""
        return resume.resuming(config, folder, cwd)

    def environment(self, folder: str) -> dict[str, str]:
        """Where its own files are."""
        return {"CLAUDE_CONFIG_DIR": folder}

    def server_list(
        self, agent: str, servers: Sequence[McpServer], bridge: Sequence[str], address: str = ""
    ) -> str:
        """The JSON of its --mcp-config."""
        return mcp_servers.server_list(agent, servers, bridge, address)

    def reader(self, project: Project, agent: str, folder: ConfigFolder | None = None) -> ClaudeReader:
        """Reads its registry of sessions, what its hooks and its status line write, its login."""
        return ClaudeReader(project, agent, folder)

    def clear(self, folder: ConfigFolder) -> None:
        """Remove what clients that were killed have left in its registry."""
        registry_files.clear_registry(folder)

    def conversations(self, folder: ConfigFolder) -> int:
        """Those of all folders that it has worked in."""
        return resume.conversations(folder)

    def copyable(self, source: ConfigFolder, cwds: Sequence[str]) -> Copyable:
        """Its login by /login, and its conversations."""
        return local_copy.copyable(source, cwds)

    def copy(self, source: ConfigFolder, target: Path, cwds: Sequence[str], cwd: str) -> Copyable:
        """Both, and of them only what is known to be harmless."""
        return local_copy.copy(source, target, cwds, cwd)

    def works_since(self, signs: Signs, title_text: str, now: float) -> float:
        """A mark turns in it."""
        return title.works_since(signs, title_text, now)

    def untested(self, version: str) -> str:
        """By the range of versions that was tried."""
        return client_versions.untested(version)
