"""The whole way of a program's output: from its PTY to the painted pane, beside tmux doing the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.bench.inputs import CAPTION, inputs
from tests.bench.launch import Tmux, leaving, start_local
from tests.bench.pty import Program, wait_for
from tests.bench.table import Bench, Line, row

BYTES = 4_000_000  # of output, the input repeated
_END = "ŧ"  # a letter that stands in no input: seeing it is seeing the end painted


@row("paint")
def paint(bench: Bench) -> Iterator[Line]:
    """`cat` of a file in the only pane, the best of some rounds, in turns with tmux."""
    for name in ("a", "b2", "e"):
        data = inputs()[name]
        path = bench.fresh("input") / name
        path.write_bytes(data * -(-bench.times(BYTES, BYTES // 8) // len(data)))
        mine, theirs = [], []
        for _ in range(bench.times(3, 1)):
            with leaving(start_local(bench, [_showing(path)])) as ours:
                mine.append(_speed(ours, path))
            with leaving(Tmux(bench, [_showing(path)])) as peer:
                theirs.append(_speed(peer, path))
        what = f"output of `cat` from its PTY to the painted pane, {CAPTION[name]}, 200x50 around all"
        yield Line(f"PTY to pane, {name}", what, "MB/s", max(mine), max(theirs))


def _showing(path: Path) -> tuple[str, ...]:
    script = (
        f"stty -echo; printf ready; read go; cat {shlex.quote(str(path))}; printf '\\033[0m{_END}'; read end"
    )
    return ("sh", "-c", script)


def _speed(program: Program, path: Path) -> float:
    wait_for(program, b"ready")
    program.forget()
    began = program.type(b"\r")
    seen = wait_for(program, _END.encode(), patience=120)
    return path.stat().st_size / (seen - began) / 1e6
