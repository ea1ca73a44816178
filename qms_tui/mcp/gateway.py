"""The gateway: servers on one side, a door per agent on the other, sessions between them."""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qms_tui import __version__
from qms_tui.config import McpServer, Program
from qms_tui.ipc import Stranger, check_own, reachable
from qms_tui.mcp.budget import AgentBudget, Budget
from qms_tui.mcp.door import Door
from qms_tui.mcp.hall import Hall
from qms_tui.mcp.http import HttpServer
from qms_tui.mcp.jsonrpc import Message, encoded
from qms_tui.mcp.large_reader import LargeReader
from qms_tui.mcp.launch import LaunchPlace
from qms_tui.mcp.places import STATUS, lists_file, start_folders
from qms_tui.mcp.server import Server
from qms_tui.mcp.session import Session
from qms_tui.mcp.stdio import StdioServer
from qms_tui.mcp.tokens import owner_of, read_token
from qms_tui.mcp.visitor import Refused

_log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between looks whether sockets are still there and sessions still wanted
KEPT = 60.0  # seconds that a session waits for its bridge to come back
MOST_SESSIONS = 64  # of an agent; the one that waits for its bridge longest goes first


class Gateway:
    """Serves until it is told to stop."""

    def __init__(self, folder: Path, project: Path, owner: tuple[int, int], listen: str = "") -> None:
        """`folder` is the gateway's own, `project` whose agents it serves, `owner` whom they run as.

        `listen` is ADDRESS:PORT, for agents that cannot have their sockets.
        """
        self._listen = listen
        self._hall: Hall | None = None
        self._listening = ""
        self._tokens: dict[str, str] = {}
        self.instance = uuid.uuid4().hex
        self._folder, self._project, self._owner = folder, project, owner
        self._servers: dict[str, Server] = {}
        self._budget, self._large = Budget(), LargeReader()
        self._doors: dict[str, Door] = {}
        self._sessions: dict[tuple[str, str], Session] = {}
        self._running: list[asyncio.Task[None]] = []

    async def run(self, stopped: asyncio.Event) -> None:
        """Serve; servers and agents may be added before and meanwhile."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = await self._open_status()
        looking = asyncio.get_running_loop().create_task(self._look_after())
        try:
            await stopped.wait()
        finally:
            looking.cancel()
            status.close()
            if self._hall is not None:
                self._hall.close()
            (self._folder / STATUS).unlink(missing_ok=True)
            await self._close()

    async def _close(self) -> None:
        for door in self._doors.values():
            door.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._large.close()

    # -- what the keeper says -----------------------------------------------------------------------------

    def add_servers(
        self, specs: Sequence[McpServer], programs: Sequence[Program] = (), *, trusted: bool
    ) -> None:
        """Begin to have these up; they start in the project only if that is `trusted`."""
        place = LaunchPlace(self._project, trusted, start_folders(self._folder), tuple(programs))
        for spec in specs:
            kind = StdioServer if spec.url is None else HttpServer
            server = kind(spec, lists_file(self._folder, spec.name), place, self._large)
            self._servers[spec.name] = server
            self._running.append(asyncio.get_running_loop().create_task(self._have_up(server)))

    async def _have_up(self, server: Server) -> None:
        """A fault of ours in one server is not the others' end."""
        while True:
            try:
                await server.run()
            except Exception as fault:
                _log.exception("%s", server.name)
                server.went_down(f"something unexpected: {type(fault).__name__}")
            await asyncio.sleep(LOOK)

    def add_agent(self, agent: str) -> None:
        """Open the agent's door, if it is not."""
        if agent not in self._doors:
            self._doors[agent] = Door(
                agent, self._folder, self._owner, self, AgentBudget(self._budget), self._large
            )
        self._tokens[agent] = read_token(self._folder, agent) if self._listen else ""
        try:
            self._doors[agent].open()
        except OSError as problem:
            self._doors[agent].complain(f"cannot listen: {problem}")

    async def _have_hall(self) -> None:
        """Listen for those with tokens; an address that comes later, as of a tunnel, is tried again."""
        if not self._listen or self._hall is not None:
            return
        host, _, port = self._listen.rpartition(":")
        hall = Hall(lambda token: self._doors.get(owner_of(token, self._tokens)))
        try:
            await hall.open(host, int(port))
        except OSError as problem:
            said = f"cannot listen at {self._listen}: {problem.strerror or problem}"
            if said != self._listening:
                _log.warning("%s", said)
            self._listening = said
            return
        self._hall, self._listening = hall, f"listens at {self._listen}"
        _log.info("%s", self._listening)

    # -- what comes in through a door ---------------------------------------------------------------------

    def greet(self, agent: str, hello: Message) -> tuple[Session, Message]:
        """The session that was, or a new one. Raises Refused."""
        name = str(hello.get("session", ""))[:64]
        server = self._server_for(agent, str(hello.get("server", ""))[:64])
        session = before = self._sessions.get((agent, name))
        same = hello.get("instance") == self.instance
        resumed = session is not None and same and session.target is server and not session.ended
        if not resumed or session is None:
            session = self._begin(agent, name, server, hello)
        welcome: Message = {"instance": self.instance, "resumed": resumed, "received": session.received}
        if before is not None and before.reason:
            welcome["ended"] = before.reason
        return session, {**welcome, "initialize": server.initialized}

    def _server_for(self, agent: str, name: str) -> Server:
        server = self._servers.get(name)
        if server is None or not server.spec.serves(agent):
            _log.info("%s may not use %r", agent, name)
            raise Refused(f"agent {agent} may not use it" if server else "no such server is configured")
        return server

    def _begin(self, agent: str, name: str, server: Server, hello: Message) -> Session:
        self._end((agent, name))
        self._make_room(agent)
        door, client = self._doors[agent], hello.get("client")
        known = client if isinstance(client, dict) else {}
        session = Session(name, agent, server, known, self.instance, door.budget, door.worked)
        session.stale = bool(hello.get("stale")) or not server.up.is_set()
        self._sessions[agent, name] = session
        asyncio.get_running_loop().call_soon(server.join, session)  # after the welcome
        return session

    def _make_room(self, agent: str) -> None:
        own = [key for key in self._sessions if key[0] == agent]
        if len(own) >= MOST_SESSIONS:
            waiting = [key for key in own if self._sessions[key].wire is None]
            self._end(min(waiting or own, key=lambda key: self._sessions[key].alone_since))

    def _end(self, key: tuple[str, str]) -> None:
        session = self._sessions.pop(key, None)
        if session is not None:
            session.end()

    # -- now and then -------------------------------------------------------------------------------------

    async def _look_after(self) -> None:
        while True:
            await self._have_hall()
            for agent in list(self._doors):
                self.add_agent(agent)
            now = asyncio.get_running_loop().time()
            for key, session in list(self._sessions.items()):
                gone = session.ended and not session.reason  # else its bridge comes back, and hears why
                if gone or (session.wire is None and now - session.alone_since > KEPT):
                    self._end(key)
            await asyncio.sleep(LOOK)

    # -- how it stands ------------------------------------------------------------------------------------

    async def _open_status(self) -> asyncio.Server:
        """A socket that tells whoever connects how everything stands."""
        path = self._folder / STATUS
        path.unlink(missing_ok=True)
        with reachable(path) as short:
            server = await asyncio.start_unix_server(self._tell, str(short))
        path.chmod(0o600)
        return server

    async def _tell(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What stands there is for people: of the agents each would learn of the others."""
        try:
            check_own(writer.get_extra_info("socket"))
        except Stranger as stranger:
            _log.debug("how it stands was not told: it %s", stranger)
        else:
            writer.write(encoded(self.status()) + b"\n")
        writer.close()

    def status(self) -> dict[str, Any]:
        """All servers, and every agent's doors and sessions."""
        return {
            "version": __version__,
            "pid": os.getpid(),
            "instance": self.instance,
            "listening": self._listening,
            "servers": [server.status() for server in self._servers.values()],
            "agents": [
                {"agent": agent, **door.status(), "servers": self._used_by(agent)}
                for agent, door in sorted(self._doors.items())
            ],
        }

    def _used_by(self, agent: str) -> list[dict[str, Any]]:
        return [
            {"name": server.name, "allowed": server.spec.serves(agent), **_summary(agent, server)}
            for server in self._servers.values()
        ]


def _summary(agent: str, server: Server) -> dict[str, Any]:
    own = [session for session in server.sessions if session.agent == agent]
    return {
        "sessions": len(own),
        "connected": sum(session.wire is not None for session in own),
        "in_flight": sum(len(session.calls) for session in own),
        "served": sum(session.served for session in own),
        "trouble": next((session.trouble for session in reversed(own) if session.trouble), ""),
    }
