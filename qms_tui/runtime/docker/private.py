"""What of this machine no agent may see, wherever it lies: in a project, or in what is mounted besides."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from msgspec import Struct

from qms_tui.config import Config
from qms_tui.config.values import Source
from qms_tui.programs.registry import PROGRAMS
from qms_tui.runtime.docker.views import process_views, views

KNOWN_SOCKETS = ("/var/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock")
USER_SOCKETS = ("docker.sock", "podman/podman.sock")  # of rootless engines, in the user's runtime folder
HOME_FOLDERS = (".ssh", ".gnupg")
PROCESSES = "the processes of this machine, with their variables and a way to all files"


class Kind(Enum):
    """What stands there, and so what hides it."""

    FOLDER = "folder"
    FILE = "file"
    SOCKET = "socket"  # made again whenever its engine starts: only its folder hides it for good


class Private(Struct, frozen=True):
    """A place. What is `strict` is refused where it cannot be hidden; else that is the user's own choice."""

    path: Path
    what: str
    kind: Kind = Kind.FOLDER
    strict: bool = True


def own_folders() -> tuple[Path, ...]:
    """Where qms-tui keeps its state, sockets, logs, configuration, and what it remembers of images."""
    import platformdirs

    found = (
        platformdirs.user_state_path("qms-tui"),
        platformdirs.user_config_path("qms-tui"),
        platformdirs.user_log_path("qms-tui"),
        platformdirs.user_cache_path("qms-tui"),
    )
    return tuple(dict.fromkeys(found))


def secret_folders() -> tuple[Path, ...]:
    """Those of them that qms-tui itself fills, with what nobody else may read."""
    import platformdirs

    return tuple(
        dict.fromkeys((platformdirs.user_state_path("qms-tui"), platformdirs.user_log_path("qms-tui")))
    )


def private_places(config: Config, host: str) -> list[Private]:
    """Everything; `host` is the engine's address."""
    own = (Private(folder, "qms-tui's own files and sockets") for folder in own_folders())
    processes = (Private(Path(view.place), PROCESSES) for view in process_views(views()))
    return [*own, *processes, *_sockets(host), *_files(config), *_of_home()]


def _sockets(host: str) -> Iterator[Private]:
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    used = [host.removeprefix("unix://")] if host.startswith("unix:///") else []
    known = [*KNOWN_SOCKETS, *(os.path.join(runtime, name) for name in USER_SOCKETS)]
    for path in dict.fromkeys((*used, *known)):
        if _is_socket(path):
            yield Private(Path(path), "the engine's socket", Kind.SOCKET)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except (OSError, ValueError):  # what we may not look at, no agent of ours may
        return False


def _files(config: Config) -> Iterator[Private]:
    """What the configuration names with secrets in it, and the user's configuration itself (--config)."""
    agents = (config.every_agent, *config.overrides.values())
    named = [path for agent in agents for path in (agent.token_file, agent.env_file) if path]
    origins = (origin for each in config.origins.values() for origin in each)
    named += [origin.path for origin in origins if origin.source is Source.USER and origin.path]
    for path in dict.fromkeys(named):
        if os.path.isfile(path):
            yield Private(path, "a file with secrets that your configuration names", Kind.FILE)


def _of_home() -> Iterator[Private]:
    try:
        home = Path.home()
    except RuntimeError:  # a user without an account
        return
    for name in HOME_FOLDERS:
        if os.path.isdir(home / name):
            yield Private(home / name, "your keys", strict=False)
    for name in (secret for program in PROGRAMS for secret in program.home_secrets):
        if os.path.isfile(home / name):
            yield Private(home / name, "your login", Kind.FILE, strict=False)
