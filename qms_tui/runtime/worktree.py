"""A git worktree as the project: the repository that its `.git` names lies elsewhere.

Without that repository every git command in a container ends with "not a git repository". It is mounted
read-only, where `.git` says, if it cannot be anything else than it looks like: the file is the project's, and
a project may be a stranger's. So the project must be trusted, the repository must know this very worktree,
and both must belong to one user.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from qms_tui.config import AgentConfig, Config, Mount
from qms_tui.errors import ProjectError
from qms_tui.files import open_file_below
from qms_tui.project import Project
from qms_tui.runtime.host_path import walk
from qms_tui.runtime.path_rules import path_rules

LARGEST = 4096  # bytes of a file that holds one path
_PREFIX = "gitdir: "
_GIT = PurePosixPath(".git")
_SAID = "git does not work in agents' containers"
# Where an image has its programs, and a container its own files.
_TAKEN = (
    "/bin", "/boot", "/claude-config", "/dev", "/etc", "/home/agent", "/lib", "/lib32", "/lib64", "/proc",
    "/run", "/sbin", "/sys", "/usr",
)  # fmt: skip


def with_repository(project: Project, config: Config) -> Config:
    """Agents see the repository of a worktree, read-only; a notice if they cannot."""
    try:
        folder = repository(project, config)
    except ProjectError as why:
        return dataclasses.replace(config, notices=(*config.notices, f"{why.message}: {why.hint}"))
    if folder is None:
        return config
    mount = Mount(folder, str(folder))
    overrides = {name: _with(agent, mount) for name, agent in config.overrides.items()}
    every_agent = _with(config.every_agent, mount)
    return dataclasses.replace(config, every_agent=every_agent, overrides=MappingProxyType(overrides))


def repository(project: Project, config: Config) -> Path | None:
    """The repository that the project is a worktree of; None if its own `.git` is a folder, or there is none.

    Raises ProjectError if it must not be mounted, or `.git` points to something else.
    """
    try:
        text = _line(project.root, _GIT)
    except (OSError, UnicodeDecodeError):
        return None
    named = Path(text.removeprefix(_PREFIX))
    if not text.startswith(_PREFIX) or not named.is_absolute() or named.parent.name != "worktrees":
        raise ProjectError(
            f"{_SAID}: .git is a file, and names no worktree", hint="clone the project instead"
        )
    if not config.trusted:
        raise ProjectError(
            f"{_SAID}: .git leads out of the project, which is not trusted", hint="qms-tui trust"
        )
    folder = named.parents[1]
    try:
        _check(project, named, folder)
        with walk(folder, links=False) as way:
            refusal = path_rules(project, config, project.owner()).refusal(way)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise ProjectError(f"{_SAID}: {named}: {why}", hint="look at: git worktree list") from error
    if refusal is not None:
        raise ProjectError(f"{_SAID}: {refusal.why}", hint=refusal.remedy)
    return folder


def _with(agent: AgentConfig, mount: Mount) -> AgentConfig:
    return dataclasses.replace(agent, mounts=(*agent.mounts, mount))


def _check(project: Project, named: Path, folder: Path) -> None:
    """Raise ProjectError unless it is a repository that has this worktree, and whose both are."""
    back = _line(folder, PurePosixPath("worktrees", named.name, "gitdir"))
    common = _line(folder, PurePosixPath("worktrees", named.name, "commondir"))
    if Path(back) != project.root / _GIT or common != "../..":
        raise ProjectError(f"{_SAID}: {named} is of another worktree", hint="git worktree repair")
    if os.lstat(folder).st_uid != os.lstat(project.root).st_uid:
        raise ProjectError(f"{_SAID}: {folder} is another user's", hint="clone the project instead")
    if any(folder.is_relative_to(taken) for taken in _TAKEN):
        raise ProjectError(f"{_SAID}: {folder} would stand in a container's own folders", hint="move it")


def _line(base: Path, path: PurePosixPath) -> str:
    """The only line of a file. Raises OSError, UnicodeDecodeError."""
    with open_file_below(base, path) as stream:
        return stream.read(LARGEST).decode().rstrip("\n")
