"""How the programs under test are started: qms-tui on either runtime, and tmux showing the same.

Nothing of the user's own configuration, state or tmux is touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import docker
import psutil

from qms_tui.api.place import LOCK as DAEMON_LOCK
from qms_tui.ipc.lock import end_owner
from qms_tui.keeper.paths import LOCK as KEEPER_LOCK
from qms_tui.keeper.paths import SPAWNER_LOCK
from tests.bench.pty import Program
from tests.bench.table import Bench, Unavailable
from tests.e2e import engine as engines
from tests.e2e import image as images
from tests.e2e import programs
from tests.e2e.project import make_qms_project
from tests.trusted import trust

COLUMNS, LINES = 200, 50  # of the terminal around everything
LEAVE = b"\x11"  # Ctrl+Q
AGENTS = ("claude", "qa", "tu_ui", "bu", "tu_scene", "tu_sketch", "tu_sim")
REPOSITORY = Path(__file__).parents[2]
RAW_ECHO = ("sh", "-c", "stty raw -echo; printf 'ready\\r\\n'; exec cat")
"""Echoes every byte at once, as a program does that reads keys; says `ready` first."""


def environment(folder: Path) -> dict[str, str]:
    """Of everything that is started: a true-colour terminal, and an empty home for configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST", "VIRTUAL_ENV") if name in os.environ}
    homes = {name: str(folder / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    own = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "HOME": str(folder)}
    return kept | homes | own | {"PYTHONPATH": str(REPOSITORY), "SHELL": "/bin/sh"}


def qms_tui(*words: str) -> list[str]:
    """The command line that starts this working copy."""
    return [sys.executable, "-m", "qms_tui", *words]


def project(bench: Bench, agents: Sequence[str] = AGENTS) -> Path:
    """A QMS project in which all these agents are known."""
    root = make_qms_project(bench.fresh("project"), os.geteuid())
    for agent in agents:
        (root / ".claude/agents" / f"{agent}.md").touch()
    return root


def newest_project(bench: Bench) -> Path:
    """The one that was made last."""
    return max(bench.folder.glob("project-*"), key=lambda path: path.stat().st_mtime)


def start_local(
    bench: Bench,
    commands: Sequence[Sequence[str]],
    *,
    again: tuple[Path, Path] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Program:
    """qms-tui with an agent per command on the local runtime; `again` in this home and project."""
    home, root = again or (bench.fresh("home"), project(bench))
    names = AGENTS[: len(commands)]
    tables = [
        f"[agent.{name}]\ncommand = {_toml(argv)}\n" for name, argv in zip(names, commands, strict=True)
    ]
    settings = home / "bench.toml"
    settings.write_text("".join(tables))
    env = {**environment(home), **(variables or {})}
    trust(root, Path(env["XDG_STATE_HOME"]), settings)
    words = ("--runtime", "local", "--config", str(settings), "--project", str(root), *names)
    return Program(qms_tui(*words), columns=COLUMNS, lines=LINES, env=env, folder=home)


def start_docker(
    bench: Bench, root: Path, image: str, agents: Sequence[str], home: Path | None = None
) -> Program:
    """qms-tui with these agents in containers of the image; in a fresh home, or one that knows the image."""
    home = home or bench.fresh("home")
    env = environment(home)
    trust(root, Path(env["XDG_STATE_HOME"]), Path(os.devnull))
    words = qms_tui("--project", str(root), "--image", image, *agents)
    return Program(words, columns=COLUMNS, lines=LINES, env=env, folder=home)


class Tmux(Program):
    """A tmux server of its own with one client, and a pane per command, tiled."""

    def __init__(self, bench: Bench, commands: Sequence[Sequence[str]], *, history: int = 2000) -> None:
        if shutil.which("tmux") is None:
            raise Unavailable("no tmux")
        home = bench.fresh("tmux")
        self._env = environment(home)
        self._words = ["tmux", "-u", "-S", str(home / "socket"), "-f", os.devnull]
        first, *others = (shlex.join(argv) for argv in commands)
        panes: list[str] = []
        for other in others:
            panes += [";", "split-window", other, ";", "select-layout", "tiled"]
        settings = ["start-server", ";", "set-option", "-g", "history-limit", str(history), ";"]
        argv = [*self._words, *settings, "new-session", first, *panes, ";", "select-pane", "-t", "0"]
        super().__init__(argv, columns=COLUMNS, lines=LINES, env=self._env, folder=home)

    @property
    def server_pid(self) -> int:
        """Of the process that holds the panes."""
        words = [*self._words, "display-message", "-p", "#{pid}"]
        return int(subprocess.run(words, env=self._env, check=True, capture_output=True, text=True).stdout)

    def close(self, farewell: bytes = b"") -> None:
        """End the server, and so the client."""
        subprocess.run([*self._words, "kill-server"], env=self._env, check=False, capture_output=True)
        super().close()


@contextlib.contextmanager
def leaving(program: Program) -> Iterator[Program]:
    """Leave qms-tui by its key at the end."""
    try:
        yield program
    finally:
        program.close(LEAVE)


def interface(program: Program) -> list[psutil.Process]:
    """The processes that make up the interface itself, agents not counted."""
    if isinstance(program, Tmux):
        return [psutil.Process(program.pid), psutil.Process(program.server_pid)]
    return [psutil.Process(program.pid)]


@contextlib.contextmanager
def engine_and_image() -> Iterator[tuple[docker.APIClient, str]]:
    """A client of the engine, and the tiny image's name."""
    try:
        with engines.connect() as client:
            yield client, images.ensure(client)
    except (engines.NoEngine, images.NoBusybox) as reason:
        raise Unavailable(str(reason)) from reason


@contextlib.contextmanager
def engine_and_programs() -> Iterator[tuple[docker.APIClient, str]]:
    """A client of the engine, and the name of the image with bash and Python."""
    try:
        with engines.connect() as client:
            yield client, programs.ensure(client)
    except (engines.NoEngine, images.NoBusybox, programs.NoPrograms) as reason:
        raise Unavailable(str(reason)) from reason


def clear(engine: docker.APIClient, root: Path) -> None:
    """Remove what the engine has of a project."""
    engines.remove_project(engine, str(root))


def end_keepers(folder: Path) -> None:
    """Of those that still write below the folder, after the daemons that would start them again."""
    for lock in folder.rglob(DAEMON_LOCK):
        end_owner(lock, grace=15)
    for lock in folder.rglob(SPAWNER_LOCK):
        end_owner(lock, grace=15)
    for lock in folder.rglob(KEEPER_LOCK):
        end_owner(lock, grace=15)


def _toml(argv: Sequence[str]) -> str:
    return json.dumps(list(argv))  # TOML's basic strings are JSON's
