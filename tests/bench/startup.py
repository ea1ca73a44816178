"""How long it takes until something is there."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

import docker

from tests.bench.launch import (
    RAW_ECHO,
    Tmux,
    clear,
    end_keepers,
    engine_and_image,
    environment,
    leaving,
    project,
    qms_tui,
    start_docker,
    start_local,
)
from tests.bench.pty import Program, wait, wait_for
from tests.bench.table import Bar, Bench, Line, row

FOCUSED_FRAME = "┏".encode()
TMUX_BORDER = "─".encode()
GREETING = b"agent ready"  # the tiny image's agent, with its first breath
WARM = 0.4  # seconds, where everything but the screen runs already
_TWO = (RAW_ECHO, RAW_ECHO)


@row("version")
def version(bench: Bench) -> Iterator[Line]:
    """A process from its start to its end."""
    home = bench.fresh("home")
    env = environment(home)
    times = bench.times(15, 3)
    empty = [sys.executable, "-c", "pass"]
    ours, peer = _alternating(times, lambda: _run(qms_tui("--version"), env), lambda: _run(empty, env))
    what = f"`qms-tui --version` from start to end; peer: a Python that does nothing; medians of {times}"
    yield Line("--version", what, "s", ours, peer, "python -c pass", Bar(0.15))


@row("first-paint")
def first_paint(bench: Bench) -> Iterator[Line]:
    """From the launch to a frame on the screen, two agents."""
    times = bench.times(7, 2)
    ours, peer = _alternating(
        times,
        lambda: _until(start_local(bench, _TWO), FOCUSED_FRAME, lambda: end_keepers(bench.folder)),
        lambda: _until(Tmux(bench, _TWO), TMUX_BORDER),
    )
    what = "from the launch until the frame of the focused pane is drawn, two agents on the local runtime"
    peer_what = f"tmux: until the border between the panes is drawn; medians of {times}"
    yield Line("first paint, local", f"{what}; {peer_what}", "s", ours, peer, bar=Bar(0.6))
    with engine_and_image() as (engine, image):
        root = project(bench)
        seconds = [
            _until(
                start_docker(bench, root, image, ("claude", "qa")), FOCUSED_FRAME, _ended(bench, engine, root)
            )
            for _ in range(times)
        ]
    what = f"the same with two agents in containers that have to be made; median of {times}"
    yield Line("first paint, docker", what, "s", median(seconds), bar=Bar(0.6))


@row("first-paint-warm")
def first_paint_warm(bench: Bench) -> Iterator[Line]:
    """The same screen again, after it was left."""
    times = bench.times(7, 2)
    known = bench.fresh("home"), project(bench)
    local = _again(times, lambda: start_local(bench, _TWO, again=known))
    what = (
        "from the launch until the frame of the focused pane is drawn, two agents on the local runtime in a "
        f"project that was opened and left before; median of {times}"
    )
    yield Line("first paint, local, warm", what, "s", local, bar=Bar(WARM))
    with engine_and_image() as (engine, image):
        home, root = bench.fresh("home"), project(bench)
        try:
            seconds = _again(
                times, lambda: start_docker(bench, root, image, ("claude", "qa"), home), GREETING
            )
        finally:
            clear(engine, root)
            end_keepers(home)
    what = f"the same with two agents in containers that run, with their keeper; median of {times}"
    yield Line("first paint, docker, warm", what, "s", seconds, bar=Bar(WARM))


@row("first-byte")
def first_byte(bench: Bench) -> Iterator[Line]:
    """From the launch to what a program in a container says."""
    times = bench.times(7, 2)
    with engine_and_image() as (engine, image):
        root = project(bench)
        inside = ["docker", "run", "--rm", "-it", "--init", "--cap-drop", "ALL", image]
        ours, peer = _alternating(
            times,
            lambda: _until(
                start_docker(bench, root, image, ("claude",)), GREETING, _ended(bench, engine, root)
            ),
            lambda: _until(Tmux(bench, [inside]), GREETING),
        )
        home = bench.fresh("known")
        known = [
            _until(start_docker(bench, root, image, ("claude",), home), GREETING, _ended(bench, engine, root))
            for _ in range(times + 1)
        ][1:]
    what = (
        "from the launch until the first line of an agent in a container made for it (2 MB image) is on the "
        f"screen; peer: tmux new-session with `docker run -it` of the same image; medians of {times}"
    )
    yield Line("first byte of a container", what, "s", ours, peer, "tmux+docker", Bar(0.6))
    again = f"the same where qms-tui has asked before what accounts the image has; median of {times}"
    yield Line("first byte, known image", again, "s", median(known), bar=Bar(0.6))


def _ended(bench: Bench, engine: docker.APIClient, root: Path) -> Callable[[], None]:
    """Has the next one begin with nothing that runs."""

    def end() -> None:
        end_keepers(bench.folder)
        clear(engine, root)

    return end


def _alternating(times: int, ours: Callable[[], float], peer: Callable[[], float]) -> tuple[float, float]:
    """Medians of both, taken in turns after one of each that warms the caches."""
    taken = [(ours(), peer()) for _ in range(times + 1)][1:]
    return median(mine for mine, _ in taken), median(theirs for _, theirs in taken)


def _again(times: int, launch: Callable[[], Program], running: bytes = b"ready") -> float:
    """Median seconds to the frame, but for the first time, which is left when both agents run."""
    with leaving(launch()) as program:
        wait((program,), lambda: program.output.count(running) >= len(_TWO))
    return median(_until(launch(), FOCUSED_FRAME) for _ in range(times))


def _run(argv: Sequence[str], env: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(argv, env=env, check=True, capture_output=True)
    return time.perf_counter() - start


def _until(program: Program, text: bytes, after: Callable[[], None] = lambda: None) -> float:
    """Seconds from the launch until the text is shown; then the program is ended and cleared away."""
    with leaving(program):
        seconds = wait_for(program, text) - program.started
    after()
    return seconds
