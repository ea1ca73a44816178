"""Where Podman's Docker-compatible socket differs from Docker's in a way that matters."""

from __future__ import annotations

from typing import Any

from docker import APIClient

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
    host_config["tmpfs"] = {mount["Target"]: _options(mount["TmpfsOptions"]) for mount in masks}


def _options(given: dict[str, int]) -> str:
    return f"size={given['SizeBytes']},mode={given['Mode']:o},notmpcopyup"
