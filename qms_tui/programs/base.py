"""What every agent's program promises: how it is begun, gone on with, logged in, and told apart.

Add one with a folder beside `claude/` and a line in registry.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct

from qms_tui.config import AgentConfig, Judged, McpServer
from qms_tui.programs.config_folder import ConfigFolder
from qms_tui.programs.definition_wishes import NO_WISHES, Wishes
from qms_tui.programs.logins import Evidence, Way
from qms_tui.programs.report import Report
from qms_tui.programs.signs import Signs
from qms_tui.project import Project


class Reader(Protocol):
    """Reads what a program says in an agent's own folder, again and again. Not for two threads at once."""

    @property
    def nothing(self) -> Report:
        """What an empty folder says."""

    def read(self, now: float) -> Report:
        """What is there; the very same object if nothing is new. `now` is monotonic. Blocking."""

    def close(self) -> None:
        """Let go of the folder; idempotent."""


class Logins(Protocol):
    """The ways to log a program in, and where it says how that stands."""

    @property
    def variables(self) -> Sequence[str]:
        """Those of the environment that may be a login."""

    def way_in(self, variables: Mapping[str, str], *, token: bool) -> Way | None:
        """Which of these it takes; None if it takes none, or rather the file of a token, if it has one."""

    def project_login(self, judged: Sequence[Judged]) -> str:
        """What in a project's own files is a login, in words; empty if nothing is."""

    def evidence(self, folder: ConfigFolder, began: float | None) -> Evidence:
        """What its own files say, with its turns if it `began` then and runs.

        Raises PermissionError if this user is not allowed to look. Blocking.
        """


class _NoLogins:
    """Those of a program that needs none."""

    variables: Sequence[str] = ()

    def way_in(self, variables: Mapping[str, str], *, token: bool) -> Way | None:
        return None

    def project_login(self, judged: Sequence[Judged]) -> str:
        return ""

    def evidence(self, folder: ConfigFolder, began: float | None) -> Evidence:
        return Evidence()


NO_LOGINS = _NoLogins()


class Instructions(Struct, frozen=True):
    """Where a program looks for what it is to do: in the project, and on its machine whatever the project."""

    project: str
    machine: PurePosixPath


def _nothing_reaching(definition: bytes) -> tuple[str, ...]:
    return ()


class ProjectFiles(Struct, frozen=True):
    """What of a trusted project's own files a program obeys or runs, by paths in the project."""

    settings: str = ""
    """A pattern: the last name of those that lie in one folder, and of those in the program's own."""
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    """Whose contents it obeys, whatever they are."""
    reaching: Callable[[bytes], tuple[str, ...]] = _nothing_reaching
    """The keys of a definition, by its beginning, that it obeys besides words for the model."""

    def is_settings(self, path: str) -> bool:
        """Whether that file is among the settings."""
        return fnmatchcase(path, self.settings)


class Copyable(Struct, frozen=True):
    """What an agent's container has that may be copied, or what of it has been."""

    login: bool = False
    conversations: int = 0

    def __str__(self) -> str:
        count = self.conversations
        words = f"{count or 'no'} conversation{'' if count == 1 else 's'}"
        return f"{'a' if self.login else 'no'} login, {words}"

    def __bool__(self) -> bool:
        return self.login or self.conversations > 0


class Program(ABC):
    """One that agents run. What is not abstract is so of a program that can no more than be begun."""

    name: str
    """Its command's file name."""
    title: str
    """Its name for people."""
    has_own_files: bool = True
    """Whether it keeps files in a folder of its own, and says there what it does."""
    instructions: Instructions
    home_secrets: Sequence[str] = ()
    """The files in a user's home with that user's own login, which no agent may see."""
    project_files: ProjectFiles = ProjectFiles()
    logins: Logins = NO_LOGINS
    defaults: Mapping[str, str] = MappingProxyType({})
    """The variables that it has unless others are passed on."""
    nothing: Report = Report()
    """What is known of one that has said nothing."""
    newest_tested: str = ""
    """The newest of its versions that was tried with us."""

    # -- how it is begun --------------------------------------------------------------------------------

    @abstractmethod
    def command_line(
        self, config: AgentConfig, kit: str | None, *, trusted: bool = True, wishes: Wishes = NO_WISHES
    ) -> tuple[str, ...]:
        """What the agent runs; `kit` is the folder of our files where it does, if there is one.

        In a project that is not `trusted` it takes nothing from that project's own files. `wishes` are its
        definition's; settings win.
        """

    @abstractmethod
    def wishes(self, definition: bytes, *, trusted: bool) -> Wishes:
        """What the front matter of an agent's own definition asks for, and what of it has an effect."""

    def resuming(self, config: AgentConfig, folder: ConfigFolder, cwd: str) -> tuple[str, ...]:
        """The agent's command for a new start in `cwd`: with what resumes its last conversation where there
        is one, else as configured. `folder` is its own. Blocking."""
        return config.command

    def environment(self, folder: str) -> dict[str, str]:
        """The variables that it must have; `folder` is its own, where it runs."""
        return {}

    @abstractmethod
    def server_list(
        self, agent: str, servers: Sequence[McpServer], bridge: Sequence[str], address: str = ""
    ) -> str:
        """The text of the file in which it finds the MCP servers that the agent may use.

        Each is reached through its own `bridge`, a command to which its name is added; `address` is where
        the gateway listens for agents without a socket of their own.
        """

    # -- its own folder ---------------------------------------------------------------------------------

    @abstractmethod
    def reader(self, project: Project, agent: str, folder: ConfigFolder | None = None) -> Reader:
        """Reads an agent's own folder: that of its container, unless another is given."""

    def clear(self, folder: ConfigFolder) -> None:  # noqa: B027 most have nothing to remove
        """Remove from it what would keep one that starts now from going on. Blocking."""

    def conversations(self, folder: ConfigFolder) -> int:
        """How many lie in it that could be gone on with, as far as anybody counts. Blocking."""
        return 0

    def copyable(self, source: ConfigFolder, cwds: Sequence[str]) -> Copyable:
        """What an agent's folder has that may be copied to another: a login, conversations in `cwds`."""
        return Copyable()

    def copy(self, source: ConfigFolder, target: Path, cwds: Sequence[str], cwd: str) -> Copyable:
        """Copy of that what the folder `target` does not have, as conversations in `cwd`; what was copied.

        Raises OSError, ProjectError.
        """
        return Copyable()

    # -- what it does -----------------------------------------------------------------------------------

    def works_since(self, signs: Signs, title: str, now: float) -> float:
        """Since when its title shows work, now that it has become this one; 0 if it shows none."""
        return 0.0

    def untested(self, version: str) -> str:
        """What there is to say of a version, if it was not tried with us; empty if it was."""
        return ""
