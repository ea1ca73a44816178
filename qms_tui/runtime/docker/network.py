"""The project's own network: a way out for its agents, none between them."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator

from docker import APIClient
from docker.errors import APIError

from qms_tui.runtime.docker.container import LABEL_MAKER, LABEL_PROJECT, LABEL_SCHEMA, SCHEMA, project_slug
from qms_tui.runtime.docker.maker import maker

_NO_TRAFFIC_BETWEEN = {"com.docker.network.bridge.enable_icc": "false"}
PROJECT = "project"
_making = threading.Lock()  # agents that start at the same time need one network


def project_network(api: APIClient, root: str, configured: str) -> str:
    """The network to use: its configured name, or the id of the project's own, made if missing. Blocking.

    The engine lets two networks have one name (two interfaces that start at the same time) and then refuses
    the name as ambiguous, hence the id, and the oldest of several.
    """
    if configured != PROJECT:
        return configured
    name = project_slug(root)
    with _making:
        found = _named(api, name)
        if found:
            return found[0]
        labels = {LABEL_PROJECT: root, LABEL_SCHEMA: SCHEMA, LABEL_MAKER: maker()}
        made = api.create_network(name, driver="bridge", options=_NO_TRAFFIC_BETWEEN, labels=labels)["Id"]
        oldest = _named(api, name)[0]
        if oldest != made:
            api.remove_network(made)
        return oldest


def remove_project_network(api: APIClient, root: str) -> None:
    """Remove the project's network if it is there and nobody uses it. Blocking."""
    for network in _named(api, project_slug(root)):
        try:
            api.remove_network(network)
        except APIError as error:
            if error.status_code not in (403, 404):  # in use, or somebody else was faster
                raise


@contextlib.contextmanager
def trial_network(api: APIClient, root: str, configured: str) -> Iterator[str]:
    """The network that agents are in, else one like it until the end: one that is going to be used is not
    taken away from an agent that starts meanwhile. Blocking."""
    there = [configured] if configured != PROJECT else _named(api, project_slug(root))
    if there:
        yield there[0]
        return
    labels = {LABEL_PROJECT: root, LABEL_SCHEMA: SCHEMA, LABEL_MAKER: maker()}
    name = f"{project_slug(root)}-trial-{secrets.token_hex(4)}"
    made = api.create_network(name, driver="bridge", options=_NO_TRAFFIC_BETWEEN, labels=labels)["Id"]
    try:
        yield made
    finally:
        with contextlib.suppress(APIError):  # gone, or in use: prune takes it
            api.remove_network(made)


def _named(api: APIClient, name: str) -> list[str]:
    """Ids of the networks with exactly that name, the oldest first."""
    found = [network for network in api.networks(names=[name]) if network["Name"] == name]
    return [network["Id"] for network in sorted(found, key=lambda n: (n["Created"], n["Id"]))]
