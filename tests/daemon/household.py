"""A project with a home of its own, and its real daemon: started, found, killed as clients and fate do it.

    window = await household.hold("qa", command="bash --norc")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)

Agents are programs of this machine unless a test says otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import qms_tui
from qms_tui.api.client import Client
from qms_tui.api.commands import STATUS, Hold, Nothing, Status
from qms_tui.api.daemon import Daemon, daemon_of
from qms_tui.api.environment import own_environment
from qms_tui.api.place import LOCK, SOCKET, daemon_folder
from qms_tui.ipc import reachable
from qms_tui.keeper.journal.reader import read_entries, read_segments
from qms_tui.keeper.journal.records import Output
from qms_tui.keeper.local_found import find_one
from qms_tui.keeper.local_processes import LocalProcesses
from qms_tui.keeper.paths import LOCAL, agent_folder
from tests.daemon.served import Window
from tests.trusted import trust

PATIENCE = 30.0
POLL = 0.02
SHELL = "env PS1=free> bash --norc --noprofile"
OURS = ("qms_tui.daemon", "qms_tui.keeper", "qms_tui.keeper.spawner", "qms_tui.mcp")


class Household:
    """A project at `root`, whose home is `home`."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root, self.home = root, home
        self.config = home / "config.toml"
        self.imports = home / "imports"
        self._clients: list[Client] = []

    # -- its files --------------------------------------------------------------------------------------

    def set(self, text: str) -> None:
        """The user's configuration is this."""
        self.config.write_text(text)

    @property
    def state(self) -> Path:
        return self.home / "state" / "qms-tui"

    @property
    def log(self) -> str:
        return "".join(path.read_text() for path in sorted(self.home.rglob("daemon-*.log*")))

    def written(self) -> bytes:
        """All that processes of ours have written, but what programs print."""
        files = [*self.state.rglob("*"), *self.home.rglob("*.log*")]
        return b"".join(path.read_bytes() for path in files if path.is_file() and "journal" not in path.name)

    def printed(self, agent: str = "qa", engine: str = LOCAL) -> str:
        """What the agent's program has printed, as its journal has it."""
        entries = read_entries(read_segments(agent_folder(self.root, engine, agent)))
        found = b"".join(entry.fact.data for entry in entries if isinstance(entry.fact, Output))
        return found.decode(errors="replace")

    def began(self, agent: str) -> float:
        """When its program began, as its spawner says, which the daemon first has to ask."""
        return find_one(LocalProcesses(self.root), agent).began

    def put(self, agent: str, document: str = "CR-056") -> Path:
        """A review comes in."""
        text = f"---\ntask_type: REVIEW\ndoc_id: {document}\nassigned_by: claude\n---\n\n# {document}\n"
        path = self.root / f".claude/users/{agent}/inbox/task-{document}-review-v0-1.md"
        path.write_text(text)
        return path

    # -- its processes ----------------------------------------------------------------------------------

    @property
    def daemon(self) -> Daemon:
        return daemon_of(self.root, str(self.config))

    def process(self) -> psutil.Process:
        """The daemon."""
        return psutil.Process(json.loads((daemon_folder(self.root) / LOCK).read_text())["pid"])

    def processes(self) -> list[str]:
        """What of ours runs for this project, by module."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                if str(self.root) in words and process.status() != psutil.STATUS_ZOMBIE:
                    found += [word for word in words if word in OURS]
        return sorted(found)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> psutil.Process:
        process = self.process()
        process.send_signal(number)
        return process

    def run(self, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command, without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "qms_tui", *args, "--config", str(self.config)],
            cwd=self.root, env=os.environ | environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    # -- its clients ------------------------------------------------------------------------------------

    async def hold(
        self, *agents: str, runtime: str | None = "local", named: tuple[str, ...] = (), **wish: Any
    ) -> Window:
        """A window on a daemon that holds these agents, which run a shell unless it is said.

        The `named` variables go along beside those that always do.
        """
        asked = {"command": SHELL if runtime == "local" else None, **wish}
        hold = Hold(agents, runtime, config_file=str(self.config), **asked)
        environment = own_environment(named, whole=runtime == "local")
        return await self._window(await self.daemon.hold("test", hold, environment))

    async def window(self) -> Window:
        """One on the daemon that runs."""
        client = await self.daemon.find("test")
        assert client is not None, "there is no daemon"
        return await self._window(client)

    def knock(self) -> socket.socket:
        """A connection to the daemon that says nothing. Raises BlockingIOError if too many wait for one."""
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        try:
            with reachable(daemon_folder(self.root) / SOCKET) as address:
                connection.connect(str(address))
        except OSError:
            connection.close()
            raise
        return connection

    async def window_of_new(self) -> Window:
        """One on a daemon that is started if need be, or in place of one that hangs."""
        return await self._window(await self.daemon.reach("test"))

    async def _window(self, client: Client) -> Window:
        self._clients.append(client)
        window = Window(client)
        await client.subscribe(window.heard.append)
        return window

    async def status(self, window: Window) -> Status:
        return await window.ask(STATUS, Nothing())

    async def until(self, holds: Callable[[], object], patience: float = PATIENCE) -> None:
        deadline = time.monotonic() + patience
        while not holds():
            assert time.monotonic() < deadline, f"waited {patience:g} s in vain\n{self.log[-3000:]}"
            await asyncio.sleep(POLL)

    async def close(self) -> None:
        """End everything; nothing may stay."""
        for client in self._clients:
            await client.close()
        await asyncio.to_thread(self.daemon.end)
        await asyncio.to_thread(LocalProcesses(self.root).stop)


@contextlib.asynccontextmanager
async def household(place: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[Household]:
    """A project in a folder, whose processes are found by this process and those that it starts."""
    root, home = place / "project", place / "home"
    (root / ".claude/agents").mkdir(parents=True)
    for name in ("claude", "qa", "bu"):
        (root / f".claude/agents/{name}.md").write_text(f"---\nname: {name}\n---\n")
        (root / f".claude/users/{name}/inbox").mkdir(parents=True)
    home.mkdir()
    with at_home(root, home, patch) as made:
        try:
            yield made
        finally:
            await made.close()


@contextlib.contextmanager
def at_home(root: Path, home: Path, patch: pytest.MonkeyPatch) -> Iterator[Household]:
    """The same of a project that is there."""
    for name in ("config", "state", "cache"):
        patch.setenv(f"XDG_{name.upper()}_HOME", str(home / name))
    source = Path(qms_tui.__file__).parents[1]
    patch.setenv("PYTHONPATH", f"{Path(__file__).parent / 'imports'}{os.pathsep}{source}")
    patch.setenv("IMPORTS_OF_DAEMON", str(home / "imports"))
    made = Household(root, home)
    made.set("")
    trust(root, home / "state", made.config)
    yield made
