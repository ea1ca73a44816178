"""The engines that there are, by name: the one place outside their own folders that knows them."""

from __future__ import annotations

from collections.abc import Callable

from qms_tui.errors import EngineError
from qms_tui.runtime.base import ContainerSource


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
