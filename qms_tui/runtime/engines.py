"""The engines that there are, by name: the one place outside their own folders that knows them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qms_tui.config import Config
from qms_tui.errors import EngineError
from qms_tui.project import Project

if TYPE_CHECKING:
    from qms_tui.runtime.base import ContainerSource, EngineRuntime
    from qms_tui.runtime.docker import ProjectContainers


def engine_host(config: Config, environment: Mapping[str, str] = os.environ) -> str:
    """The address of the engine that holds with these variables. Raises EngineError."""
    from qms_tui.runtime.docker.address import find_address

    return find_address(config.engine.host, environment, Path.home()).host


def engine_runtime(project: Project, config: Config) -> EngineRuntime:
    """The project's containers on the engine that holds here, for an event loop. Raises EngineError."""
    from qms_tui.runtime.docker import DockerRuntime, connect

    return DockerRuntime(connect(config.engine.host), project, config, os.environ)


def project_containers(project: Project, config: Config) -> ProjectContainers:
    """The same for a command. Raises EngineError."""
    from qms_tui.runtime.docker import ProjectContainers, connect

    return ProjectContainers(connect(config.engine.host), project, config)


def inside_paths(project: Project, config: Config) -> Callable[[str, str], str | None] | None:
    """Where agents in containers see paths of this machine; None if pasted ones are to stay as they are."""
    from qms_tui.runtime.docker.inside_path import InsidePaths

    return InsidePaths(project, config) if config.terminal.paste_paths else None


def container_source(setting: str | None, root: str, engine: str = "docker") -> ContainerSource:
    """The terminals of the containers of the project at `root`; `setting` is where the engine is, if set.

    Raises EngineError. Blocking.
    """
    try:
        connect = _SOURCES[engine]
    except KeyError:
        raise EngineError(f"there is no engine {engine!r}", hint=f"engines: {', '.join(_SOURCES)}") from None
    return connect(setting, root)


def _docker(setting: str | None, root: str) -> ContainerSource:
    """Docker, and what speaks its API."""
    from qms_tui.runtime.docker import connect
    from qms_tui.runtime.docker.tap import Tap

    return Tap(connect(setting), root)


_SOURCES: dict[str, Callable[[str | None, str], ContainerSource]] = {"docker": _docker}
