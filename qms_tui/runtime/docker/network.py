"""The project's own network: a way out for its agents, none between them."""

from __future__ import annotations

from docker.errors import APIError

from docker import APIClient
from qms_tui.runtime.docker.container import LABEL_PROJECT, LABEL_SCHEMA, SCHEMA, project_slug

_NO_TRAFFIC_BETWEEN = {"com.docker.network.bridge.enable_icc": "false"}
PROJECT = "project"


def project_network(api: APIClient, root: str, configured: str) -> str:
    """The network to use, made if it is the project's own and missing. Blocking."""
    if configured != PROJECT:
        return configured
    name = project_slug(root)
    if not _exists(api, name):
        labels = {LABEL_PROJECT: root, LABEL_SCHEMA: SCHEMA}
        try:
            api.create_network(
                name, driver="bridge", options=_NO_TRAFFIC_BETWEEN, labels=labels, check_duplicate=True
            )
        except APIError as error:
            # Two agents that start at the same time both find it missing.
            if error.status_code != 409 or not _exists(api, name):
                raise
    return name


def remove_project_network(api: APIClient, root: str) -> None:
    """Remove the project's network if it is there and nobody uses it. Blocking."""
    name = project_slug(root)
    if _exists(api, name):
        try:
            api.remove_network(name)
        except APIError as error:
            if error.status_code not in (403, 404):  # in use, or somebody else was faster
                raise


def _exists(api: APIClient, name: str) -> bool:
    return any(network["Name"] == name for network in api.networks(names=[name]))
