"""Containers as the engine lists them: by our labels, whatever their names; which of them count. Blocking.

Labels alone prove little: a container has those of its image too, and a compose file may set any. What nobody
but us can have made has our maker's label, and has not got all of them from its image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from docker import APIClient
from docker.errors import ImageNotFound, NotFound

from qms_tui.project import AGENT_NAME
from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker.maker import maker

_ALIVE = ("running", "paused", "restarting")  # the engine's words for a container with a program
CREATED = "created"
REMOVING = "removing"


class Doubt(StrEnum):
    """Why a container is not an agent's, whatever its labels or its name say."""

    NO_LABELS = "its labels differ"
    NO_MAKER = "it has no label that says who made it"
    OF_IMAGE = "its labels come from its image"


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the engine's list; `image` is an id, `created` in seconds since 1970, `state` its own word.

    The list lags a little behind: of a program that has just ended it may say that it runs.
    """

    id: str
    name: str
    image: str
    state: str
    created: int
    labels: Mapping[str, str]
    mounts: Sequence[Mapping[str, Any]] = ()
    facts: Mapping[str, Any] | None = None
    """All that the engine says of it, if it was asked for this one."""

    @property
    def agent(self) -> str:
        """Whose it says it is."""
        return self.labels.get(spec.LABEL_AGENT, "")

    @property
    def alive(self) -> bool:
        """Whether there is a program in it."""
        return self.state in _ALIVE

    def now(self, facts: Mapping[str, Any]) -> Listed:
        """The same with the state that the engine says when it is asked for this container."""
        state = facts["State"]
        word = "running" if state.get("Running") or state.get("Restarting") else str(state.get("Status"))
        return replace(self, state="paused" if state.get("Paused") else word, facts=facts)


def labelled(api: APIClient, root: str) -> list[Listed]:
    """What is labelled as of the project at `root`, ended ones too."""
    return _listed(api, {"label": f"{spec.LABEL_PROJECT}={root}"})


def named(api: APIClient, beginning: str) -> list[Listed]:
    """What has a name with that beginning, whatever its labels."""
    rows = _listed(api, {"name": f"^/?{beginning}"})
    return [row for row in rows if row.name.startswith(beginning)]  # the engine takes it for a pattern


def thrown_away(api: APIClient) -> list[Listed]:
    """What was made to never run, of every project (throwaway.py)."""
    rows = _listed(api, {"label": spec.LABEL_THROWAWAY})
    return [row for row in rows if not row.labels.get(spec.LABEL_PROJECT)]


def of_any_project(api: APIClient) -> list[Listed]:
    """What is labelled as of a project."""
    rows = _listed(api, {"label": spec.LABEL_PROJECT})
    return [row for row in rows if row.labels.get(spec.LABEL_PROJECT)]


def _listed(api: APIClient, filters: Mapping[str, str]) -> list[Listed]:
    return [_row(row) for row in api.containers(all=True, filters=dict(filters))]


def _row(row: Mapping[str, Any]) -> Listed:
    names = [str(name).removeprefix("/") for name in row.get("Names") or ()]
    name = next((name for name in names if "/" not in name), "?")  # others are those of old links
    labels, state = row.get("Labels") or {}, str(row.get("State") or "")
    image, mounts = str(row.get("ImageID") or ""), row.get("Mounts") or ()
    return Listed(str(row["Id"]), name, image, state, int(row["Created"]), labels, mounts)


def doubt(api: APIClient, listed: Listed) -> Doubt | None:
    """Why it does not count as the agent's that its labels name; None if it does, whoever made it.

    Asks for the image only where something is odd: what we made has our label, and mostly still our name.
    """
    labels, made_by = listed.labels, listed.labels.get(spec.LABEL_MAKER)
    if not AGENT_NAME.fullmatch(listed.agent) or labels.get(spec.LABEL_SCHEMA) != spec.SCHEMA:
        return Doubt.NO_LABELS
    if made_by == maker() and listed.name == _name(listed):
        return None
    if is_of_image(api, listed):
        return Doubt.OF_IMAGE
    if not made_by and listed.state != CREATED:  # nobody loses anything by one that never ran
        return Doubt.NO_MAKER
    return None


def _name(listed: Listed) -> str:
    return spec.Identity(listed.labels[spec.LABEL_PROJECT], listed.agent).container


def is_of_image(api: APIClient, listed: Listed) -> bool:
    """Whether each label of ours came with the image: somebody's trick, or `docker commit` of an agent's.

    A container of ours always has one that no image can have: the place of its own files.
    """
    try:
        facts: dict[str, Any] = api.inspect_image(listed.image)  # type: ignore[no-untyped-call]
    except (ImageNotFound, NotFound):
        return False
    brought = (facts.get("Config") or {}).get("Labels") or {}
    ours = {name: value for name, value in listed.labels.items() if name in spec.LABELS and value}
    return all(brought.get(name) == value for name, value in ours.items())


def best_first(rows: Iterable[Listed]) -> list[Listed]:
    """Of one agent: what lives before what has ended, then what has the agent's name, then the newest."""
    return sorted(rows, key=lambda row: (not row.alive, row.name != _name(row), -row.created, row.id))
