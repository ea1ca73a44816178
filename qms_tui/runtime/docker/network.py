"""The project's own network: a way out for its agents, none between them. Blocking.

It is known by its labels and used by its id. Names prove nothing: some engines let several networks have one,
and anybody may have made one with ours, with traffic between whoever is on it.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from docker import APIClient
from docker.errors import APIError

from qms_tui.runtime.docker.container import LABEL_MAKER, LABEL_PROJECT, LABEL_SCHEMA, SCHEMA, project_slug
from qms_tui.runtime.docker.engine import Engine
from qms_tui.runtime.docker.maker import maker
from qms_tui.runtime.docker.stranger import Stranger, strange_network

PROJECT = "project"
DRIVER = "bridge"
TRAFFIC = "com.docker.network.bridge.enable_icc"
_NOT_AS_OURS = ("Internal", "Attachable", "Ingress", "ConfigOnly")  # what the engine says besides, all false
_UNKNOWN = "it has no label that says who made it"
_OTHERS = "another user made it"  # and may use it
_NAME = "its labels differ"
_making = threading.Lock()  # agents that start at the same time need one network

Facts = Mapping[str, Any]


def project_network(engine: Engine, root: str, configured: str) -> str:
    """The network to use: its configured name, or the id of the project's own, made if missing.

    Of several (two interfaces may start at the same time) it is the oldest.
    """
    if configured != PROJECT:
        return configured
    with _making:
        there = engine.api.networks()
        usable = _usable(engine, root, there)
        if usable:
            return usable[0]
        made = _make(engine.api, root, {network["Name"] for network in there})
        oldest = next(iter(_usable(engine, root, engine.api.networks())), made)
        if oldest != made:
            engine.api.remove_network(made)
        return oldest


def _make(api: APIClient, root: str, taken: Set[str]) -> str:
    """Its id. Where something has its name, whoever made that, it gets another one."""
    name = project_slug(root)
    other = f"{name}-{secrets.token_hex(4)}"
    try:
        return _create(api, root, other if name in taken else name)
    except APIError as error:  # newer engines let only one have a name: somebody was faster
        if error.status_code != 409 and "already" not in str(error.explanation):  # Podman: 500
            raise
    return _create(api, root, other)


def _create(api: APIClient, root: str, name: str) -> str:
    labels = {LABEL_PROJECT: root, LABEL_SCHEMA: SCHEMA, LABEL_MAKER: maker()}
    return str(api.create_network(name, driver=DRIVER, options={TRAFFIC: "false"}, labels=labels)["Id"])


def remove_project_network(api: APIClient, root: str) -> None:
    """Remove the project's networks that nobody uses; whose maker nobody knows stay."""
    for network in api.networks(filters={"label": f"{LABEL_PROJECT}={root}"}):
        if not _label(network, LABEL_MAKER):
            continue
        try:
            api.remove_network(network["Id"])
        except APIError as error:
            if error.status_code not in (403, 404):  # in use, or somebody else was faster
                raise


@contextlib.contextmanager
def trial_network(engine: Engine, root: str, configured: str) -> Iterator[str]:
    """The network that agents are in, else one like it until the end: one that is going to be used is not
    taken away from an agent that starts meanwhile. Blocking."""
    there = [configured] if configured != PROJECT else _usable(engine, root, engine.api.networks())
    if there:
        yield there[0]
        return
    made = _create(engine.api, root, f"{project_slug(root)}-trial-{secrets.token_hex(4)}")
    try:
        yield made
    finally:
        with contextlib.suppress(APIError):  # gone, or in use: prune takes it
            engine.api.remove_network(made)


def strange_networks(engine: Engine, root: str) -> list[Stranger]:
    """Networks with this project's labels or names that its agents do not get."""
    doubts = [
        (str(network["Name"]), _doubt(engine, root, network))
        for network in engine.api.networks()
        if network["Name"] == project_slug(root) or _label(network, LABEL_PROJECT) == root
    ]
    return [strange_network(name, why, engine.kind) for name, why in doubts if why not in ("", _OTHERS)]


def _usable(engine: Engine, root: str, there: Iterable[Facts]) -> list[str]:
    """Ids of the networks that are the project's, and as they have to be; the oldest first.

    Not of one whose name another one has, that is not ours: the engine itself then mixes them up.
    """
    doubted = [(network, _doubt(engine, root, network)) for network in there]
    shared = {network["Name"] for network, why in doubted if why}
    ours = [network for network, why in doubted if not why and network["Name"] not in shared]
    return [str(network["Id"]) for network in sorted(ours, key=lambda n: (n["Created"], n["Id"]))]


def _doubt(engine: Engine, root: str, network: Facts) -> str:
    """Why agents do not get it; '' if they do."""
    if _label(network, LABEL_PROJECT) != root:
        return _NAME
    made_by = _label(network, LABEL_MAKER)
    if not made_by:
        return _UNKNOWN
    return _flaw(engine, network) or ("" if made_by == maker() else _OTHERS)


def _flaw(engine: Engine, network: Facts) -> str:
    """In what it is not as we make it; '' if it is."""
    if network["Driver"] != DRIVER:
        return f"its driver is {network['Driver']}"
    for word in _NOT_AS_OURS:
        if network.get(word):
            return f"it is {word.lower()}"
    # Podman has no such switch, and drops the option.
    if not engine.podman and (network.get("Options") or {}).get(TRAFFIC) != "false":
        return "it lets agents reach each other"
    return ""


def _label(network: Facts, name: str) -> str:
    return str((network.get("Labels") or {}).get(name) or "")
