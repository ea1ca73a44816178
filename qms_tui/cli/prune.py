"""`qms-tui prune`: what may go, and what became of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from qms_tui.cli.engines import engine_here
from qms_tui.cli.options import Common, common_options
from qms_tui.cli.printing import complain, confirm, echo, echo_lines
from qms_tui.errors import EngineError, UsageError

if TYPE_CHECKING:
    from qms_tui.leftovers import Thing
    from qms_tui.runtime.docker.engine import Engine


@click.command("prune")
@common_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune(common: Common, yes: bool) -> int:
    """Remove what is dead or orphaned, after asking.

    Of every project, or with --project of that one only, even if it is gone.

    Ended containers, networks that nobody uses, what dead keepers left; and everything of projects that are
    no longer there, their running containers and the logins of their local agents too. What runs for a
    project that is there stays, and so does what other users or machines have made.
    """
    from qms_tui import leftovers

    with everywhere(common) as place:
        there = place.things
        things = [thing for thing in there if leftovers.why_to_go(thing)]
        unlabelled = [thing for thing in there if not thing.project and not thing.mine]
        if common.project is not None:
            root = os.path.realpath(os.path.expanduser(common.project))
            things = [thing for thing in things if thing.project == root]
            unlabelled = [thing for thing in unlabelled if leftovers.is_named_after(thing, root)]
        for thing in unlabelled:
            echo(f"left alone {thing.kind} {thing.name}: it has no label of qms-tui's")
        if not things:
            echo("there is nothing to remove")
            return place.status
        echo_lines(leftovers.as_table(things))
        if not yes:
            _ask_to_prune(len(things))
        return max(_remove(place.engine, things), place.status)


def _ask_to_prune(count: int) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "prune asks before it removes anything, and standard input is no terminal",
            hint="say --yes if what is listed here may go",
        )
    confirm(f"Remove {'it' if count == 1 else f'these {count}'}?")


def _remove(engine: Engine | None, things: Sequence[Thing]) -> int:
    """Say what became of each; status 2 if something could not be removed."""
    from qms_tui import leftovers

    kinds = (leftovers.Kind.CONTAINER, leftovers.Kind.NETWORK, leftovers.Kind.VOLUME)
    outcomes = []
    if engine is not None:
        outcomes = leftovers.remove_from_engine(engine, [thing for thing in things if thing.kind in kinds])
    # Keepers last: they hold on to containers.
    outcomes += leftovers.remove_from_state([thing for thing in things if thing.kind not in kinds])
    for outcome in outcomes:
        said = f": {outcome.said}" if outcome.said else ""
        what = "removed" if outcome.removed else "left alone"
        echo(f"{what} {outcome.thing.kind} {outcome.thing.name}{said}")
    return 0 if all(outcome.removed for outcome in outcomes) else 2


class Everywhere(Struct, frozen=True):
    """All that there is of qms-tui's, of every project, as far as it can be seen.

    Without an engine `status` is that of a command that has not seen all.
    """

    engine: Engine | None
    things: Sequence[Thing]
    status: int = 0


@contextmanager
def everywhere(common: Common) -> Iterator[Everywhere]:
    """Look at the engine and in the state folder. An engine that does not answer is said."""
    from qms_tui import leftovers

    engine, status, things = None, 0, leftovers.find_in_state(leftovers.state_folder())
    try:
        engine = engine_here(common)
        things = leftovers.find_on_engine(engine) + things
    except EngineError as error:
        status = complain(f"what there is on the engine is left out: {error.message}", error.hint)
        # Containers that nobody sees may use their files still.
        things = [each for each in things if each.kind is not leftovers.Kind.FILES]
    try:
        yield Everywhere(engine, things, status)
    finally:
        if engine is not None:
            engine.close()
