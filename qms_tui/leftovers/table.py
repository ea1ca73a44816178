"""Things for people, and for programs. What labels and files say is data: no control characters pass."""

from __future__ import annotations

from collections.abc import Sequence

from qms_tui.leftovers.thing import Thing, why_to_go
from qms_tui.text.columns import columns

_HEAD = ("WHAT", "NAME", "STATE", "AGE", "PROJECT", "PRUNE?")
UNLABELLED = "(only its name is like qms-tui's)"
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def as_table(things: Sequence[Thing]) -> list[str]:
    """Lines with a head, sorted by project."""
    return columns([_HEAD, *(_row(thing) for thing in _sorted(things))])


def as_json(things: Sequence[Thing]) -> list[dict[str, object]]:
    """The same as values; `prune` says why it may go, '' if it stays; `age` is in seconds."""
    return [
        {
            "kind": thing.kind.value,
            "name": thing.name,
            "project": thing.project,
            "project_exists": thing.project_exists,
            "agent": thing.agent,
            "state": thing.state,
            "age": round(thing.age),
            "yours": thing.mine,
            "prune": why_to_go(thing),
        }
        for thing in _sorted(things)
    ]


def _sorted(things: Sequence[Thing]) -> list[Thing]:
    return sorted(things, key=lambda thing: (thing.project, thing.kind, thing.name))


def _row(thing: Thing) -> tuple[str, ...]:
    return thing.kind, thing.name, thing.state, age(thing.age), _project(thing), _verdict(thing)


def _project(thing: Thing) -> str:
    if not thing.project and not thing.mine:
        return UNLABELLED
    if not thing.mine:
        return f"{thing.project} (not made by you here)"
    return thing.project + {True: "", False: " (gone)", None: " (cannot be seen)"}[thing.project_exists]


def _verdict(thing: Thing) -> str:
    why = why_to_go(thing)
    return f"yes, {why}" if why else "no"


def age(seconds: float) -> str:
    """A duration in its largest whole unit."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
