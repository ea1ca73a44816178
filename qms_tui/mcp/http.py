"""A server that speaks streamable HTTP: a session per client, and one of our own that looks after it.

Each session has an HTTP client of its own, because that keeps what a server says about one agent: cookies,
and connections that somebody may be logged in on. Only the certificates that are trusted are shared.

The SDK's client does not say whether a message that failed had been delivered, so this uses what that client
is made of: httpx2, and the SDK's types. Deviation: redirects are not followed.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import logging
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from qms_tui.config import McpServer
from qms_tui.mcp.call import Call
from qms_tui.mcp.http_session import HttpSession
from qms_tui.mcp.jsonrpc import (
    Interrupted,
    Message,
    NotDelivered,
    answer_of,
    field,
    forwarded,
    identified,
    is_request,
    key_of,
    notification,
    number_of,
    request,
)
from qms_tui.mcp.large_reader import LargeReader
from qms_tui.mcp.launch import LaunchPlace
from qms_tui.mcp.process import Program
from qms_tui.mcp.server import STEADY, Pause, Server
from qms_tui.mcp.session import Post, Session
from qms_tui.mcp.stdio import CLIENT

_log = logging.getLogger(__name__)

CONNECT_PATIENCE = 5.0  # seconds
ANSWER_PATIENCE = 3600.0  # seconds without a byte of an answer; the client gives up long before
LOOK_PATIENCE = 10.0  # seconds for an answer to our own requests
LOOK_EVERY = 10.0  # seconds between looks at a server that is up
LOOK_MOST = 2.0  # seconds between looks at one that is down
KEPT_CONNECTIONS = 2  # of a client
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class HttpServer(Server):
    """Looks after it, and starts it if it has a command."""

    def __init__(self, spec: McpServer, lists: Path, place: LaunchPlace, large: LargeReader) -> None:
        super().__init__(spec, lists, large)
        self._place = place
        self._numbers = itertools.count(1)
        self._mine: dict[Session, HttpSession] = {}
        self._asked: dict[tuple[Session, str], str] = {}
        self._calls: dict[int, Call] = {}
        self._ending = ""  # how its program ended, until one has lived for a while, or it is up
        self._doubt = asyncio.Event()  # somebody could not reach it
        self._tasks: set[asyncio.Task[None]] = set()
        assert spec.url is not None
        self._url = spec.url
        self._trust_env = urlsplit(spec.url).hostname not in _LOOPBACK

    def _http(self) -> httpx2.AsyncClient:
        """For one session."""
        return httpx2.AsyncClient(
            verify=_certificates(),
            timeout=httpx2.Timeout(ANSWER_PATIENCE, connect=CONNECT_PATIENCE, write=60.0),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=KEPT_CONNECTIONS),
            headers={"accept-encoding": "identity"},  # a small answer stays one
            trust_env=self._trust_env,
        )

    # -- looking after it ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_after())
            if self.spec.command is not None:
                tasks.create_task(self._keep_running())

    async def _keep_running(self) -> None:
        pause, clock = Pause(), asyncio.get_running_loop().time
        assert self.spec.command is not None
        while True:
            begun = clock()
            try:
                await self._live()
            except OSError as problem:
                self.went_down(f"cannot start {self.spec.command[0]}: {problem.strerror or problem}")
            await asyncio.sleep(pause.after(clock() - begun))

    async def _live(self) -> None:
        spec = await asyncio.to_thread(self._place.spec, self.spec, os.environ)
        program = await Program.start(self.name, spec, piped=False, limit=2**16)
        self._doubt.set()
        lives = asyncio.get_running_loop().call_later(STEADY, self._forget_ending)
        try:
            self._ending = await program.ended()
            self.went_down(self._ending)
        finally:
            lives.cancel()
            await program.end()

    def _forget_ending(self) -> None:
        self._ending = ""

    async def _look_after(self) -> None:
        pause = Pause(LOOK_MOST)
        while True:
            begun = time.monotonic()
            read = partial(self.large.read, self.name, strict=False)
            looker = HttpSession(
                self._http(), self._url, self._headers(""), CLIENT, lambda _: None, read=read, name=self.name
            )
            try:
                await self._look(looker)
            except (NotDelivered, Interrupted) as reason:
                self.went_down(self._ending or str(reason))
            finally:
                await looker.close()
            await asyncio.sleep(pause.after(time.monotonic() - begun))

    async def _look(self, looker: HttpSession) -> None:
        """Begin a session, and look whether it lives until that fails."""
        while True:
            self._doubt.clear()
            if looker.initialized is None:
                await self.begun(looker.begin())
            else:
                await self._ping(looker)
            if not self.up.is_set():
                assert looker.initialized is not None
                self.came_up(looker.initialized)
                self._forget_ending()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._doubt.wait(), LOOK_EVERY)

    async def _ping(self, looker: HttpSession) -> None:
        try:
            async with asyncio.timeout(LOOK_PATIENCE):
                await looker.begin()  # its session may have been lost
                await looker.request(request(next(self._numbers), "ping", {}))
        except TimeoutError:
            raise Interrupted(f"no answer to a ping within {LOOK_PATIENCE:.0f} s") from None

    def _headers(self, agent: str) -> dict[str, str]:
        """What it is told with every request; without an agent nothing about one."""
        pairs = (header.partition(":") for header in self.spec.headers if agent or "{agent}" not in header)
        return {name: value.strip().replace("{agent}", agent) for name, _, value in pairs}

    # -- to the server ------------------------------------------------------------------------------------

    async def request(self, call: Call) -> Message:
        """Send it within the session of its client, wait for the answer."""
        number = call.forwarded = next(self._numbers)
        self._calls[number] = call
        params = forwarded(call.params, call.session.agent, number if call.token is not None else None)
        try:
            mine = self._session_of(call.session)
            return await mine.request(request(number, call.method, params), call.hold)
        except (NotDelivered, Interrupted) as reason:
            self._suspect(str(reason))
            raise
        finally:
            self._calls.pop(number, None)

    def _suspect(self, reason: str) -> None:
        self.went_down(reason)
        self._doubt.set()

    def _session_of(self, session: Session) -> HttpSession:
        if session not in self._mine:
            client = {**CLIENT, **session.client}

            def heard(message: Message) -> None:
                self._take(session, message)

            headers = self._headers(session.agent)
            read = partial(self.large.read, session.agent, strict=False)
            mine = HttpSession(
                self._http(), self._url, headers, client, heard, session.usage, read, self.name
            )
            self._mine[session] = mine
        return self._mine[session]

    def cancelled(self, call: Call, params: Message) -> None:
        """Under the server's number for it."""
        if call.forwarded in self._calls:
            said = identified({**params, "requestId": call.forwarded}, call.session.agent)
            self._later(call.session, notification("notifications/cancelled", said))

    def notified(self, session: Session, method: str, params: object) -> Post:
        """Everything but progress, whose token is another one there."""
        if method == "notifications/progress":
            return None
        return self._later(session, notification(method, forwarded(params, session.agent)))

    def left(self, session: Session) -> None:
        """End the session there too."""
        super().left(session)
        mine = self._mine.pop(session, None)
        if mine is not None:
            self._do(mine.close)

    def _later(self, session: Session, message: Message) -> Post:
        mine = self._mine.get(session)

        async def post() -> None:
            assert mine is not None
            await mine.post_only(message)

        return self._do(post) if mine is not None else None

    def _do(self, act: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        async def guarded() -> None:
            try:
                await act()
            except (NotDelivered, Interrupted, ValueError) as reason:
                _log.info("%s: %s", self.name, reason)

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- from the server ----------------------------------------------------------------------------------

    def _take(self, session: Session, message: Message) -> None:
        if is_request(message):
            self._be_asked(session, message)
            return
        params = message.get("params")
        if message.get("method") == "notifications/progress":
            call = self._calls.get(number_of(field(params, "progressToken")))
            if call is not None and call.session is session and isinstance(params, dict):
                call.tell_progress(params)
        elif message.get("method") == "notifications/cancelled":
            session.take_back(self._asked.pop((session, key_of(field(params, "requestId"))), ""))
        elif "method" in message:
            self.heard(message, session)

    def _be_asked(self, session: Session, message: Message) -> None:
        key = (session, key_of(message["id"]))

        def reply(answer: Message) -> Post:
            self._asked.pop(key, None)
            return self._later(session, {"jsonrpc": "2.0", "id": message["id"], **answer_of(answer)})

        if message["method"] == "ping":
            reply({"result": {}})
            return
        asked = session.ask(str(message["method"]), message.get("params"), reply)
        if asked:
            self._asked[key] = asked


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The authorities that are trusted; reading them takes 30 ms. SSL_CERT_FILE counts for any server."""
    return httpx2.create_ssl_context()
