"""What the engine says of a project's containers that live: how large each one's own layer is. Blocking."""

from __future__ import annotations

from collections.abc import Collection

from docker import APIClient

from qms_tui.runtime.base import ContainerSize
from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker.agent_files import home_folder
from qms_tui.runtime.docker.maker import is_foreign


def container_sizes(api: APIClient, root: str, ours: Collection[str]) -> dict[str, ContainerSize]:
    """The project's living containers, by agent, as far as their ids are `ours`.

    The engine looks at every file of their layers for it.
    """
    filters = {"label": f"{spec.LABEL_PROJECT}={root}", "status": ["running", "paused"]}
    found = {}
    for row in api.containers(filters=filters, size=True):
        if row["Id"] not in ours:
            continue
        labels = row.get("Labels") or {}
        found[str(labels.get(spec.LABEL_AGENT, ""))] = ContainerSize(
            str(row["Id"]),
            max(0, int(row.get("SizeRw") or 0)),
            row.get("State") == "paused",
            home_folder(labels),
            is_foreign(labels),
        )
    return found
