"""The MCP gateway as the keeper has it: a process of its own, as long as the configuration has servers.

It is told on its standard input what to do, and ends when that ends: with the keeper, however that ends.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from msgspec import Struct

from qms_tui.config import McpServer, Program
from qms_tui.errors import QmsTuiError
from qms_tui.mcp.orders import agent_line, servers_line
from qms_tui.mcp.places import gateway_folder
from qms_tui.project import Project
from qms_tui.trust import examine

_log = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MOST = 0.2, 30.0  # seconds between starts of a gateway that ends by itself
STEADY = 60.0  # seconds of life after which its next end is a first one again
END_PATIENCE = 5.0  # seconds in which it ends its servers; then by force


class GatewaySetup(Struct, frozen=True):
    """What a gateway is started with; if anything of it changes, a new one is."""

    servers: tuple[McpServer, ...] = ()
    listen: str = ""
    trusted: bool = False
    """Whether servers may start in the project's folder."""
    programs: tuple[Program, ...] = ()


class GatewayProcess:
    """Started when an agent needs it, again when it ends, anew when the configuration changes."""

    def __init__(
        self, keeper_folder: Path, project: Path, config_file: Path | None, log_level: str, umask: int = -1
    ) -> None:
        """`config_file` is that of --config, read instead of the user's own; `umask` is for servers.

        They write for others to read, into inboxes say, so the keeper's own is not for them; -1 is ours.
        """
        self._umask = umask
        self._folder = gateway_folder(keeper_folder)
        self._project = Project(project)
        self._config_file = config_file
        self._log_level = log_level
        self._setup = GatewaySetup()
        self._agents: dict[str, None] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._life: asyncio.Task[None] | None = None

    def serve(self, agent: str) -> None:
        """This agent's container runs, or is about to: have its servers there, as they are configured now."""
        setup = self._configured()
        known = agent in self._agents
        self._agents[agent] = None
        if setup != self._setup:
            self._setup = setup
            self._begin_anew()
        elif not known:
            self._say(agent_line(agent))

    async def close(self) -> None:
        """End it and wait for that; what it started ends with it."""
        process = self._process
        self._stop()
        if self._life is not None:
            self._life.cancel()
        if process is None:
            return
        try:
            await asyncio.wait_for(process.wait(), END_PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _configured(self) -> GatewaySetup:
        try:
            standing = examine(self._project, user_file=self._config_file)
            config = standing.config()
        except QmsTuiError as error:
            _log.warning("the MCP servers stay as they are: %s", error)
            return self._setup
        listen = config.engine.mcp_listen or ""
        return GatewaySetup(config.servers, listen, config.trusted, config.programs)

    def _begin_anew(self) -> None:
        _log.info("MCP servers: %s", ", ".join(server.name for server in self._setup.servers) or "none")
        if self._life is None:
            self._life = asyncio.get_running_loop().create_task(self._keep_running())
        else:
            self._stop()

    def _stop(self) -> None:
        """Its input ends, and so does it."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _say(self, line: bytes) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(line)

    async def _keep_running(self) -> None:
        pause, clock = RETRY_FIRST, asyncio.get_running_loop().time
        while True:
            begun, setup = clock(), self._setup
            if setup.servers:
                await self._live()
            if setup == self._setup:
                await asyncio.sleep(pause)
            pause = RETRY_FIRST if clock() - begun > STEADY else min(pause * 2, RETRY_MOST)

    async def _live(self) -> None:
        """One start of it, until its end."""
        owner = self._project.owner()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "qms_tui.mcp", "--log-level", self._log_level),
                *("--folder", str(self._folder), "--project", str(self._project.root)),
                *("--uid", str(owner.uid), "--gid", str(owner.gid)),
                *("--listen", self._setup.listen),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                umask=self._umask,
            )
        except OSError as error:
            _log.warning("the MCP gateway cannot be started: %s", error)
            return
        process = self._process
        servers = servers_line(self._setup.servers, self._setup.programs, trusted=self._setup.trusted)
        self._say(servers + b"".join(map(agent_line, self._agents)))
        try:
            code = await process.wait()
            _log.log(logging.WARNING if code else logging.INFO, "the MCP gateway ended with status %d", code)
        finally:
            self._process = None
