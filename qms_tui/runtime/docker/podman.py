"""Where Podman's Docker-compatible socket differs from Docker's in a way that matters."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from docker import APIClient
from docker.types import Mount, Ulimit

from qms_tui.errors import EngineError

MOST_PROCESSES = 2**15  # of a user: all that a kernel has numbers for by default, and Podman's own bound
REMARK = "Podman does not keep the agents of a project apart on their network, as Docker does."


def is_podman(api: APIClient) -> bool:
    """Whether Podman answers there. Blocking."""
    components = api.version().get("Components") or ()
    return any("podman" in str(component.get("Name", "")).lower() for component in components)


def keep_masks_empty(host_config: dict[str, Any]) -> None:
    """Make the empty file systems that hide folders really empty.

    Podman fills a tmpfs with what lies under its mount point: that would copy every agent's credentials to
    all others. Only the older way to ask for a tmpfs takes the option against it, which Docker refuses.
    """
    mounts = host_config["mounts"]
    masks = [mount for mount in mounts if mount["Type"] == "tmpfs"]
    host_config["mounts"] = [mount for mount in mounts if mount["Type"] != "tmpfs"]
    ours = {path: _without_owner(options) for path, options in host_config.get("tmpfs", {}).items()}
    host_config["tmpfs"] = ours | {mount["Target"]: _options(mount["TmpfsOptions"]) for mount in masks}


def keep_process_limit(host_config: dict[str, Any]) -> None:
    """Leave the user about as many processes as they have here.

    A request that names any limit replaces the engine's own: Podman then gives a million processes, which
    not every machine lets it.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    most = MOST_PROCESSES if hard == resource.RLIM_INFINITY else min(hard, MOST_PROCESSES)
    host_config["ulimits"] = [*host_config["ulimits"], Ulimit(name="nproc", soft=most, hard=most)]


def check_runtime(api: APIClient, wanted: str | None) -> None:
    """Raise EngineError if a container would be run with something else than is wanted. Blocking.

    Podman's Docker-compatible socket drops what a request says of it, and always takes its own default.
    """
    if wanted is None:
        return
    default = str(api.info().get("DefaultRuntime") or "")
    if PurePosixPath(default).name != wanted:
        raise EngineError(
            f"agent.oci_runtime: Podman takes {default or 'its own default'!r}, and no other on request",
            hint=f'write runtime = "{wanted}" below [engine] in Podman\'s containers.conf',
        )


def check_sources(mounts: Iterable[Mount]) -> None:
    """Raise EngineError for what is to be mounted and is not there: Podman 5 makes a folder of root's there.

    For an engine that sees this machine's files.
    """
    for mount in mounts:
        if mount["Type"] == "bind" and not os.path.exists(mount["Source"]):
            raise EngineError(
                f"{mount['Source']} does not exist, and is to be mounted at {mount['Target']}",
                hint="make it, or leave it out of agent.mounts",
            )


def _options(given: dict[str, int]) -> str:
    return f"size={given['SizeBytes']},mode={given['Mode']:o},notmpcopyup"


def _without_owner(options: str) -> str:
    """Podman gives a tmpfs no owner: what belongs to the agent alone becomes everybody's in its container."""
    kept = [option for option in options.split(",") if not option.startswith(("uid=", "gid=", "mode="))]
    return ",".join((*kept, "mode=1777", "notmpcopyup"))
