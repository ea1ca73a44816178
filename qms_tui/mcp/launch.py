"""How a server's program is launched: in which folder, and with which environment.

A server is the user's own, with the user's rights and environment, but many programs take code from where
they start: `python -m` a module, `npx` what lies in `node_modules/.bin`, others their configuration, which
names code in turn. So in a project that is not trusted it starts in an empty folder of ours, and nothing in
its environment leads into the project.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from qms_tui.config import McpServer, Program, refusal
from qms_tui.files import open_private
from qms_tui.project import Project

_PATH_IN_TEXT = re.compile(r"/[^\s:;,='\"]*")


class LaunchSpec(Struct, frozen=True):
    """What is started, where, and with which variables."""

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]


class LaunchPlace(Struct, frozen=True):
    """Where the servers of one project start; `neutral` holds a folder of each.

    `programs` are the project's own files that their commands name.
    """

    project: Path
    trusted: bool
    neutral: Path
    programs: tuple[Program, ...] = ()

    def spec(self, server: McpServer, host: Mapping[str, str]) -> LaunchSpec:
        """For one start of a server with a command. Blocking: a server may have left many files.

        Raises OSError if there is no place for it.
        """
        assert server.command is not None
        if why := refusal(Project(self.project), self.programs, server.command):
            raise OSError(errno.EPERM, f"{why}: open the project again, or run qms-tui trust")
        folder = server.cwd or (self.project if self.trusted else self._empty_folder(server.name))
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"there is no folder {folder}", str(folder))
        if self.trusted or (server.cwd is not None and is_inside(folder, self.project)):
            return LaunchSpec(server.command, folder, host)
        own = {"PWD": str(folder)} | ({"PYTHONSAFEPATH": "1"} if server.cwd is None else {})
        return LaunchSpec(server.command, folder, outside_of(self.project, host) | own)

    def _empty_folder(self, name: str) -> Path:
        """A new one at each start: what a server has left there, an agent may have had it write.

        Programs look for code in the folders above, too, so it never lies in the project.
        """
        if is_inside(self.neutral, self.project):
            raise OSError(
                errno.EPERM,
                f"its start folder {self.neutral} would lie in the project, which is not trusted: "
                "set cwd, or trust the project",
            )
        self.neutral.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_private(self.neutral)
        folder = self.neutral / name
        if os.path.lexists(folder):
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)  # whatever the umask
        return folder


def outside_of(project: Path, host: Mapping[str, str]) -> dict[str, str]:
    """The variables without what leads into the project, and PATH without what depends on the folder.

    Entries of lists go one by one; where a path stands in other text, as an option's value, the variable
    goes as a whole.
    """
    kept = {}
    for name, value in host.items():
        entries = [entry for entry in value.split(os.pathsep) if not _leads_into(entry, project)]
        if name == "PATH":
            entries = [entry for entry in entries if os.path.isabs(entry)] or [os.defpath]
        text = os.pathsep.join(entries)
        if (text or not value) and not _mentions(text, project):
            kept[name] = text
    return kept


def is_inside(path: Path, folder: Path) -> bool:
    """Whether it is the folder or lies in it, by its own name or where its links lead.

    Folders are compared as the file system does, since one may have several names.
    """
    ways = {Path(os.path.abspath(path)), Path(os.path.realpath(path))}
    above = {step for way in ways for step in (way, *way.parents)}
    return folder in above or any(_is_same(step, folder) for step in above)


def _leads_into(entry: str, project: Path) -> bool:
    return os.path.isabs(entry) and is_inside(Path(entry), project)


def _mentions(text: str, project: Path) -> bool:
    """Whether a path in the project stands somewhere in the text."""
    named = re.search(re.escape(str(project)) + r"(?![\w.-])", text) is not None
    return named or any(_leads_into(found, project) for found in _PATH_IN_TEXT.findall(text))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def _check_private(folder: Path) -> None:
    """Raise OSError unless it is a real folder of ours that nobody else may enter."""
    try:
        os.close(open_private(folder))
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.EPERM):
            said = f"{folder} is not a folder of this user"
            raise OSError(errno.EPERM, said, str(folder)) from error
        raise
