"""`python -m tests.bench`: how fast and how light qms-tui is, beside tmux in the same run.

The figures depend on the machine and on what else it does; compare the ratios. Nothing in CI asserts them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
from pathlib import Path

import psutil

from tests.bench import (
    back,
    day,
    echo,
    ei6,
    feed,
    hostile,
    idle,
    inbox,
    inbox_screen,
    journal,
    keeper,
    keys,
    mcp,
    mcp_client,
    mcp_hostile,
    paint,
    product,
    startup,
    state,
    states,
    waking,
)
from tests.bench.machine import machine
from tests.bench.table import ROWS, Bench, Table, Unavailable

THEMES = (
    startup,
    echo,
    feed,
    state,
    paint,
    hostile,
    idle,
    journal,
    keeper,
    keys,
    back,
    inbox,
    inbox_screen,
    mcp,
    mcp_hostile,
    waking,
    states,
    day,
    ei6,
    product,
    mcp_client,
)
"""Modules whose rows are in the table; importing one registers its rows."""


def main() -> None:
    """Measure the rows and print them as they come."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), metavar="NAME", default=list(ROWS),
                        help=f"only these of: {', '.join(ROWS)}")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="few repetitions: a look, no measurement")
    chosen = parser.parse_args()
    print(f"{machine()}\n")
    run(chosen.rows, quick=chosen.quick)
    print(f"\nload {os.getloadavg()[0]:.1f} after the last row")


def run(names: list[str], *, quick: bool) -> Table:
    """Measure these rows, print the table, and give it."""
    table = Table()
    print(table.heading(), flush=True)
    with tempfile.TemporaryDirectory(prefix="qms-tui-bench-") as folder:
        for name in names:
            try:
                for line in ROWS[name](Bench(Path(folder), quick)):
                    print(table.add(line), flush=True)
            except Unavailable as reason:
                print(f"{name}: not measured, {reason}", flush=True)
        _end_keepers(Path(folder))
    print(f"\n{table.meanings()}")
    return table


def _end_keepers(folder: Path) -> None:
    """Of those that still write here: a keeper outlives its last container by a moment."""
    keepers = []
    for lock in folder.rglob("keeper.lock"):
        with contextlib.suppress(OSError, psutil.NoSuchProcess):  # it has ended meanwhile
            keepers.append(psutil.Process(json.loads(lock.read_text())["pid"]))
            keepers[-1].terminate()
    psutil.wait_procs(keepers, timeout=10)


if __name__ == "__main__":
    main()
