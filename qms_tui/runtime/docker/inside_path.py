"""Where in an agent's container a path of this machine is seen, by the mounts that the container gets."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from docker.types import Mount

from qms_tui.config import Config
from qms_tui.errors import QmsTuiError
from qms_tui.project import Project
from qms_tui.runtime.docker.container import mounts

_NOWHERE = Path("/dev/null")  # what stands over hidden files: only where it stands counts here


class InsidePaths:
    """Of the agents of one project."""

    def __init__(self, project: Project, config: Config) -> None:
        self._project, self._config = project, config

    def __call__(self, agent: str, path: str) -> str | None:
        """The same file as the agent sees it; None if there is no such file, or the agent does not see it.

        Links are followed first: inside, they lead elsewhere.
        """
        real = Path(os.path.realpath(path))
        if not os.path.lexists(real):
            return None
        config = self._config.agent(agent)
        try:
            made = mounts(self._project, agent, config, _NOWHERE, None)
        except QmsTuiError:  # which the agent's start tells
            return None
        ours = {mount.target for mount in config.mounts if mount.ours}
        return seen_at(real, (mount for mount in made if mount["Target"] not in ours))


def seen_at(real: Path, made: Iterable[Mount]) -> str | None:
    """Where these mounts show it; None if none does, or another one lies over it."""
    views = [(str(mount["Source"] or ""), PurePosixPath(mount["Target"])) for mount in made]
    found = [
        (target, target / real.relative_to(source))
        for source, target in views
        if source and source != str(_NOWHERE) and real.is_relative_to(source)
    ]
    for target, path in reversed(found):  # the innermost comes last
        if not any(
            path.is_relative_to(over) and over != target and over.is_relative_to(target) for _, over in views
        ):
            return str(path)
    return None
