"""EI-6 of the original record, again and again: how long each leg of its way takes, and whether all comes.

Each time has a document of its own; interface, containers and conversations go on, as they do in a day.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from qms_tui.inbox.toasts import RECENT
from qms_tui.runtime.docker import connect
from tests.bench.model import Model
from tests.bench.table import Bar, Bench, Line, Unavailable, percentile, row
from tests.e2e import debian
from tests.e2e import ei6 as record
from tests.e2e import engine as engines
from tests.e2e import project as projects
from tests.e2e.clients import closed_network
from tests.e2e.ei6 import BOTH_IDLE, Way
from tests.e2e.test_app import App, leave
from tests.tui import Tui

LEGS = {
    "call to file": (
        "asked",
        "filed",
        "claude's model calls the routing tool until the task is in qa's inbox",
    ),
    "file to screen": ("filed", "shown", "then until badge and toast are on the screen"),
    "file to qa's model": ("filed", "woken", "from the file until qa's model is asked with its line"),
    "model to consumed": ("woken", "consumed", "then until the review has made the file disappear"),
    "consumed to notice": ("consumed", "noticed", "then until claude's model is asked with its notice"),
    "whole": ("asked", "noticed", "all of it"),
}
"""By their names: from what to what, in words."""


@row("ei6")
def ei6(bench: Bench) -> Iterator[Line]:
    """Routed, woken, reviewed, noticed."""
    times = bench.times(30, 2)
    ways = list(_ways(bench, [f"CR-{100 + number}" for number in range(times)]))
    what = (
        f"of {times}: routed by MCP, badge, toast, woken without a key, reviewed, file gone, notice delivered"
    )
    yield Line("EI-6, as a whole", what, f"of {times}", len(ways), bar=Bar(times, at_least=True))
    for name, (begin, end, what) in LEGS.items() if ways else ():
        taken = [getattr(way, end) - getattr(way, begin) for way in ways]
        for percent in (50, 99):
            yield Line(f"EI-6, {name}, p{percent}", what, "s", percentile(taken, percent))


def _ways(bench: Bench, documents: list[str]) -> Iterator[Way]:
    """Those that came to their end; after one that does not, all begins anew."""
    with _stage(bench, documents) as (app, model):
        while documents:
            with app.open("claude", "qa") as tui:
                try:
                    while documents:
                        yield _way(tui, app, model, documents.pop(0))
                    leave(tui)
                except AssertionError as failure:
                    print(failure, file=sys.stderr)
            app.run("stop", "--all")


def _way(tui: Tui, app: App, model: Model, document: str) -> Way:
    """One, with nothing left of the one before."""
    for item in (app.root / ".claude/users").glob("*/inbox/*.md"):
        item.unlink()
    tui.wait(*BOTH_IDLE, absent="item waits: F2")
    rested = time.monotonic() + RECENT  # sooner, the toasts of several become one that counts them
    tui.until(lambda: time.monotonic() > rested)
    model.requests.clear()
    model.times.clear()
    way = record.travel(tui, app.root, model, document)
    wakes = record.wakes(model)
    assert way.in_order, f"{document} went in another order: {way}"
    assert len(wakes) == 2, f"{document}: woken by {wakes}"
    return way


@contextmanager
def _stage(bench: Bench, documents: list[str]) -> Iterator[tuple[App, Model]]:
    """A project with these documents, and the model of its agents."""
    root = projects.make_qms_project(bench.fresh("ei6"))
    with ExitStack() as stack:
        try:
            engine = stack.enter_context(engines.connect())
            image = debian.ensure(stack.enter_context(closing(connect())), bench.fresh("debian"))
        except (engines.NoEngine, debian.NoDebian) as reason:
            raise Unavailable(str(reason)) from None
        network, address = stack.enter_context(closed_network(engine, f"qms-tui-bench-ei6-{os.getpid()}"))
        model = stack.enter_context(Model(address))
        stack.callback(engines.remove_project, engine, str(root))
        home = bench.fresh("home") / "home"
        app = stack.enter_context(record.stage(root, home, image, network, model))
        for document in documents:
            _copy(root / "QMS/CR", document)
        yield app, model


def _copy(folder: Path, document: str) -> None:
    """A draft like that of the record."""
    (folder / document).mkdir()
    shutil.copy(folder / record.DOCUMENT / f"{record.DOCUMENT}.md", folder / document / f"{document}.md")
