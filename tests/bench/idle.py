"""What the interface costs while nothing happens, and what its history costs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import docker
import psutil

from tests.bench.launch import (
    AGENTS,
    RAW_ECHO,
    Tmux,
    clear,
    engine_and_image,
    interface,
    leaving,
    project,
    start_docker,
    start_local,
)
from tests.bench.pty import Program, rest, wait
from tests.bench.table import Bar, Bench, Line, row

SETTLE = 3.0  # seconds after the launch before anything counts
HISTORY = 5000  # rows, qms-tui's default
_FILLER = (sys.executable, "-SE", str(Path(__file__).with_name("fill.py")), str(HISTORY + 200))
_MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Cost:
    """Of the interface's processes: per cent of one core, and bytes that are theirs alone or shared too."""

    cpu: float
    private: int
    resident: int


@row("idle")
def idle(bench: Bench) -> Iterator[Line]:
    """Seven agents that say nothing."""
    seconds = bench.times(20, 3)
    commands = [RAW_ECHO] * len(AGENTS)
    with leaving(Tmux(bench, commands)) as program:
        peer = _cost(program, b"ready", seconds)
    with leaving(start_local(bench, commands)) as program:
        local = _cost(program, b"ready", seconds)
    with engine_and_image() as (engine, image):
        inside = _idle_in_containers(bench, engine, image, seconds)
    seven = "of the interface with 7 agents"
    what = f"processor time {seven} that are silent, in per cent of one core over {seconds} s"
    yield Line("idle cpu, local", what, "%", local.cpu, peer.cpu, bar=Bar(1))
    yield Line("idle cpu, docker", "the same with containers", "%", inside.cpu, peer.cpu, bar=Bar(1))
    what = f"memory {seven}, what is its own alone (USS); the peer's client and server together"
    yield Line("memory, local", what, "MB", local.private / _MEGABYTE, peer.private / _MEGABYTE, bar=Bar(120))
    what = f"the same with containers; resident with shared pages (RSS): {inside.resident / _MEGABYTE:.0f} MB"
    yield Line(
        "memory, docker", what, "MB", inside.private / _MEGABYTE, peer.private / _MEGABYTE, bar=Bar(120)
    )


@row("history")
def history(bench: Bench) -> Iterator[Line]:
    """Seven agents whose history is full."""
    count = len(AGENTS)
    figures = []
    for start in (start_local, _tmux_with_history):
        costs = []
        for command, sign in ((RAW_ECHO, b"ready"), (_FILLER, b"filled")):
            with leaving(start(bench, [command] * count)) as program:
                costs.append(_cost(program, sign, 1).private)
        figures.append((costs[1] - costs[0]) / count / _MEGABYTE)
    what = f"memory that {HISTORY} full lines of history take, per agent: 7 agents with and without"
    ours, peer = figures
    yield Line("history, per agent", what, "MB", ours, peer, bar=Bar(12))


def _tmux_with_history(bench: Bench, commands: Sequence[Sequence[str]]) -> Program:
    return Tmux(bench, commands, history=HISTORY)


def _idle_in_containers(bench: Bench, engine: docker.APIClient, image: str, seconds: int) -> Cost:
    root = project(bench)
    try:
        with leaving(start_docker(bench, root, image, AGENTS)) as program:
            return _cost(program, b"agent ready", seconds)
    finally:
        clear(engine, root)


def _cost(program: Program, sign: bytes, seconds: float) -> Cost:
    """Wait until every agent gave a sign of life, then look at the interface for a while."""
    wait((program,), lambda: program.output.count(sign) >= len(AGENTS))
    rest((program,), SETTLE)
    processes = interface(program)
    before, since = sum(_busy(process) for process in processes), time.perf_counter()
    rest((program,), seconds)
    used, passed = sum(_busy(process) for process in processes) - before, time.perf_counter() - since
    memory = [process.memory_full_info() for process in processes]
    return Cost(100 * used / passed, sum(m.uss for m in memory), sum(m.rss for m in memory))


def _busy(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
