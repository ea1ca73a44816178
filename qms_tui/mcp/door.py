"""An agent's socket, and what comes in through it. An agent is hostile: everything here has a bound.

What one agent costs is counted in bytes that wait, connections, and time: who takes more than a share of the
gateway's time is not listened to for a while. So nobody else has to wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import time
from pathlib import Path
from typing import Any, Protocol

from qms_tui.mcp.jsonrpc import Message, decoded, encoded
from qms_tui.mcp.places import SOCKET, make_agent_folder
from qms_tui.mcp.session import Session
from qms_tui.sockets import reachable

_log = logging.getLogger(__name__)

MOST_CONNECTIONS = 48  # of an agent: clients of Claude Code times servers, with room
BACKLOG = 128  # connections that wait to be taken in
LONGEST_LINE = 16 * 2**20 + 64  # bytes: a message of the client, and our numbers
LONGEST_HELLO = 256 * 1024  # bytes
MOST_HELD = 64 * 2**20  # bytes of an agent that wait here: unfinished lines, requests in flight
GREETING = 5.0  # seconds to say hello in
FULL_PAUSE = 0.1  # seconds in which no more connections are taken in
SHARE = 0.02  # seconds of work for an agent after which it has to wait
WITHIN = 0.2  # seconds in which that work has to be done to count
REST = 2.0  # so many times as long


class Refused(Exception):
    """Why a client is not served; it is told so."""


class House(Protocol):
    """Who decides what comes of a hello."""

    def greet(self, agent: str, hello: Message) -> tuple[Session, Message]:
        """The session, and what to tell the bridge first. Raises Refused."""


class Visitor(asyncio.Protocol):
    """One connection of a bridge, or of somebody who says so."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()
        self._session: Session | None = None
        self._timeout: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came in."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._timeout = asyncio.get_running_loop().call_later(GREETING, self.close)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection has gone; the session stays for a while."""
        self._transport = None
        if self._timeout is not None:
            self._timeout.cancel()
        self._door.held -= len(self._waiting)
        self._waiting.clear()
        self._door.visitors.discard(self)
        if self._session is not None:
            self._session.detach(self)

    def data_received(self, data: bytes) -> None:
        """Take complete lines; whoever says nonsense is shown out."""
        begun = time.perf_counter()
        try:
            self._take(data)
        except (ValueError, TypeError, KeyError) as error:
            self._door.complain(f"a connection was ended: {str(error)[:200]}")
            self.close()
        self._door.worked(time.perf_counter() - begun)

    def pause(self, *, reading: bool) -> None:
        """Listen, or not."""
        with contextlib.suppress(RuntimeError):  # closing already
            if self._transport is not None:
                (self._transport.resume_reading if reading else self._transport.pause_reading)()

    def write(self, line: bytes) -> None:
        """Send without waiting; the session knows how much waits."""
        if self._transport is not None:
            self._transport.write(line)

    def close(self) -> None:
        """Say no more."""
        if self._transport is not None:
            self._transport.close()

    def _take(self, data: bytes) -> None:
        begin = len(self._waiting)
        self._waiting += data
        self._door.held += len(data)
        if self._waiting.find(b"\n", begin) >= 0:
            *lines, rest = bytes(self._waiting).split(b"\n")
            self._waiting[:] = rest
            for line in lines:
                self._take_line(line)
        if len(self._waiting) > (LONGEST_LINE if self._session else LONGEST_HELLO):
            raise ValueError("a line is too long")
        if self._door.held > MOST_HELD:
            raise ValueError("too much waits for this agent")

    def _take_line(self, line: bytes) -> None:
        size = len(line) + 1
        if self._transport is None or self._transport.is_closing():
            self._door.held -= size
        elif self._session is None:
            self._door.held -= size
            self._be_greeted(decoded(line))
        elif not self._take_message(self._session, line, size):
            self._door.held -= size

    def _be_greeted(self, hello: Message) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
        try:
            session, welcome = self._door.house.greet(self._door.agent, hello)
        except Refused as refusal:
            self.write(encoded({"refused": str(refusal)}) + b"\n")
            self.close()
            return
        self.write(encoded(welcome) + b"\n")
        self._session = session
        session.attach(self, int(hello.get("received", 0)) if welcome["resumed"] else 0)

    def _take_message(self, session: Session, line: bytes, size: int) -> bool:
        """Whether the session holds on to it; it says when it does no more."""
        number, acknowledged, *rest = line.split(b" ", 2)
        session.acknowledge(int(acknowledged))
        if rest == [b"bye"]:
            session.end()
        if int(number) <= session.received or not rest:
            return False  # an acknowledgement, or what came already
        session.take(int(number), decoded(rest[0]), lambda: self._door.let_go(size))
        return True


class Door:
    """The socket of one agent."""

    def __init__(self, agent: str, folder: Path, owner: tuple[int, int], house: House) -> None:
        """`owner`: uid and gid of the agent's container."""
        self.agent, self.house = agent, house
        self.visitors: set[Visitor] = set()
        self.held = 0
        self.complaints = 0
        self._folder, self._owner = folder, owner
        self._listening: socket.socket | None = None
        self._inode = 0
        self._worked = self._since = 0.0
        self._resting = False

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
        if self._resting or len(self.visitors) >= MOST_CONNECTIONS:
            self._pause_accepting()
            return
        try:
            connected, _ = self._listening.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS):
                self.complain(f"no more connections: {error.strerror}")
                self._pause_accepting()
            return
        connected.setblocking(False)
        visitor = Visitor(self)
        self.visitors.add(visitor)
        loop = asyncio.get_running_loop()
        loop.create_task(self._bring_in(visitor, connected))  # noqa: RUF006 the transport holds on to it

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
        if self._resting:
            visitor.pause(reading=False)
        if said:
            visitor.data_received(said)

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

    def let_go(self, size: int) -> None:
        """So many bytes wait no more."""
        self.held -= size

    def worked(self, seconds: float) -> None:
        """So long the gateway worked for this agent; after its share others come first."""
        now = time.perf_counter()
        if now - self._since > WITHIN:
            self._since, self._worked = now, 0.0
        self._worked += seconds
        if self._worked < SHARE or self._resting:
            return
        self._resting = True
        for visitor in self.visitors:
            visitor.pause(reading=False)
        asyncio.get_running_loop().call_later(self._worked * REST, self._go_on)

    def _go_on(self) -> None:
        self._resting, self._worked = False, 0.0
        for visitor in self.visitors:
            visitor.pause(reading=True)

    def complain(self, text: str) -> None:
        """Say the first of many in the log, then each thousandth."""
        if self.complaints % 1000 == 0:
            _log.warning("%s: %s (%d before)", self.agent, text, self.complaints)
        self.complaints += 1

    def status(self) -> dict[str, Any]:
        """For people."""
        return {"connections": len(self.visitors), "held": self.held, "complaints": self.complaints}


def _inode(path: Path) -> int:
    try:
        return path.lstat().st_ino
    except OSError:
        return 0
