"""A key's way into a container, through the keeper."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.bench.echo import KEEPS_UP, LETTERS, SETTLE, STREAM_RATE, Typist
from tests.bench.inbox import BURST
from tests.bench.inbox_screen import type_through
from tests.bench.launch import (
    AGENTS,
    COLUMNS,
    LINES,
    RAW_ECHO,
    clear,
    engine_and_programs,
    environment,
    leaving,
    project,
)
from tests.bench.pty import Program, rest, wait, wait_for
from tests.bench.table import Bar, Bench, Line, percentile, row
from tests.trusted import trust

ROTATING = 4_000_000  # bytes a second: a file of the journal is full after half of one
PYTHON = ("/usr/bin/python3", "-SE")
STREAM, POUR = "stream.py", "pour.py"  # beside us, and in the project, which a container sees
_MEASURED = (
    "from a key written to the terminal in which qms-tui runs until the letter, which a raw `cat` in the "
    "focused agent's container echoes, is in its output"
)


@row("keys-quiet")
def quiet(bench: Bench) -> Iterator[Line]:
    """Two idle agents."""
    count = bench.times(400, 20)
    with _stage(bench) as way, leaving(way((RAW_ECHO, RAW_ECHO))) as program:
        typist = Typist(program)
        wait_for(program, b"ready")
        rest((program,), SETTLE)
        for _ in range(count):
            typist.type_one()
    yield from _lines("keys, quiet", f"{count} keys", typist.took, Bar(1.5), Bar(5))


@row("keys-busy")
def busy(bench: Bench) -> Iterator[Line]:
    """Six other agents stream at a steady rate."""
    others = [_streaming(name) for name in AGENTS[1:]]
    took, kept = _rounds(bench, others)
    what = f"six other agents print {STREAM_RATE // 1000} kB/s each"
    yield from _lines("keys, 6 stream", what, took, None, Bar(6))
    what = "the slowest of the six streams: the part of what it had to write that its terminal took in time"
    yield Line("keys, slowest stream", what, "", min(kept), bar=Bar(KEEPS_UP, True))


@row("keys-flood")
def flood(bench: Bench) -> Iterator[Line]:
    """Six other agents print as fast as they can."""
    took, _ = _rounds(bench, [_pouring(0)] * 6)
    yield from _lines("keys, 6 flood", "six other agents print at full speed", took, None, Bar(33))


@row("keys-rotation")
def rotation(bench: Bench) -> Iterator[Line]:
    """The journal of another agent begins a new file all the time."""
    took, _ = _rounds(bench, [_pouring(ROTATING)])
    what = f"another agent prints {ROTATING / 1e6:g} MB/s: its journal begins two files a second"
    yield from _lines("keys, journal rotates", what, took, None, Bar(33))


@row("keys-burst")
def burst(bench: Bench) -> Iterator[Line]:
    """Many files come into another agent's inbox at once."""
    files = bench.times(BURST, 1000)
    with _stage(bench) as way, leaving(way((RAW_ECHO, RAW_ECHO))) as program:
        wait_for(program, b"ready")
        rest((program,), SETTLE)
        typist = Typist(program)
        type_through(typist, way.root / ".claude/users/qa/inbox", files)
    what = f"{files} files come into the inbox of another agent; {len(typist.took)} keys"
    yield from _lines("keys, inbox burst", what, typist.took, None, Bar(33))


class _Way:
    """qms-tui in containers."""

    def __init__(self, bench: Bench, image: str) -> None:
        self._bench, self._image = bench, image
        self.root = project(bench)
        for name in (STREAM, POUR):
            (self.root / name).write_bytes(Path(__file__).with_name(name).read_bytes())

    def __call__(self, commands: Sequence[Sequence[str]]) -> Program:
        home = self._bench.fresh("home")
        names = AGENTS[: len(commands)]
        tables = [
            f"[agent.{name}]\ncommand = {json.dumps(list(argv))}\n"
            for name, argv in zip(names, commands, strict=True)
        ]
        settings = home / "bench.toml"
        settings.write_text("".join(tables))
        env = environment(home)
        trust(self.root, Path(env["XDG_STATE_HOME"]), settings)
        words = ("--config", str(settings), "--project", str(self.root), "--image", self._image, *names)
        argv = [sys.executable, "-m", "qms_tui", *words]
        return Program(argv, columns=COLUMNS, lines=LINES, env=env, folder=home)


@contextmanager
def _stage(bench: Bench) -> Iterator[_Way]:
    with engine_and_programs() as (engine, image):
        way = _Way(bench, image)
        try:
            yield way
        finally:
            clear(engine, way.root)


def _rounds(bench: Bench, others: Sequence[Sequence[str]]) -> tuple[list[float], list[float]]:
    """What keys took, and how the streams kept up."""
    rounds, count = bench.times(3, 1), bench.times(100, 15)
    took: list[float] = []
    kept: list[float] = []
    for _ in range(rounds):
        with _stage(bench) as way:
            keys, streams = _round(way, others, count)
        took.extend(keys)
        kept.extend(streams)
    return took, kept


def _round(way: _Way, others: Sequence[Sequence[str]], count: int) -> tuple[list[float], list[float]]:
    with leaving(way([RAW_ECHO, *others])) as program:
        wait_for(program, b"ready")
        streams = sum(STREAM in argv for argv in others)
        wait((program,), lambda: len(_written(way.root)) == streams)
        rest((program,), SETTLE)
        before, typist = _written(way.root), Typist(program)
        for _ in range(min(count, len(LETTERS))):
            typist.type_one()
        after = _written(way.root)
    rates = [
        (after[name][0] - sent) / (after[name][1] - at) / STREAM_RATE for name, (sent, at) in before.items()
    ]
    return typist.took, rates


def _written(root: Path) -> dict[str, tuple[int, float]]:
    """What each stream says it has written, and in how many seconds."""
    found = {}
    for file in root.glob(".claude/users/*/workspace/written"):
        if words := file.read_bytes().split():  # else it has just been made
            found[file.parts[-3]] = int(words[0]), float(words[1])
    return found


def _streaming(agent: str) -> tuple[str, ...]:
    own = f".claude/users/{agent}/workspace/written"
    return (*PYTHON, STREAM, str(STREAM_RATE), own)


def _pouring(rate: int) -> tuple[str, ...]:
    return (*PYTHON, POUR, str(rate))


def _lines(name: str, while_: str, took: Sequence[float], middle: Bar | None, most: Bar) -> Iterator[Line]:
    what = f"{_MEASURED}; meanwhile: {while_}; load {os.getloadavg()[0]:.1f}"
    yield Line(f"{name}, p50", what, "ms", median(took), bar=middle)
    what = "the same, what 99 of 100 keys stay below"
    yield Line(f"{name}, p99", what, "ms", percentile(took, 99), bar=most)
