"""A program for containers whose history is full of colours, and that prints more when the host says so."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tests.bench.pty import Program, wait

HISTORY = 5000  # rows, qms-tui's default
COLUMNS, RUNS = 115, 8
COLOURS = 3 * RUNS  # distinct ones; above 255 a cell takes a byte more
ROW_BYTES = RUNS * len("\x1b[38;2;000;000;000m") + COLUMNS + len("\r\n")
PATIENCE = 600.0  # seconds for all agents on a busy machine
_LETTERS = "the quick brown fox jumps over the lazy dog " * 3
_RUN = COLUMNS // RUNS
_ROWS = " ".join(  # a command in the configuration has no line breaks
    f"""
    BEGIN {{ text = "{_LETTERS}";
        for (n = 0; n < rows; n++) {{ row = "";
            for (run = 0; run < {RUNS}; run++) {{
                width = run < {RUNS - 1} ? {_RUN} : {COLUMNS - _RUN * (RUNS - 1)};
                colour = sprintf("\\033[38;2;%03d;%03d;%03dm", run * 32, n % {COLOURS // RUNS} * 80, 200);
                row = row colour substr(text, 1 + (n + run * 5) % 80, width) }};
            print row }} }}""".split()
)


def printing(*rows: int) -> Sequence[str]:
    """Print so many rows of `COLUMNS` columns in `RUNS` true-colour runs; then so many more at each `go`."""
    steps = [f"cd .claude/users/$QMS_USER/workspace; awk -v rows={rows[0]} '{_ROWS}'"]
    steps += [
        f"mkfifo go{number}; read x <go{number}; awk -v rows={more} '{_ROWS}'"
        for number, more in enumerate(rows[1:], 1)
    ]
    return ("sh", "-c", "; ".join((*steps, f"mkfifo go{len(rows)}; exec sleep 1000000")))


def wait_until_printed(screen: Program, root: Path, agents: Sequence[str], step: int) -> None:
    """Wait until each has printed what its `step` (from 1) says; the terminals may still be behind."""
    wait((screen,), lambda: all(_gate(root, agent, step).is_fifo() for agent in agents), PATIENCE)


def go(root: Path, agents: Sequence[str], step: int) -> None:
    """Let all print their next rows, at the same time as far as that goes."""
    for agent in agents:
        os.close(os.open(_gate(root, agent, step), os.O_WRONLY))


def _gate(root: Path, agent: str, step: int) -> Path:
    return root / ".claude/users" / agent / "workspace" / f"go{step}"
