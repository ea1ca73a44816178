"""The real client in the image of `qms-tui build`: how soon it is ready, what it takes, how it is built.

It reaches nothing but a stand-in for the model. Needs an engine, and what tests/e2e/debian.py needs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import docker

from qms_tui.project import Project
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.engine import Engine
from qms_tui.runtime.docker.image import Recipe, build_image, find_image
from qms_tui.runtime.docker.kit import LABEL_BASE, our_kit
from tests.bench.launch import COLUMNS, LINES, clear, environment, leaving, project, qms_tui
from tests.bench.model import Model
from tests.bench.pty import PATIENCE, Program, rest
from tests.bench.table import Bench, Line, Unavailable, row
from tests.e2e import debian
from tests.e2e.clients import closed_network, login, registry
from tests.trusted import trust

MEGABYTE = 1e6
LOOK = 0.02  # seconds between looks at what a client says of itself
SETTLE = 10.0  # seconds after which an idle client's memory has stopped to change
AGENTS = ("claude", "qa", "tu_ui")
PLAIN = "bu"  # whose folders the peer gets


@dataclass(frozen=True, slots=True)
class Stage:
    """What clients are started with; `variables` lead them to the stand-in."""

    engine: Engine
    image: str
    network: str
    variables: dict[str, str]


@row("client-start")
def client_start(bench: Bench) -> Iterator[Line]:
    """From the launch to a free prompt, each time for the first time."""
    times = bench.times(7, 1)
    with _stage(bench) as stage:
        pairs = [(_ours(bench, stage), _plain(bench, stage)) for _ in range(times + 1)][1:]
    what = (
        "from the launch until Claude Code in a container made for it says that its prompt is free, at an "
        f"agent's first run; peer: plain `docker run -it` of the same image; medians of {times}"
    )
    ours, peer = (median(seconds) for seconds in zip(*pairs, strict=True))
    yield Line("free prompt", what, "s", ours, peer, "docker run")


@row("client-memory")
def client_memory(bench: Bench) -> Iterator[Line]:
    """Of clients that wait for their human."""
    with _stage(bench) as stage:
        root = project(bench)
        with _cleared(stage, root), leaving(_open(bench, stage, root, AGENTS)) as program:
            _wait(program, lambda: all(_is_idle(root, agent) for agent in AGENTS))
            rest((program,), SETTLE)
            rows = stage.engine.api.containers(filters={"label": f"qms-tui.project={root}"})
            used = [_memory(stage.engine.api, str(row["Id"])) for row in rows]
    what = (
        "memory of an agent's container with an idle Claude Code, without its program, which all share; "
        f"median of {len(used)}"
    )
    yield Line("memory, idle agent", what, "MB", median(used) / MEGABYTE)


@row("image")
def image(bench: Bench) -> Iterator[Line]:
    """How big it is and how long it takes to build."""
    with _stage(bench) as stage:
        found = find_image(stage.engine, stage.image)
        assert found is not None
        base = found.labels[LABEL_BASE]
        below = find_image(stage.engine, base)
        what = "the image that agents run in; peer: the base it was built on, Debian's packages"
        yield Line(
            "image", what, "MB", found.size / MEGABYTE, below.size / MEGABYTE if below else None, "base"
        )
        recipe = Recipe(our_kit(), base, tag=f"qms-tui-bench-image:{os.getpid()}")
        try:
            cold = _seconds(lambda: build_image(stage.engine, recipe, lambda told: None, use_cache=False))
            warm = _seconds(lambda: build_image(stage.engine, recipe, lambda told: None))
        finally:
            stage.engine.api.remove_image(recipe.tag, force=True)
    what = (
        "`qms-tui build` without the engine's cache, packages and client fetched from the network, base there"
    )
    yield Line("build, cold", what, "s", cold)
    yield Line("build, warm", "the same when nothing has changed", "s", warm)


@contextmanager
def _stage(bench: Bench) -> Iterator[Stage]:
    with ExitStack() as stack:
        try:
            engine = stack.enter_context(closing(connect()))
            image = debian.ensure(engine, bench.fresh("debian"))
        except (docker.errors.DockerException, OSError, debian.NoDebian) as reason:
            raise Unavailable(str(reason)) from reason
        name, address = stack.enter_context(closed_network(engine.api, f"qms-tui-bench-{os.getpid()}"))
        model = stack.enter_context(Model(address))
        yield Stage(engine, image, name, login(model))


def _ours(bench: Bench, stage: Stage) -> float:
    root = project(bench)
    with _cleared(stage, root), leaving(_open(bench, stage, root, AGENTS[:1])) as program:
        return _wait(program, lambda: _is_idle(root, AGENTS[0])) - program.started


def _open(bench: Bench, stage: Stage, root: Path, agents: tuple[str, ...]) -> Program:
    home = bench.fresh("home")
    (home / "env").write_text("".join(f"{name}={value}\n" for name, value in stage.variables.items()))
    settings = {"image": stage.image, "network": stage.network, "env_file": str(home / "env")}
    lines = "".join(f'{name} = "{value}"\n' for name, value in settings.items())
    (home / "bench.toml").write_text(f"[agent]\n{lines}")
    env = environment(home)
    trust(root, Path(env["XDG_STATE_HOME"]), home / "bench.toml")
    words = qms_tui("--config", str(home / "bench.toml"), "--project", str(root), *agents)
    return Program(words, columns=COLUMNS, lines=LINES, env=env, folder=home)


def _plain(bench: Bench, stage: Stage) -> float:
    root, home = project(bench), bench.fresh("home")
    owner, name = Project(root).owner(), f"qms-tui-bench-{os.getpid()}"
    config = Project(root).prepare(PLAIN, owner).config
    passed = [word for key, value in stage.variables.items() for word in ("-e", f"{key}={value}")]
    words = ["docker", "run", "--rm", "-it", "--init", "--cap-drop", "ALL", "--name", name,
             "--network", stage.network, "--user", f"{owner.uid}:{owner.gid}", "-e", "HOME=/tmp", *passed,
             "-v", f"{root}:/pipe-dream:ro", "-v", f"{config}:/claude-config", stage.image]  # fmt: skip
    with Program(words, columns=COLUMNS, lines=LINES, env=environment(home), folder=home) as program:
        try:
            return _wait(program, lambda: _is_idle(root, PLAIN)) - program.started
        finally:
            stage.engine.api.remove_container(name, force=True)


@contextmanager
def _cleared(stage: Stage, root: Path) -> Iterator[None]:
    try:
        yield
    finally:
        clear(stage.engine.api, root)


def _is_idle(root: Path, agent: str) -> bool:
    return registry(root, agent).get("status") == "idle"


def _wait(program: Program, holds: Callable[[], bool]) -> float:
    """Wait for what no output tells; the clock at that moment."""
    deadline = time.perf_counter() + PATIENCE
    while not holds():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"no free prompt; shown at last: {bytes(program.output[-2000:])!r}")
        rest((program,), LOOK)
    return time.perf_counter()


def _memory(engine: docker.APIClient, container: str) -> int:
    """Bytes, as `docker stats` counts: what the kernel can drop at any time is not the program's."""
    found = engine.stats(container, stream=False, one_shot=True)["memory_stats"]
    inactive = found["stats"].get("total_inactive_file", found["stats"].get("inactive_file", 0))
    return int(found["usage"]) - int(inactive)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
