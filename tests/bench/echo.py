"""How long a typed key takes to come back on the screen."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from tests.bench.launch import AGENTS, RAW_ECHO, Tmux, leaving, start_local
from tests.bench.pty import Program, rest, wait_for
from tests.bench.table import Bar, Bench, Line, percentile, row

# Letters that nothing else on the screen has and no escape sequence, so that seeing one is seeing the echo.
LETTERS = [
    chr(code)
    for code in (*range(0xC0, 0x250), *range(0x391, 0x3CA), *range(0x400, 0x460))
    if chr(code).isalpha()
]
BETWEEN = (
    0.02,
    0.06,
)  # seconds from an echo to the next key, at random: no pace that a frame clock could match
STREAM_RATE = 200_000  # bytes a second of each of the other panes
SETTLE = 1.5  # seconds after the launch before anything counts
KEEPS_UP = 0.98  # of the rate; the rest is the last tick
_STREAM = Path(__file__).with_name("stream.py")
_MEASURED = (
    "from a key written to the terminal in which everything runs until the letter, which a raw `cat` in the "
    "focused pane echoes, is in its output"
)


class Typist:
    """Types letters that were not typed before and notes how long each took to appear, in milliseconds."""

    def __init__(self, program: Program, seed: int = 1) -> None:
        self.program = program
        self.took: list[float] = []
        self._letters = iter(LETTERS)
        self._pause = random.Random(seed)

    def type_one(self, *others: Program) -> None:
        """Type, wait for the echo, pause."""
        letter = next(self._letters).encode()
        self.program.forget()
        typed = self.program.type(letter)
        self.took.append((wait_for(self.program, letter, *others) - typed) * 1000)
        rest((self.program, *others), self._pause.uniform(*BETWEEN))


@row("echo-quiet")
def quiet(bench: Bench) -> Iterator[Line]:
    """Two idle panes; a key to us, a key to tmux, in turns."""
    count = bench.times(400, 20)
    two = (RAW_ECHO, RAW_ECHO)
    with leaving(start_local(bench, two)) as ours, leaving(Tmux(bench, two)) as peer:
        mine, theirs = Typist(ours), Typist(peer)
        for program in (ours, peer):
            wait_for(program, b"ready")
        rest((ours, peer), SETTLE)
        for _ in range(count):
            mine.type_one(peer)
            theirs.type_one(ours)
    what = f"{_MEASURED}; {count} keys in turns with tmux, two quiet panes each, local runtime"
    yield from _lines("echo, quiet", what, mine.took, theirs.took, Bar(3), Bar(16))


@row("echo-busy")
def busy(bench: Bench) -> Iterator[Line]:
    """Six other panes stream meanwhile; rounds of us and of tmux, so that neither disturbs the other."""
    rounds, count = bench.times(3, 1), bench.times(100, 15)
    mine, theirs = _Busy(), _Busy()
    for _ in range(rounds):
        mine.add(bench, lambda commands: start_local(bench, commands), count)
        theirs.add(bench, lambda commands: Tmux(bench, commands), count)
    streams = f"while six other panes show {STREAM_RATE // 1000} kB/s each"
    what = f"{_MEASURED}, {streams}; {rounds} rounds of {count} keys"
    yield from _lines("echo, 6 panes streaming", what, mine.took, theirs.took, None, Bar(33))
    what = "the slowest of the six streams: the part of what it had to write that its terminal took in time"
    yield Line(
        "slowest of the 6 streams", what, "", min(mine.kept), min(theirs.kept), bar=Bar(KEEPS_UP, True)
    )


class _Busy:
    """Keys and streams of all rounds with one program."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self.kept: list[float] = []

    def add(self, bench: Bench, start: Callable[[Sequence[Sequence[str]]], Program], count: int) -> None:
        files = [bench.fresh("stream") / "told" for _ in AGENTS[1:]]
        streams = [(sys.executable, "-SE", str(_STREAM), str(STREAM_RATE), str(file)) for file in files]
        with leaving(start([RAW_ECHO, *streams])) as program:
            wait_for(program, b"ready")
            rest((program,), SETTLE)
            before, since = [_told(file) for file in files], time.perf_counter()
            typist = Typist(program)
            for _ in range(count):
                typist.type_one()
            self.took += typist.took
            wanted = (time.perf_counter() - since) * STREAM_RATE
            self.kept += [(_told(file) - sent) / wanted for file, sent in zip(files, before, strict=True)]


def _told(file: Path) -> int:
    return int(file.read_bytes().split()[0])


def _lines(
    name: str, what: str, mine: Sequence[float], theirs: Sequence[float], middle: Bar | None, most: Bar
) -> Iterator[Line]:
    yield Line(f"{name}, p50", what, "ms", median(mine), median(theirs), bar=middle)
    yield Line(
        f"{name}, p99",
        "the same, what 99 of 100 keys stay below",
        "ms",
        percentile(mine, 99),
        percentile(theirs, 99),
        bar=most,
    )
