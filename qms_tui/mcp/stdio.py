"""A server that speaks on stdio: one process and one session with it, for all agents.

It cannot tell which agent a request of its own is for. If the calls of one client only are running, it is
for that one; else it is refused.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from mcp_types.version import LATEST_HANDSHAKE_VERSION

from qms_tui import __version__
from qms_tui.config import McpServer
from qms_tui.mcp.call import Call
from qms_tui.mcp.jsonrpc import (
    CHANGED,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    Encoded,
    Interrupted,
    Message,
    NotDelivered,
    complaint,
    error,
    field,
    forwarded,
    identified,
    is_request,
    key_of,
    notification,
    number_of,
    pieces_of,
    request,
)
from qms_tui.mcp.large_reader import LargeReader
from qms_tui.mcp.launch import LaunchPlace
from qms_tui.mcp.pending import Pending
from qms_tui.mcp.process import Program
from qms_tui.mcp.replies import Unreadable
from qms_tui.mcp.server import LONGEST_ANSWER, Pause, Server
from qms_tui.mcp.session import Post, Session
from qms_tui.mcp.shared_session import NEVER_SENT, SharedSession, shareable
from qms_tui.mcp.stdio_pipe import MOST_READ_AHEAD, StdioPipe
from qms_tui.mcp.stdio_reader import StdioReader

_log = logging.getLogger(__name__)

LAST_WORDS = 2.0  # seconds in which what a program said before its end must have come
CLIENT = {
    "protocolVersion": LATEST_HANDSHAKE_VERSION,
    "capabilities": {"sampling": {}, "elicitation": {}},
    "clientInfo": {"name": "qms-tui", "version": __version__},
}


class StdioServer(Server):
    """Its process, started again when it ends."""

    def __init__(self, spec: McpServer, lists: Path, place: LaunchPlace, large: LargeReader) -> None:
        super().__init__(spec, lists, large)
        self._place = place
        self._pipe: StdioPipe | None = None
        self._pending = Pending()
        self._shared = SharedSession(time.monotonic)
        self._level = ""  # of its logging, as the server was told
        self._asked: dict[str, tuple[Session, str]] = {}  # the server's requests by its ids
        self._posts: set[asyncio.Task[None]] = set()
        self._reader = StdioReader(self.name, self._pending, self._shared, large, self._heard)

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
        program = await Program.start(self.name, spec, piped=True, limit=MOST_READ_AHEAD)
        self._pipe = pipe = StdioPipe(program, LONGEST_ANSWER)
        loop = asyncio.get_running_loop()
        reading, over = loop.create_task(self._reader.read(pipe)), loop.create_task(program.over.wait())
        try:
            if await self._begin(reading, over):
                await asyncio.wait({reading, over}, return_when=asyncio.FIRST_COMPLETED)
            self.went_down(await _why_over(reading, program))
        except (Interrupted, Unreadable) as reason:
            self.went_down(str(reason))
        finally:
            self.up.clear()
            self._pipe = None
            pipe.close()
            for task in (reading, over):
                task.cancel()
            self._reader.stop()
            self._pending.interrupt(self.detail or "its process has ended")
            self._take_questions_back()
            await program.end()

    async def _begin(self, reading: asyncio.Task[str], over: asyncio.Task[Literal[True]]) -> bool:
        """Whether it can be used; else it is over. Raises Interrupted or Unreadable, with its own words."""
        beginning = asyncio.get_running_loop().create_task(self.begun(self._ask("initialize", CLIENT)))
        await asyncio.wait({beginning, reading, over}, return_when=asyncio.FIRST_COMPLETED)
        if not beginning.done():
            beginning.cancel()
            return False
        try:
            answer = beginning.result()
        except NotDelivered:
            return False
        except Unreadable as problem:
            raise Unreadable(f"its answer to initialize cannot be read: {problem}") from None
        if "error" in answer:
            raise Interrupted(f"it refuses initialize: {str(complaint(answer).get('message'))[:200]}")
        self._try_to_write(notification("notifications/initialized"))
        self._level = ""
        self._shared.restart()
        self.came_up(shareable(answer["result"]) if isinstance(answer["result"], dict) else {})
        self._tell_level()
        return True

    def _tell_level(self) -> None:
        """Have the server log as much as anybody wants to hear, no less than is usual."""
        level = self._shared.level
        offered = field(field(self.initialized, "capabilities"), "logging") is not None
        if offered and self.up.is_set() and level != self._level:
            self._level = level
            number = self._pending.new_number()  # whose answer nobody needs
            self._write_if_there(request(number, "logging/setLevel", {"level": level}))

    def left(self, session: Session) -> None:
        """It wants to hear nothing any more."""
        super().left(session)
        self._shared.leave(session)
        self._tell_level()

    # -- to the server ------------------------------------------------------------------------------------

    async def request(self, call: Call) -> Message:
        """Send it, wait for the answer."""
        number = call.forwarded = self._pending.new_number()
        own = self._shared.own_answer(call, self.sessions)
        if own is not None:
            self._tell_level()
            return own
        self._shared.begin(number, call)
        try:
            params = forwarded(call.params, call.session.agent, number if call.token is not None else None)
            return await self._ask(call.method, params, number)
        except Unreadable as problem:
            return error(INVALID_REQUEST, f"the server's answer cannot be read: {problem}")
        finally:
            self._shared.end(number)
            self._reader.give_up(number)

    async def _ask(self, method: str, params: Message | Encoded, number: int = 0) -> Message:
        number = number or self._pending.new_number()
        await self._have_room()
        self._write(request(number, method, params))
        try:
            return await self._pending.add(number)
        finally:
            self._pending.remove(number)

    async def _have_room(self) -> None:
        """Wait until the server has read most of what it was sent: what waits here counts for its agent."""
        if self._pipe is not None:
            await self._pipe.have_room()

    def _write(self, message: Message) -> None:
        """Raises NotDelivered if there is nobody to write to."""
        if self._pipe is None or not self._pipe.open:
            raise NotDelivered("its process is not there")
        self._pipe.write(pieces_of(message))

    def _write_if_there(self, message: Message) -> Post:
        """Write now, or in a task when there is room."""
        if self._pipe is None or not self._pipe.full:
            self._try_to_write(message)
            return None

        async def later() -> None:
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

    def _take_questions_back(self) -> None:
        for session, asked in self._asked.values():
            session.take_back(asked)
        self._asked.clear()

    def cancelled(self, call: Call, params: Message) -> None:
        """Under the server's number for it."""
        if call.forwarded in self._pending:
            self._shared.cancel(call.forwarded, call.session)
            said = identified({**params, "requestId": call.forwarded}, call.session.agent)
            self._write_if_there(notification("notifications/cancelled", said))

    def notified(self, session: Session, method: str, params: object) -> Post:
        """Progress has another token there, and roots would be everybody's; the rest passes."""
        if method in NEVER_SENT:
            return None
        return self._write_if_there(notification(method, forwarded(params, session.agent)))

    # -- from the server ----------------------------------------------------------------------------------

    def _heard(self, message: Message) -> None:
        """A request or a notification of its own."""
        (self._be_asked if is_request(message) else self._hear)(message)

    def _hear(self, message: Message) -> None:
        params, method = message.get("params"), message["method"]
        if method == "notifications/progress":
            call = self._shared.calls.get(number_of(field(params, "progressToken")))
            if call is not None and isinstance(params, dict):
                call.tell_progress(params)
        elif method == "notifications/cancelled":
            session, asked = self._asked.pop(key_of(field(params, "requestId")), (None, ""))
            if session is not None:
                session.take_back(asked)
        elif method in CHANGED or method == "notifications/resources/updated":
            self.heard(message, None)
        else:
            session = self._shared.hearer(message)
            if session is not None:
                session.send(message)

    def _be_asked(self, message: Message) -> None:
        key, method = key_of(message["id"]), str(message["method"])

        def reply(answer: Message) -> Post:
            self._asked.pop(key, None)
            return self._write_if_there({"jsonrpc": "2.0", "id": message["id"], **answer})

        session = self._shared.only_one()
        if method == "ping":
            reply({"result": {}})
        elif method == "roots/list":
            reply(error(METHOD_NOT_FOUND, "the roots of one agent would be every agent's"))
        elif session is None:
            reply(error(INVALID_REQUEST, "it cannot be told which agent this is for"))
        else:
            asked = session.ask(method, message.get("params"), reply)
            if asked:
                self._asked[key] = (session, asked)


async def _why_over(reading: asyncio.Task[str], program: Program) -> str:
    """Why a program cannot be used any more: what we have against what it prints, or how it ended."""
    if not reading.done():
        await asyncio.wait({reading}, timeout=LAST_WORDS)
    return (reading.done() and reading.result()) or await program.why_over()
