"""Containers, networks and volumes with our labels, of every project."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from qms_tui.errors import EngineError
from qms_tui.leftovers.thing import YOUNG, Kind, Outcome, Thing, looked_at_again, project_exists, why_to_go
from qms_tui.runtime.docker.agent_files import remove_files
from qms_tui.runtime.docker.container import (
    LABEL_AGENT,
    LABEL_MAKER,
    LABEL_PROJECT,
    LABEL_THROWAWAY,
    LABEL_VOLUME,
    PROJECT_SLUG,
    project_slug,
)
from qms_tui.runtime.docker.container_list import Listed, is_of_image, named, of_any_project, thrown_away
from qms_tui.runtime.docker.engine import Engine, engine_errors, seconds
from qms_tui.runtime.docker.maker import maker

NAMES = "qms-"  # how the names of our things begin
STOP_GRACE = 5  # seconds between SIGTERM and SIGKILL
_OVER = ("created", "exited", "dead")  # the engine's words for a container without a program


def find_on_engine(engine: Engine) -> list[Thing]:
    """Every container, network and volume that has our labels, whoever made it, or only a name like ours.

    Blocking.
    """
    api = engine.api
    with engine_errors("cannot list what there is"):
        now = seconds(api.info()["SystemTime"])
        rows = of_any_project(api)
        containers = [_container(api, row, now) for row in rows]
        # One that was made and not started yet is not on its network either.
        starting = {t.project for t in containers if t.used or (t.state == "created" and t.age < YOUNG)}
        networks = [
            _network(facts, now, starting)
            for row in [*api.networks(filters={"label": LABEL_PROJECT}), *_like_ours(api)]
            if (facts := _inspected(api, row["Id"]))
        ]
        kept = {row.labels.get(LABEL_VOLUME) for row in rows}
        volumes = [
            _volume(facts, now, facts["Name"] in kept)
            for facts in api.volumes(filters={"label": LABEL_PROJECT})["Volumes"] or ()
        ]
        # Of a container that was to be removed at once, and whose maker was killed before.
        thrown = [_container(api, row, now) for row in thrown_away(api)]
        unlabelled = [
            _container(api, row, now)
            for row in named(api, NAMES)
            if not {LABEL_PROJECT, LABEL_THROWAWAY} & row.labels.keys() and PROJECT_SLUG.match(row.name)
        ]
    return [*containers, *networks, *volumes, *thrown, *unlabelled]


def _like_ours(api: APIClient) -> list[dict[str, Any]]:
    """Networks that only have a name like ours."""
    rows: list[dict[str, Any]] = api.networks(names=[NAMES])
    like = [row for row in rows if PROJECT_SLUG.match(row["Name"])]
    return [row for row in like if LABEL_PROJECT not in (row.get("Labels") or {})]


def is_named_after(thing: Thing, root: str) -> bool:
    """Whether it has a name as a container or network of the project at `root`."""
    slug = project_slug(root)
    return thing.name == slug or thing.name.startswith(f"{slug}-")


def remove_from_engine(engine: Engine, things: Sequence[Thing]) -> list[Outcome]:
    """Remove those of the things that still may go, containers before what they use. Blocking.

    Each is looked at again: one that runs by now, or whose project has come back, stays.
    """
    ordered = sorted(things, key=lambda thing: thing.kind is not Kind.CONTAINER)
    return [_removed(engine.api, looked_at_again(thing)) for thing in ordered]


def _container(api: APIClient, row: Listed, now: float) -> Thing:
    root = row.labels.get(LABEL_PROJECT) or row.labels.get(LABEL_THROWAWAY, "")
    return Thing(
        Kind.CONTAINER,
        row.id,
        row.name,
        root,
        project_exists(root),
        row.state,
        row.state not in _OVER,
        max(0.0, now - row.created),
        row.labels.get(LABEL_MAKER) == maker() and not is_of_image(api, row),
        row.agent,
    )


def _network(facts: dict[str, Any], now: float, starting: set[str]) -> Thing:
    labels = facts["Labels"] or {}
    root = labels.get(LABEL_PROJECT, "")
    used = bool(facts.get("Containers")) or root in starting
    return Thing(
        Kind.NETWORK,
        facts["Id"],
        facts["Name"],
        root,
        project_exists(root),
        "in use" if used else "unused",
        used,
        max(0.0, now - seconds(facts["Created"])),
        labels.get(LABEL_MAKER) == maker(),
    )


def _volume(facts: dict[str, Any], now: float, used: bool) -> Thing:
    labels = facts["Labels"]
    root = labels[LABEL_PROJECT]
    return Thing(
        Kind.VOLUME,
        facts["Name"],
        facts["Name"],
        root,
        project_exists(root),
        "in use" if used else "unused",
        used,
        max(0.0, now - seconds(facts["CreatedAt"])),
        labels.get(LABEL_MAKER) == maker(),
        labels.get(LABEL_AGENT, ""),
    )


def _inspected(api: APIClient, network: str) -> dict[str, Any] | None:
    try:
        facts: dict[str, Any] = api.inspect_network(network)
    except NotFound:  # removed since it was listed
        return None
    return facts


def _removed(api: APIClient, thing: Thing) -> Outcome:
    if not why_to_go(thing):
        return Outcome(thing, False, "its project is there again")
    try:
        with engine_errors(f"cannot remove {thing.name}"):
            return _REMOVERS[thing.kind](api, thing)
    except EngineError as error:  # the others go nevertheless
        return Outcome(thing, False, error.message)


def _remove(api: APIClient, thing: Thing) -> Outcome:
    """An ended container goes without force: the engine itself refuses if it runs by now."""
    try:
        if thing.used:
            api.stop(thing.id, timeout=STOP_GRACE)
        labels = api.inspect_container(thing.id)["Config"].get("Labels") or {}
        api.remove_container(thing.id, v=True, force=thing.used)
        remove_files(api, labels)
    except NotFound:
        return Outcome(thing, True, "was gone already")
    except APIError as error:
        if error.status_code != 409:
            raise
        return Outcome(thing, False, "it runs by now, or somebody else removes it")
    return Outcome(thing, True)


def _remove_network(api: APIClient, thing: Thing) -> Outcome:
    try:
        api.remove_network(thing.id)
    except NotFound:
        return Outcome(thing, True, "was gone already")
    except APIError as error:
        if error.status_code != 403:
            raise
        return Outcome(thing, False, "it is in use")
    return Outcome(thing, True)


def _remove_volume(api: APIClient, thing: Thing) -> Outcome:
    try:
        api.remove_volume(thing.id)
    except NotFound:
        return Outcome(thing, True, "was gone already")
    except APIError as error:
        if error.status_code != 409:
            raise
        return Outcome(thing, False, "it is in use")
    return Outcome(thing, True)


_REMOVERS: dict[Kind, Callable[[APIClient, Thing], Outcome]] = {
    Kind.CONTAINER: _remove,
    Kind.NETWORK: _remove_network,
    Kind.VOLUME: _remove_volume,
}
