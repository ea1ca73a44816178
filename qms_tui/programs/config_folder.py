"""Where an agent's program keeps its own files: settings, login, conversations, what it says of itself.

In a container that is `.claude/users/NAME/container` of the project. A program of this machine has a folder
in the user's state folder instead:

    local/KEY/.project   JSON: the project's root
    local/KEY/AGENT/     the agent's, 0700

They share nothing: an agent in a container writes its folder as it likes, a hook among its settings for one,
and what a program of this machine finds there would run with the user's rights.
"""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from msgspec import Struct

from qms_tui.errors import ProjectError, refused, state_remedy
from qms_tui.files import make_own_folder, make_private, open_below, open_file_below, replace_file
from qms_tui.project import Project
from qms_tui.text.names import path_word

PROJECT = ".project"  # no agent can be called so


class ConfigFolder(Struct, frozen=True):
    """An agent's own folder, or where it will be; what is in it is the agent's word and is not trusted.

    No component of its path below `base` is followed if it is a link.
    """

    base: Path
    parts: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Its path, for people and for the program."""
        return self.base.joinpath(*self.parts)

    def open(self, *names: str) -> AbstractContextManager[int]:
        """A descriptor of it, or of a folder in it. Raises OSError."""
        return open_below(self.base, (*self.parts, *names))

    def open_file(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A regular file in it, by a relative path, to be read. Raises OSError."""
        return open_file_below(self.base, PurePosixPath(*self.parts, name))

    def read(self, name: str, most: int) -> bytes:
        """At most so many bytes of a regular file in it, by a relative path. Raises OSError."""
        with self.open_file(name) as stream:
            return stream.read(most)


def container_folder(project: Project, agent: str) -> ConfigFolder:
    """That of the agent's containers."""
    return ConfigFolder(project.root, project.folders(agent).config.relative_to(project.root).parts)


def local_folder(project: Project, agent: str) -> ConfigFolder:
    """That of the agent as a program of this machine."""
    return ConfigFolder(local_folders() / path_word(project.root), (agent,))


def local_folders() -> Path:
    """Where the folders of all projects are."""
    import platformdirs

    return platformdirs.user_state_path("qms-tui") / "local"


def make_local_folder(project: Project, agent: str) -> Path:
    """Make it as far as it is missing. Raises ProjectError if it cannot be made, or is not ours alone."""
    folder = local_folder(project, agent)
    try:
        make_own_folder(folder.base.parent.parent)
        for part in (folder.base.parent, folder.base, folder.path):
            make_private(part)
        if not os.path.lexists(folder.base / PROJECT):
            replace_file(folder.base / PROJECT, json.dumps({"project": str(project.root)}).encode())
    except OSError as error:
        raise ProjectError(
            refused(error, folder.path),
            hint=state_remedy(
                error,
                "local agents keep their logins there: a real folder of yours, and no link",
            ),
        ) from error
    return folder.path
