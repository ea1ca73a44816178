"""How long turns of a process's event loop took, as probe/sitecustomize.py notes them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.bench.launch import REPOSITORY

_PROBE = Path(__file__).with_name("probe")


@dataclass(frozen=True, slots=True)
class Turn:
    """`began` and `ended` by the clock that all processes share (perf_counter); `busy` is processor time."""

    began: float
    ended: float
    busy: float

    @property
    def length(self) -> float:
        """Seconds in which nothing else could happen in that process."""
        return self.ended - self.began


NO_TURN = Turn(0.0, 0.0, 0.0)


def probed(folder: Path) -> dict[str, str]:
    """The variables with which a process, and those that it starts, note their turns in the folder."""
    return {
        "PYTHONPATH": os.pathsep.join((str(_PROBE), str(REPOSITORY))),
        "QMS_TUI_BENCH_TURNS": str(folder),
    }


def longest_turn(folder: Path, pid: int, began: float, ended: float) -> Turn:
    """The longest turn that a process noted between two moments; `NO_TURN` if it noted none."""
    path = folder / str(pid)
    lines = path.read_text().splitlines() if path.exists() else []
    turns = (Turn(*map(float, line.split())) for line in lines)
    return max(
        (turn for turn in turns if turn.ended > began and turn.began < ended),
        key=lambda turn: turn.length,
        default=NO_TURN,
    )
