"""Any other command: it runs as it is, and what it does only its terminal tells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qms_tui.config import AgentConfig, McpServer
from qms_tui.programs.base import Copyable, Program, Reader
from qms_tui.programs.config_folder import ConfigFolder
from qms_tui.programs.definition_wishes import NO_WISHES, Wishes, read_wishes
from qms_tui.programs.signs import Signs
from qms_tui.project import Project


class Plain(Program):
    """A shell or a wrapper may run another program, `within`: what that would need and say is not kept from
    it, and it is taken for that one as soon as that one's files say that it runs."""

    name = ""
    title = "a plain command"
    has_own_files = False

    def __init__(self, within: Program) -> None:
        self._within = within
        self.instructions, self.logins = within.instructions, within.logins
        self.defaults, self.newest_tested = within.defaults, within.newest_tested
        self.nothing = within.nothing

    def command_line(
        self, config: AgentConfig, kit: str | None, *, trusted: bool = True, wishes: Wishes = NO_WISHES
    ) -> tuple[str, ...]:
        """As it is configured."""
        return (*config.command, *config.args)

    def wishes(self, definition: bytes, *, trusted: bool) -> Wishes:
        """It obeys none."""
        return read_wishes(definition, f"on a program that is not {self._within.title}")

    def environment(self, folder: str) -> dict[str, str]:
        """That of the program within."""
        return self._within.environment(folder)

    def server_list(
        self, agent: str, servers: Sequence[McpServer], bridge: Sequence[str], address: str = ""
    ) -> str:
        """That of the program within."""
        return self._within.server_list(agent, servers, bridge, address)

    def reader(self, project: Project, agent: str, folder: ConfigFolder | None = None) -> Reader:
        """That of the program within."""
        return self._within.reader(project, agent, folder)

    def clear(self, folder: ConfigFolder) -> None:
        """As the program within."""
        self._within.clear(folder)

    def copyable(self, source: ConfigFolder, cwds: Sequence[str]) -> Copyable:
        """What the program within has."""
        return self._within.copyable(source, cwds)

    def copy(self, source: ConfigFolder, target: Path, cwds: Sequence[str], cwd: str) -> Copyable:
        """What the program within has."""
        return self._within.copy(source, target, cwds, cwd)

    def works_since(self, signs: Signs, title: str, now: float) -> float:
        """As the program within."""
        return self._within.works_since(signs, title, now)

    def untested(self, version: str) -> str:
        """Of the program within."""
        return self._within.untested(version)
