"""An agent's socket, and what comes in through it. An agent is hostile: everything here has a bound.

What one agent costs is counted in bytes that wait, connections, and time: who takes more than a share of the
gateway's time is not listened to for a while, longer each time. So nobody else has to wait.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import time
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from qms_tui.ipc import Stranger, check_agent, reachable
from qms_tui.mcp.budget import AgentBudget
from qms_tui.mcp.jsonrpc import Message
from qms_tui.mcp.large_reader import LargeReader
from qms_tui.mcp.places import INSIDE, SOCKET, agent_folder, make_agent_folder
from qms_tui.mcp.session import Session
from qms_tui.mcp.visitor import Visitor

_log = logging.getLogger(__name__)

MOST_CONNECTIONS = 48  # of an agent: clients of Claude Code times servers, with room
BACKLOG = 128  # connections that wait to be taken in
FULL_PAUSE = 0.1  # seconds in which no more connections are taken in
SHARE = 0.02  # seconds of work for an agent after which it has to wait
WITHIN = 0.2  # seconds in which that work has to be done to count
REST_FIRST, REST_MOST = 2.0, 16.0  # so many times as long; twice as many each time that it does not help
LONGEST_REST = 5.0  # seconds; a client's largest message is read in a tenth of a second
CALM = 10.0  # seconds without a rest after which the next is a first one again


class House(Protocol):
    """Who decides what comes of a hello."""

    def greet(self, agent: str, hello: Message) -> tuple[Session, Message]:
        """The session, and what to tell the bridge first. Raises Refused."""


class Door:
    """The socket of one agent."""

    def __init__(
        self,
        agent: str,
        folder: Path,
        owner: tuple[int, int],
        house: House,
        budget: AgentBudget,
        large: LargeReader,
    ) -> None:
        """`owner`: uid and gid of the agent's container."""
        self.agent, self.house, self.budget, self.large = agent, house, budget, large
        self.visitors: set[Visitor] = set()
        self.complaints = 0
        self._folder, self._owner = folder, owner
        self._listening: socket.socket | None = None
        self._inode = 0
        self._worked = self._since = self._rested = 0.0
        self._rest = REST_FIRST
        self.resting = False

    def open(self) -> None:
        """Listen, also anew after somebody has removed the socket. Raises OSError."""
        path = make_agent_folder(self._folder, self.agent, *self._owner) / SOCKET
        if self._listening is not None and _inode(path) == self._inode:
            return
        self._stop_listening()
        listening = socket.socket(socket.AF_UNIX)
        listening.setblocking(False)
        try:
            with reachable(path) as short:
                path.unlink(missing_ok=True)
                listening.bind(str(short))
            path.chmod(0o600)
            if os.geteuid() == 0:
                os.chown(path, *self._owner, follow_symlinks=False)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
        self._listening, self._inode = listening, _inode(path)
        asyncio.get_running_loop().add_reader(listening, self._accept)

    def close(self) -> None:
        """Listen no more, end all connections."""
        self._stop_listening()
        for visitor in list(self.visitors):
            visitor.close()

    def _stop_listening(self) -> None:
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()
            self._listening = None

    def _accept(self) -> None:
        assert self._listening is not None
        if self.resting or len(self.visitors) >= MOST_CONNECTIONS:
            self._pause_accepting()
            return
        try:
            connected, _ = self._listening.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS):
                self.complain(f"no more connections: {error.strerror}")
                self._pause_accepting()
            return
        if not self._may_come(connected):
            connected.close()
            return
        connected.setblocking(False)
        visitor = Visitor(self)
        self.visitors.add(visitor)
        loop = asyncio.get_running_loop()
        loop.create_task(self._bring_in(visitor, connected))  # noqa: RUF006 the transport holds on to it

    def _may_come(self, connected: socket.socket) -> bool:
        """Whether it is this agent, and not another one that sees the socket in some other way."""
        begun = time.perf_counter()
        uids, folder = (os.geteuid(), self._owner[0]), agent_folder(self._folder, self.agent)
        try:
            check_agent(connected, uids, folder, PurePosixPath(INSIDE))
        except Stranger as stranger:
            self.complain(f"a connection was refused: it {stranger}")
            return False
        finally:
            self.worked(time.perf_counter() - begun)
        return True

    async def _bring_in(self, visitor: Visitor, connected: socket.socket) -> None:
        await asyncio.get_running_loop().connect_accepted_socket(lambda: visitor, connected)

    def admit(self, transport: asyncio.Transport, said: bytes) -> None:
        """One that came in another way, with what it has said already."""
        if len(self.visitors) >= MOST_CONNECTIONS:
            transport.close()
            return
        visitor = Visitor(self)
        self.visitors.add(visitor)
        transport.set_protocol(visitor)
        visitor.connection_made(transport)
        visitor.listen()
        if said:
            visitor.hear(said)

    def _pause_accepting(self) -> None:
        """Let them wait in the backlog, and then be refused by the kernel, at no cost of ours."""
        listening = self._listening
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)  # type: ignore[arg-type]

        def resume() -> None:
            if self._listening is listening and listening is not None:
                loop.add_reader(listening, self._accept)

        loop.call_later(FULL_PAUSE, resume)

    # -- what it costs ------------------------------------------------------------------------------------

    def worked(self, seconds: float) -> None:
        """So long the gateway worked for this agent; after its share others come first."""
        now = time.perf_counter()
        if now - self._since > WITHIN:
            self._since, self._worked = now, 0.0
        self._worked += seconds
        if self._worked < SHARE or self.resting:
            return
        self.resting = True
        for visitor in self.visitors:
            visitor.listen()
        asyncio.get_running_loop().call_later(self._next_rest(now), self._go_on)

    def _next_rest(self, now: float) -> float:
        """Seconds until it is listened to again."""
        self._rest = min(self._rest * 2, REST_MOST) if now - self._rested < CALM else REST_FIRST
        seconds = min(self._worked * self._rest, LONGEST_REST)
        self._rested = now + seconds
        return seconds

    def _go_on(self) -> None:
        self.resting, self._worked = False, 0.0
        for visitor in self.visitors:
            visitor.listen()

    def complain(self, text: str) -> None:
        """Say the first of many in the log, then each thousandth."""
        if self.complaints % 1000 == 0:
            _log.warning("%s: %s (%d before)", self.agent, text, self.complaints)
        self.complaints += 1

    def status(self) -> dict[str, Any]:
        """For people."""
        return {"connections": len(self.visitors), "held": self.budget.bytes, "complaints": self.complaints}


def _inode(path: Path) -> int:
    try:
        return path.lstat().st_ino
    except OSError:
        return 0
