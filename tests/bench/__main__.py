"""`python -m tests.bench`: how fast and how light qms-tui is, beside tmux in the same run.

The figures depend on the machine and on what else it does; compare the ratios. Nothing in CI asserts them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from tests.bench import (
    back,
    burst,
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
    memory,
    paint,
    product,
    rotation,
    startup,
    state,
    states,
    wakeups,
    waking,
)
from tests.bench.launch import end_keepers
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
    memory,
    wakeups,
    journal,
    keeper,
    rotation,
    keys,
    back,
    inbox,
    inbox_screen,
    burst,
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
    parser.add_argument("--seconds", type=float, metavar="N",
                        help="how long the row wakeups looks, instead of 60")  # fmt: skip
    chosen = parser.parse_args()
    print(f"{machine()}\n")
    run(chosen.rows, quick=chosen.quick, seconds=chosen.seconds)
    print(f"\nload {os.getloadavg()[0]:.1f} after the last row")


def run(names: list[str], *, quick: bool, seconds: float | None = None) -> Table:
    """Measure these rows, print the table, and give it."""
    table = Table()
    print(table.heading(), flush=True)
    with tempfile.TemporaryDirectory(prefix="qms-tui-bench-") as folder:
        for name in names:
            try:
                for line in ROWS[name](Bench(Path(folder), quick, seconds)):
                    print(table.add(line), flush=True)
            except Unavailable as reason:
                print(f"{name}: not measured, {reason}", flush=True)
        end_keepers(Path(folder))
    print(f"\n{table.meanings()}")
    return table


if __name__ == "__main__":
    main()
