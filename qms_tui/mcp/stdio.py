"""A server that speaks on stdio: one process and one session with it, for all agents.

It cannot tell which agent a request of its own is for. If the calls of one client only are running, it is
for that one; else it is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

from mcp_types.version import LATEST_HANDSHAKE_VERSION

from qms_tui import __version__
from qms_tui.config import McpServer
from qms_tui.mcp.jsonrpc import (
    CHANGED,
    INVALID_REQUEST,
    TOO_MUCH,
    Interrupted,
    Message,
    NotDelivered,
    answer_of,
    answered_by,
    encoded,
    error,
    identified,
    is_request,
    key_of,
    mended,
    notification,
    request,
    weight,
)
from qms_tui.mcp.launch import LaunchPlace
from qms_tui.mcp.process import Program
from qms_tui.mcp.server import LONGEST_ANSWER, Pause, Server
from qms_tui.mcp.session import Call, Post, Session

_log = logging.getLogger(__name__)

MOST_UNREAD = 2**20  # bytes that wait for it to read; then calls wait before they are written
LONGEST_END = 100  # bytes of either end of a line that is too long
MOST_SUBSCRIPTIONS, LONGEST_URI = 256, 2048  # of a client; characters
INITIALIZE_PATIENCE = 60.0  # seconds; a first `uvx` downloads
LAST_WORDS = 2.0  # seconds in which what a program said before its end must have come
MOST_NONSENSE = 1000  # lines of a start that are no messages
CLIENT = {
    "protocolVersion": LATEST_HANDSHAKE_VERSION,
    "capabilities": {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {}},
    "clientInfo": {"name": "qms-tui", "version": __version__},
}


class StdioServer(Server):
    """Its process, started again when it ends."""

    def __init__(self, spec: McpServer, lists: Path, place: LaunchPlace) -> None:
        super().__init__(spec, lists)
        self._place = place
        self._program: Program | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._calls: dict[int, Call] = {}
        self._asked: dict[str, tuple[Session, str]] = {}  # the server's requests by its ids
        self._posts: set[asyncio.Task[None]] = set()

    @property
    def command(self) -> Sequence[str]:
        """What to start."""
        assert self.spec.command is not None
        return self.spec.command

    async def run(self) -> None:
        """Start it as often as it takes."""
        pause, clock = Pause(), asyncio.get_running_loop().time
        while True:
            begun = clock()
            try:
                await self._live()
            except OSError as problem:
                self.went_down(f"cannot start {self.command[0]}: {problem.strerror or problem}")
            await asyncio.sleep(pause.after(clock() - begun))

    async def _live(self) -> None:
        spec = await asyncio.to_thread(self._place.spec, self.spec, os.environ)
        program = await Program.start(self.name, spec, piped=True, limit=LONGEST_ANSWER)
        self._program = program
        assert program.process.stdin is not None
        program.process.stdin.transport.set_write_buffer_limits(high=MOST_UNREAD)
        reading = asyncio.get_running_loop().create_task(self._read(program))
        try:
            await self._begin(reading)
            self.went_down(await reading or await program.ended())
        except (Interrupted, NotDelivered) as reason:
            gone = program.process.returncode is not None
            self.went_down(await program.ended() if gone else str(reason))
        finally:
            self.up.clear()
            self._program = None
            reading.cancel()
            self._interrupt("its process has ended")
            await program.end()

    async def _begin(self, reading: asyncio.Task[str]) -> None:
        beginning = asyncio.get_running_loop().create_task(self._ask("initialize", CLIENT))
        done, _ = await asyncio.wait(
            {beginning, reading}, timeout=INITIALIZE_PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        if beginning not in done:
            beginning.cancel()
            raise Interrupted(await self._why_not(reading))
        try:
            answer = beginning.result()
        except NotDelivered as reason:  # it has ended already, and its last words may still be on their way
            await asyncio.wait({reading}, timeout=LAST_WORDS)
            raise Interrupted(await self._why_not(reading) if reading.done() else str(reason)) from None
        if "error" in answer:
            raise Interrupted(f"it refuses initialize: {str(answer['error'].get('message'))[:200]}")
        self._write(notification("notifications/initialized"))
        self.came_up(answer["result"])

    async def _why_not(self, reading: asyncio.Task[str]) -> str:
        if not reading.done():
            return f"no answer to initialize within {INITIALIZE_PATIENCE:.0f} s"
        assert self._program is not None
        return reading.result() or await self._program.ended()

    async def _read(self, program: Program) -> str:
        """Take what it says until it ends; why, if that is our doing."""
        assert program.process.stdout is not None
        nonsense = 0
        while nonsense < MOST_NONSENSE:
            await asyncio.sleep(0)  # a stream that has lines does not: others come between
            line, whole = await _next_line(program.process.stdout)
            if not line.endswith(b"\n"):
                return ""
            if not self._hear_line(line, whole):
                nonsense += 1
                if nonsense == 1:
                    _log.info("%s prints what is no message: %r", self.name, line[:200])
        return f"it prints what is no message, like {line[:60]!r}"

    def _hear_line(self, line: bytes, whole: bool) -> bool:
        """Whether that is a message; of a line that is not whole the ends tell which call it is."""
        begun = time.perf_counter()
        number = answered_by(line)
        if number is not None and number not in self._waiting:
            return True  # nobody waits for it any more: reading it would only take time
        call = self._calls.get(number or 0)
        if not whole:
            return self._fail(number, f"the server's answer has more than {LONGEST_ANSWER >> 20} MB")
        try:
            size = weight(line)
            message = mended(line)
        except ValueError as problem:
            return self._fail(number, f"the server's answer cannot be read: {problem}")
        if call is not None:
            call.hold(size)
        self._take(message)
        if call is not None:
            call.session.worked(time.perf_counter() - begun)
        return True

    def _fail(self, number: int | None, reason: str) -> bool:
        """Whether that was the answer to a call, which has this reason instead of it now."""
        future = self._waiting.get(number or 0)
        if future is None or future.done():
            return False
        future.set_result(error(INVALID_REQUEST, reason))
        return True

    # -- to the server ------------------------------------------------------------------------------------

    async def request(self, call: Call) -> Message:
        """Send it, wait for the answer."""
        number = call.forwarded = next(self._numbers)
        self._calls[number] = call
        try:
            own = self._own_answer(call)
            if own is not None:
                return own
            params = identified(call.params, call.session.agent, number if call.token is not None else None)
            return await self._ask(call.method, params, number)
        finally:
            self._calls.pop(number, None)

    def _own_answer(self, call: Call) -> Message | None:
        """Subscriptions are everybody's at the server: one client does not end another's."""
        uri = call.params.get("uri") if isinstance(call.params, dict) else None
        mine = call.session.subscriptions
        if call.method == "resources/subscribe" and isinstance(uri, str):
            if len(uri) > LONGEST_URI or len(mine) >= MOST_SUBSCRIPTIONS:
                return error(TOO_MUCH, f"at most {MOST_SUBSCRIPTIONS} subscriptions")
            mine.add(uri)
        elif call.method == "resources/unsubscribe" and isinstance(uri, str):
            mine.discard(uri)
            if any(uri in session.subscriptions for session in self.sessions):
                return {"result": {}}
        return None

    async def _ask(self, method: str, params: Message, number: int = 0) -> Message:
        number = number or next(self._numbers)
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        await self._have_room()
        self._write(request(number, method, params))
        self._waiting[number] = future
        try:
            return await future
        finally:
            self._waiting.pop(number, None)

    async def _have_room(self) -> None:
        """Wait until the server has read most of what it was sent: what waits here counts for its agent."""
        while (program := self._program) is not None and self._is_full():
            assert program.process.stdin is not None
            try:
                await program.process.stdin.drain()
            except ConnectionError:
                raise NotDelivered("its process is not there") from None

    def _is_full(self) -> bool:
        stdin = self._program.process.stdin if self._program is not None else None
        if stdin is None or stdin.is_closing():
            return False
        return stdin.transport.get_write_buffer_size() > MOST_UNREAD

    def _write(self, message: Message) -> None:
        """Raises NotDelivered if there is nobody to write to."""
        process = self._program.process if self._program is not None else None
        if (
            process is None
            or process.stdin is None
            or process.stdin.is_closing()
            or process.returncode is not None
        ):
            raise NotDelivered("its process is not there")
        process.stdin.write(encoded(message) + b"\n")

    def _write_if_there(self, message: Message) -> Post:
        """Write now, or in a task when there is room."""
        if not self._is_full():
            self._try_to_write(message)
            return None

        async def later() -> None:
            with contextlib.suppress(NotDelivered):
                await self._have_room()
            self._try_to_write(message)

        task = asyncio.get_running_loop().create_task(later())
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)
        return task

    def _try_to_write(self, message: Message) -> None:
        try:
            self._write(message)
        except (NotDelivered, ValueError) as reason:
            _log.debug("%s: %s", self.name, reason)

    def _interrupt(self, reason: str) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Interrupted(reason))
        for session, asked in self._asked.values():
            session.take_back(asked)
        self._asked.clear()

    def cancelled(self, call: Call, params: Message) -> None:
        """Under the server's number for it."""
        if call.forwarded in self._waiting:
            said = {**identified(params, call.session.agent), "requestId": call.forwarded}
            self._write_if_there(notification("notifications/cancelled", said))

    def notified(self, session: Session, method: str, params: object) -> Post:
        """Its clients' roots are not one client's; the rest passes."""
        if method == "notifications/progress":
            return None
        return self._write_if_there(notification(method, identified(params, session.agent)))

    # -- from the server ----------------------------------------------------------------------------------

    def _take(self, message: Message) -> None:
        if is_request(message):
            self._be_asked(message)
        elif "method" in message:
            self._hear(message)
        else:
            number = message.get("id")
            future = self._waiting.get(number) if isinstance(number, int) else None
            if future is not None and not future.done():
                future.set_result(answer_of(message))

    def _hear(self, message: Message) -> None:
        params = message.get("params")
        given = params if isinstance(params, dict) else {}
        method = message["method"]
        if method == "notifications/progress":
            call = self._calls.get(given.get("progressToken", 0))
            if call is not None:
                call.tell_progress(given)
        elif method == "notifications/cancelled":
            session, asked = self._asked.pop(key_of(given.get("requestId")), (None, ""))
            if session is not None:
                session.take_back(asked)
        elif method in CHANGED or method == "notifications/resources/updated":
            self.heard(message, None)
        else:
            self.heard(message, self._only_one())

    def _only_one(self) -> Session | None:
        """The client whose calls are the only ones that run."""
        running = {call.session for call in self._calls.values()}
        return running.pop() if len(running) == 1 else None

    def _be_asked(self, message: Message) -> None:
        key, method = key_of(message["id"]), str(message["method"])

        def reply(answer: Message) -> Post:
            self._asked.pop(key, None)
            return self._write_if_there({"jsonrpc": "2.0", "id": message["id"], **answer})

        session = self._only_one()
        if method == "ping":
            reply({"result": {}})
        elif session is None:
            reply(error(INVALID_REQUEST, "it cannot be told which agent this is for"))
        else:
            asked = session.ask(method, message.get("params"), reply)
            if asked:
                self._asked[key] = (session, asked)


async def _next_line(stream: asyncio.StreamReader) -> tuple[bytes, bool]:
    """The next line, or what there is of it at the end; and whether it is whole, not only both ends of it.

    One agent can have a server answer at any length: that must not end the server for all.
    """
    head = b""
    while True:
        try:
            line = await stream.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            return end.partial, True
        except asyncio.LimitOverrunError as overrun:
            part = await stream.readexactly(overrun.consumed)
            head = (head or part[:LONGEST_END]) + part[-LONGEST_END:]
            head = head[:LONGEST_END] + head[-LONGEST_END:]
            continue
        return (head + line[-LONGEST_END:], False) if head else (line, True)
