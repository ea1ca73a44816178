"""An agent's socket, and what comes in through it. An agent is hostile: everything here has a bound.

What one agent costs is counted in bytes that wait, connections, and time: who takes more than a share of the
gateway's time is not listened to for a while, longer each time. So nobody else has to wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import time
from collections import deque
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from qms_tui.mcp.budget import AgentBudget, Usage
from qms_tui.mcp.jsonrpc import MOST_VALUES, Message, decoded, encoded, structure, weight
from qms_tui.mcp.places import INSIDE, SOCKET, agent_folder, make_agent_folder
from qms_tui.mcp.session import Session
from qms_tui.sockets import Stranger, check_agent, reachable

_log = logging.getLogger(__name__)

MOST_CONNECTIONS = 48  # of an agent: clients of Claude Code times servers, with room
BACKLOG = 128  # connections that wait to be taken in
LONGEST_LINE = 16 * 2**20 + 64  # bytes: a message of the client, and our numbers
LONGEST_HELLO = 256 * 1024  # bytes; also of the memory that it takes
GREETING = 5.0  # seconds to say hello in
FULL_PAUSE = 0.1  # seconds in which no more connections are taken in
SHARE = 0.02  # seconds of work for an agent after which it has to wait
WITHIN = 0.2  # seconds in which that work has to be done to count
REST_FIRST, REST_MOST = 2.0, 16.0  # so many times as long; twice as many each time that it does not help
LONGEST_REST = 5.0  # seconds; a client's largest message is read in a tenth of a second
CALM = 10.0  # seconds without a rest after which the next is a first one again
AT_ONCE = 64 * 1024  # bytes that are read, or handed over to be sent, at once: a thousand small messages


class Refused(Exception):
    """Why a client is not served; it is told so."""


class House(Protocol):
    """Who decides what comes of a hello."""

    def greet(self, agent: str, hello: Message) -> tuple[Session, Message]:
        """The session, and what to tell the bridge first. Raises Refused."""


class Visitor(asyncio.BufferedProtocol):
    """One connection of a bridge, or of somebody who says so."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray(AT_ONCE)
        self._waiting = bytearray()
        self._values, self._next_check = 0, MOST_VALUES  # of the unfinished line, at most
        self._usage = Usage(door.budget, self._be_ended)
        self._outgoing: deque[memoryview] = deque()
        self._full = False  # the transport takes no more at the moment
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
        self._usage.close()
        self._waiting.clear()
        self._outgoing.clear()
        self._door.visitors.discard(self)
        if self._session is not None:
            self._session.detach(self)

    def get_buffer(self, sizehint: int) -> bytearray:
        """Where to put what comes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So much has come."""
        self.hear(bytes(self._buffer[:nbytes]))

    def hear(self, data: bytes) -> None:
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

    @property
    def has_room(self) -> bool:
        """Whether everything is on its way."""
        return not self._full and not self._outgoing

    def write(self, *parts: bytes) -> None:
        """Send as the other end reads; what it does not read has no copy here."""
        self._outgoing.extend(memoryview(part) for part in parts)
        self._send()

    def pause_writing(self) -> None:
        """The other end does not read as fast as this is sent."""
        self._full = True

    def resume_writing(self) -> None:
        """It has read."""
        self._full = False
        self._send()
        if self._session is not None and self._session.wire is self:
            self._session.pump()

    def _send(self) -> None:
        while self._outgoing and not self._full and self._transport is not None:
            part = self._outgoing.popleft()
            if len(part) > AT_ONCE:
                self._outgoing.appendleft(part[AT_ONCE:])
            self._transport.write(part[:AT_ONCE])

    def close(self) -> None:
        """Say no more. Words to somebody who has no session yet are still sent."""
        self._usage.close()
        self._waiting.clear()
        self._outgoing.clear()
        if self._transport is not None and self._session is not None:
            self._transport.abort()
        elif self._transport is not None:
            self._transport.close()

    def _be_ended(self, reason: str) -> None:
        self._door.complain(f"a connection was ended: {reason}")
        self.close()

    def _take(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        begin = len(self._waiting)
        self._waiting += data
        self._usage.add(len(data))
        self._check_values(data)
        while (end := self._waiting.find(b"\n", begin)) >= 0:
            line = bytes(self._waiting[:end])
            del self._waiting[: end + 1]
            self._usage.remove(end + 1)
            begin = 0
            self._values, self._next_check = 0, MOST_VALUES
            self._take_line(line)
        if len(self._waiting) > (LONGEST_LINE if self._session else LONGEST_HELLO):
            raise ValueError("a line is too long")

    def _check_values(self, data: bytes) -> None:
        """Refuse a line that says too much before all of it is here."""
        self._values += structure(data)
        if self._values > self._next_check:
            weight(self._waiting)
            self._next_check *= 2

    def _take_line(self, line: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._session is not None:
            self._take_message(self._session, line)
        elif weight(line) > LONGEST_HELLO:
            raise ValueError("a hello that says too much")
        else:
            self._be_greeted(decoded(line))

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

    def _take_message(self, session: Session, line: bytes) -> None:
        number, acknowledged, *rest = line.split(b" ", 2)
        session.acknowledge(int(acknowledged))
        if rest == [b"bye"]:
            session.end()
        if int(number) > session.received and rest:  # else an acknowledgement, or what came already
            session.received = int(number)  # also if it is nonsense: it must not come again
            size = weight(rest[0])
            session.take(decoded(rest[0]), size)


class Door:
    """The socket of one agent."""

    def __init__(
        self, agent: str, folder: Path, owner: tuple[int, int], house: House, budget: AgentBudget
    ) -> None:
        """`owner`: uid and gid of the agent's container."""
        self.agent, self.house, self.budget = agent, house, budget
        self.visitors: set[Visitor] = set()
        self.complaints = 0
        self._folder, self._owner = folder, owner
        self._listening: socket.socket | None = None
        self._inode = 0
        self._worked = self._since = self._rested = 0.0
        self._rest = REST_FIRST
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
        if self._resting:
            visitor.pause(reading=False)
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
        if self._worked < SHARE or self._resting:
            return
        self._resting = True
        for visitor in self.visitors:
            visitor.pause(reading=False)
        asyncio.get_running_loop().call_later(self._next_rest(now), self._go_on)

    def _next_rest(self, now: float) -> float:
        """Seconds until it is listened to again."""
        self._rest = min(self._rest * 2, REST_MOST) if now - self._rested < CALM else REST_FIRST
        seconds = min(self._worked * self._rest, LONGEST_REST)
        self._rested = now + seconds
        return seconds

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
        return {"connections": len(self.visitors), "held": self.budget.bytes, "complaints": self.complaints}


def _inode(path: Path) -> int:
    try:
        return path.lstat().st_ino
    except OSError:
        return 0
