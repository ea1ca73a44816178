"""A household in whose project six agents print and are typed into, in containers or on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
import psutil
import pytest

from qms_tui.api.agents import AgentState
from qms_tui.api.commands import SEND, Send
from qms_tui.api.place import LOCK, daemon_folder
from qms_tui.keeper.paths import LOCAL, keeper_folder
from qms_tui.keeper.paths import LOCK as KEEPER_LOCK
from qms_tui.runtime.docker.address import find_address
from tests.daemon.household import Household, at_home
from tests.daemon.served import Window

from .streaming import (
    HERE,
    IN_CONTAINERS,
    NAMES,
    Streams,
    contained_processes_of,
    local_processes_of,
    prepare,
    streaming,
)

RUNNING = AgentState.RUNNING
MANY, MUCH = 20, 500_000  # requests, and bytes of each, which a process has no room for
SERVER = ["/usr/bin/python3", "-c", "import time; time.sleep(1000)"]  # answers nobody


@dataclass(frozen=True)
class Street:
    """A household whose six agents run, in containers or on this machine."""

    household: Household
    engine: str
    processes: Callable[[], dict[str, int]]
    runtime: str | None
    command: str

    async def hold(self) -> Window:
        window = await self.household.hold(*NAMES, runtime=self.runtime, command=self.command)
        await self.is_well(window)
        return window

    async def is_well(self, window: Window) -> None:
        """The daemon has all agents, and says that they run."""
        await self.household.until(
            lambda: (
                all(name in window.mirror.agents for name in NAMES)
                and all(window.state(name) is RUNNING and window.agent(name).terminal for name in NAMES)
            )
        )

    def streaming(self, window: Window) -> AbstractAsyncContextManager[Streams]:
        return streaming(self.household, self.engine, {name: window.agent(name).terminal for name in NAMES})

    def gateway(self) -> psutil.Process | None:
        """The keeper's child, if it has one now."""
        for child in self.keeper().children():
            with suppress(psutil.NoSuchProcess):
                if "qms_tui.mcp" in child.cmdline() and not is_gone(child):
                    return child
        return None

    def age(self) -> None:
        """The daemon is of an older version."""
        lock = daemon_folder(self.household.root) / LOCK
        lock.write_text(json.dumps({**json.loads(lock.read_text()), "version": "0.0.9"}))

    def keeper(self) -> psutil.Process:
        return psutil.Process(self.keeper_pid())

    def keeper_pid(self) -> int:
        """Of the keeper that serves, or served last."""
        lock = keeper_folder(self.household.root, self.engine) / KEEPER_LOCK
        return int(json.loads(lock.read_text())["pid"])


@pytest.fixture(params=["containers", "local"])
async def street(
    request: pytest.FixtureRequest,
    make_qms_project: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Street]:
    qms_project = make_qms_project(uid=os.getuid())  # else root would be refused
    home = tmp_path / "home"
    home.mkdir()
    prepare(qms_project)
    with at_home(qms_project, home, monkeypatch) as made:
        try:
            if request.param == "local":
                yield Street(made, LOCAL, lambda: local_processes_of(made), "local", HERE)
            else:
                engine: docker.APIClient = request.getfixturevalue("engine")
                image = request.getfixturevalue("programs_image")
                made.set(f'[agent]\nimage = "{image}"\n[mcp.still]\ncommand = {json.dumps(SERVER)}\n')
                host = find_address(None, os.environ, Path.home()).host
                yield Street(made, host, lambda: contained_processes_of(made, engine), None, IN_CONTAINERS)
        finally:
            await made.close()
            made.run("stop", "--all", "--yes")


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def take_memory(process: psutil.Process, window: Window) -> None:
    """The daemon has not a page more, and is asked for much. Raises QmsTuiError of the connection."""
    process.rlimit(psutil.RLIMIT_DATA, (1, 1))
    for _ in range(MANY):
        await window.ask(SEND, Send(("qa",), "a subject", "x" * MUCH))
