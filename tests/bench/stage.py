"""The screen on agents in containers, with their keeper, and with a gateway if a row wants one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.launch import (
    clear,
    end_keepers,
    engine_and_image,
    environment,
    leaving,
    project,
    qms_tui,
)
from tests.bench.processes import processes
from tests.bench.pty import Program
from tests.bench.table import Bench
from tests.trusted import trust

COLUMNS, LINES = 118, 52  # of the terminal: one pane at a time, and 115 columns and more in each


@dataclass(frozen=True, slots=True)
class Stage:
    """What a row looks at."""

    screen: Program
    root: Path
    home: Path

    def processes(self) -> dict[str, psutil.Process]:
        """Ours, by what they are."""
        return processes(self.screen, self.home)


@contextmanager
def in_containers(
    bench: Bench,
    agents: Sequence[str],
    command: Sequence[str],
    *,
    gateway: bool = False,
    variables: Mapping[str, str] | None = None,
    size: tuple[int, int] = (COLUMNS, LINES),
) -> Iterator[Stage]:
    """These agents run this command in containers of the tiny image; `size` is in columns and lines."""
    root, home = project(bench, agents), bench.fresh("home")
    settings = home / "bench.toml"
    settings.write_text(_settings(command, home / "server.log" if gateway else None))
    env = {**environment(home), **(variables or {})}
    trust(root, Path(env["XDG_STATE_HOME"]), settings)
    with engine_and_image() as (engine, image):
        words = qms_tui("--config", str(settings), "--project", str(root), "--image", image, *agents)
        columns, lines = size
        try:
            with leaving(Program(words, columns=columns, lines=lines, env=env, folder=home)) as screen:
                yield Stage(screen, root, home)
        finally:
            clear(engine, root)
            end_keepers(home)


def names(count: int) -> tuple[str, ...]:
    """So many agents."""
    return tuple(f"agent{number}" for number in range(count))


def _settings(command: Sequence[str], server_log: Path | None) -> str:
    text = f"[agent]\ncommand = {json.dumps(list(command))}\n"
    if server_log is not None:
        server = [sys.executable, "-m", "tests.mcp.server", os.fspath(server_log)]
        text += f"\n[mcp.bench]\ncommand = {json.dumps(server)}\n"
    return text
