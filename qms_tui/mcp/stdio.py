"""A server that speaks on stdio: one process and one session with it, for all agents.

It cannot tell which agent a request of its own is for. If the calls of one client only are running, it is
for that one; else it is refused.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Sequence
from pathlib import Path

from mcp_types.version import LATEST_HANDSHAKE_VERSION

from qms_tui import __version__
from qms_tui.config import McpServer
from qms_tui.mcp.jsonrpc import (
    CHANGED,
    INVALID_REQUEST,
    Interrupted,
    Message,
    NotDelivered,
    answer_of,
    decoded,
    encoded,
    error,
    identified,
    is_request,
    key_of,
    notification,
    request,
)
from qms_tui.mcp.process import Program
from qms_tui.mcp.server import LONGEST_ANSWER, Pause, Server
from qms_tui.mcp.session import Call, Session

_log = logging.getLogger(__name__)

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

    def __init__(self, spec: McpServer, lists: Path, cwd: Path) -> None:
        super().__init__(spec, lists)
        self._cwd = cwd
        self._program: Program | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._calls: dict[int, Call] = {}
        self._asked: dict[str, tuple[Session, str]] = {}  # the server's requests by its ids

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
        program = await Program.start(self.name, self.command, self._cwd, piped=True, limit=LONGEST_ANSWER)
        self._program = program
        reading = asyncio.get_running_loop().create_task(self._read(program))
        try:
            await self._begin(reading)
            self.went_down(await reading or await program.ended())
        except (Interrupted, NotDelivered) as reason:
            self.went_down(str(reason))
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
            try:
                line = await program.process.stdout.readline()
            except ValueError:
                return f"a message of more than {LONGEST_ANSWER >> 20} MB"
            if not line.endswith(b"\n"):
                return ""
            try:
                message = decoded(line)
            except ValueError:
                nonsense += 1
                if nonsense == 1:
                    _log.info("%s prints what is no message: %r", self.name, line[:200])
                continue
            self._take(message)
        return f"it prints what is no message, like {line[:60]!r}"

    # -- to the server ------------------------------------------------------------------------------------

    async def request(self, call: Call) -> Message:
        """Send it, wait for the answer."""
        number = call.forwarded = next(self._numbers)
        self._calls[number] = call
        self._note_subscription(call)
        try:
            params = identified(call.params, call.session.agent, number if call.token is not None else None)
            return await self._ask(call.method, params, number)
        finally:
            self._calls.pop(number, None)

    def _note_subscription(self, call: Call) -> None:
        uri = call.params.get("uri") if isinstance(call.params, dict) else None
        if call.method == "resources/subscribe" and isinstance(uri, str):
            call.session.subscriptions.add(uri)
        elif call.method == "resources/unsubscribe" and isinstance(uri, str):
            call.session.subscriptions.discard(uri)

    async def _ask(self, method: str, params: Message, number: int = 0) -> Message:
        number = number or next(self._numbers)
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._write(request(number, method, params))
        self._waiting[number] = future
        try:
            return await future
        finally:
            self._waiting.pop(number, None)

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

    def _write_if_there(self, message: Message) -> None:
        try:
            self._write(message)
        except NotDelivered as reason:
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

    def notified(self, session: Session, method: str, params: object) -> None:
        """Its clients' roots are not one client's; the rest passes."""
        if method != "notifications/progress":
            self._write_if_there(notification(method, identified(params, session.agent)))

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

        def reply(answer: Message) -> None:
            self._asked.pop(key, None)
            self._write_if_there({"jsonrpc": "2.0", "id": message["id"], **answer})

        session = self._only_one()
        if method == "ping":
            reply({"result": {}})
        elif session is None:
            reply(error(INVALID_REQUEST, "it cannot be told which agent this is for"))
        else:
            asked = session.ask(method, message.get("params"), reply)
            if asked:
                self._asked[key] = (session, asked)
