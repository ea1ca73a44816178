"""What a container may take, and what it is run with: the part of the engine's request that bounds an agent.

Processes are bounded by the engine (`pids_limit`), never by RLIMIT_NPROC: that one counts all processes of
the user, who is the human too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docker import APIClient
from docker.errors import APIError
from docker.types import Mount, Ulimit

from qms_tui.config import AgentConfig
from qms_tui.errors import EngineError
from qms_tui.project import Owner

_MEGA = 2**20
HOME_SIZE = 512 * _MEGA
SIZES = {"/tmp": 512 * _MEGA, "/var/tmp": 64 * _MEGA, "/run": 16 * _MEGA}
"""What a read-only container has in memory besides its home: the largest sizes in bytes."""
SHARE = 4  # no one of them takes more than this part of the memory limit, which counts them


def limits(config: AgentConfig, owner: Owner, home: str) -> dict[str, Any]:
    """Arguments of the SDK's host configuration; `home` is where the agent's home folder is."""
    bounds = (("nofile", config.open_files), ("fsize", int(config.file_size)), ("core", 0))
    found: dict[str, Any] = {"ulimits": [Ulimit(name=name, soft=most, hard=most) for name, most in bounds]}
    if config.oci_runtime is not None:
        found["runtime"] = config.oci_runtime
    if config.read_only:
        found |= {"read_only": True, "tmpfs": _in_memory(config, owner, home)}
    return found


def beside_memory(mounted: Sequence[Mount], config: AgentConfig, home: str) -> list[Mount]:
    """The mounts without those in whose place a read-only container has memory."""
    targets = {home, *SIZES} - {mount.target for mount in config.mounts} if config.read_only else set()
    return [mount for mount in mounted if mount["Target"] not in targets]


def _in_memory(config: AgentConfig, owner: Owner, home: str) -> dict[str, str]:
    """Programs unpack libraries there and load them, so all are executable."""
    most = config.memory // SHARE
    found = {path: f"exec,size={min(size, most)},mode=1777" for path, size in SIZES.items()}
    found[home] = f"exec,size={min(HOME_SIZE, most)},mode=0700,uid={owner.uid},gid={owner.gid}"
    named = {mount.target for mount in config.mounts}
    return {path: options for path, options in found.items() if path not in named}


def refusal(api: APIClient, config: AgentConfig, error: APIError) -> EngineError | None:
    """What to say of an engine that does not know the runtime; None if that is not why it refuses.

    Engines know more than they list (shims by their names), so they are asked by trying.
    """
    name, text = config.oci_runtime, str(error.explanation)
    if name is None or name not in text or "runtime" not in text.lower():
        return None
    known = ", ".join(sorted(api.info().get("Runtimes") or ()))
    return EngineError(
        f"agent.oci_runtime: the engine has no runtime {name!r}",
        hint=f"it has: {known or 'none that it names'}; set up {name} there, or name another",
    )
