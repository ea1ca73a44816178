"""How long the keeper's loop is held where a journal begins a new file with the state of a full terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from qms_tui.keeper.journal.writer import SEGMENT
from tests.bench.full import HISTORY, ROW_BYTES, go, printing, wait_until_printed
from tests.bench.processes import wait_until_calm
from tests.bench.stage import Stage, in_containers, names
from tests.bench.table import Bench, Line, row
from tests.bench.turns import Turn, longest_turn, probed

MANY = 30
MORE = 1000  # rows printed at once
FIRST = SEGMENT // ROW_BYTES - MORE // 2  # rows; the next ones begin a new file, and those after them do not
assert FIRST > HISTORY


@row("rotation")
def rotation(bench: Bench) -> Iterator[Line]:
    """One agent, then thirty that do so at the same time."""
    for count in (1, bench.times(MANY, 3)):
        agents = names(count)
        noted = bench.fresh("turns")
        with in_containers(bench, agents, printing(FIRST, MORE, MORE), variables=probed(noted)) as stage:
            wait_until_printed(stage.screen, stage.root, agents, 1)
            wait_until_calm(stage.screen, stage.processes())
            (rotating, files), (plain, none) = (_held_up(stage, agents, noted, step) for step in (1, 2))
        what = (
            f"longest turn of the keeper's loop while {count} agents with {HISTORY} rows of history print "
            f"{MORE * ROW_BYTES // 1000} kB each and {files} journals begin a new file "
            f"({rotating.busy * 1e3:.0f} ms of processor time); peer: the same with {none} new files "
            f"({plain.busy * 1e3:.0f} ms)"
        )
        held = f"{count} agent{'s' * (count > 1)}"
        yield Line(f"rotation, {held}", what, "ms", rotating.length * 1e3, plain.length * 1e3, "none new")


def _held_up(stage: Stage, agents: tuple[str, ...], noted: Path, step: int) -> tuple[Turn, int]:
    """The keeper's longest turn while the agents print their next rows, and how many files were begun."""
    before, began = _segments(stage), time.perf_counter()
    go(stage.root, agents, step)
    wait_until_printed(stage.screen, stage.root, agents, step + 1)
    wait_until_calm(stage.screen, stage.processes())
    keeper = stage.processes()["keeper"].pid
    turn = longest_turn(noted, keeper, began, time.perf_counter())
    return turn, len(_segments(stage) - before)


def _segments(stage: Stage) -> set[Path]:
    (lock,) = stage.home.rglob("keeper.lock")
    return {path for path in lock.parent.glob("agent*/*") if path.is_file()}
