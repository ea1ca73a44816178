"""What each process takes of memory: with nothing to hold, with one agent, with thirty."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.full import COLUMNS, HISTORY, RUNS, printing, wait_until_printed
from tests.bench.processes import Memory, memory, wait_until_calm
from tests.bench.pty import wait_for
from tests.bench.stage import in_containers, names
from tests.bench.table import Bar, Bench, Line, row

MANY = 30
EACH = 3.0  # MB of an agent, in the keeper and in the screen
EMPTY = {"screen": 60.0, "keeper": 45.0}  # MB without agents
_SILENT = ("sh", "-c", "echo gone; exit 0")  # so nothing is held: its program has ended
_MEGABYTE = 1e6


@row("memory")
def of_processes(bench: Bench) -> Iterator[Line]:
    """Screen, keeper, gateway and their helpers."""
    many = bench.times(MANY, 3)
    stages = {0: _empty(bench), 1: _with_agents(bench, 1), many: _with_agents(bench, many)}
    full = f"whose histories have {HISTORY} rows of {COLUMNS} columns in {RUNS} true-colour runs"
    for name in stages[many]:
        for count, found in stages.items():
            if name not in found:
                continue
            agents = "whose agent's program has ended" if not count else f"with {count} agents {full}"
            what = f"Pss of the {name} {agents}; Rss {found[name].rss / _MEGABYTE:.1f} MB"
            held = f"{count} agent{'s' * (count != 1)}" if count else "empty"
            bar = Bar(EMPTY[name] + count * EACH) if name in EMPTY else None
            yield Line(f"memory, {name}, {held}", what, "MB", found[name].pss / _MEGABYTE, bar=bar)
        more = stages[many][name].pss - stages[1][name].pss
        what = f"Pss that each further agent takes in the {name}, from 1 to {many}"
        bar = Bar(EACH) if name in EMPTY else None
        yield Line(f"memory, {name}, each agent", what, "MB", more / (many - 1) / _MEGABYTE, bar=bar)


def _empty(bench: Bench) -> dict[str, Memory]:
    with in_containers(bench, names(1), _SILENT, gateway=True) as stage:
        wait_for(stage.screen, b"gone")
        wait_until_calm(stage.screen, stage.processes())
        return {name: memory(process) for name, process in stage.processes().items()}


def _with_agents(bench: Bench, count: int) -> dict[str, Memory]:
    agents = names(count)
    with in_containers(bench, agents, printing(HISTORY + 200), gateway=True) as stage:
        wait_until_printed(stage.screen, stage.root, agents, 1)
        wait_until_calm(stage.screen, stage.processes())
        return {name: memory(process) for name, process in stage.processes().items()}
