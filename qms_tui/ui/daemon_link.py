"""The daemon as the screen has it: what it knows, what it can be asked for, and whether it answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from qms_tui.api.commands import (
    LOOK_AT,
    PING,
    RESIZE,
    SHOW_COLORS,
    SHOW_SERVERS,
    Color,
    Command,
    LookAt,
    Nothing,
    Resize,
    ShowColors,
    ShowServers,
)
from qms_tui.api.deltas import News
from qms_tui.api.errors import ConnectionLost
from qms_tui.api.mirror import Mirror
from qms_tui.api.snapshot import Snapshot
from qms_tui.errors import QmsTuiError
from qms_tui.runtime import Size

if TYPE_CHECKING:  # the wire comes with whoever connects, after the first painting
    from qms_tui.api.client import Client

PING_PERIOD = 0.75  # seconds from one answer to the next question
PATIENCE = 0.75  # seconds for an answer; one that is alive needs milliseconds
GRACE, TURNS = 0.25, 50  # seconds and turns of the loop more: what came while we stood still is read then
CONNECTING = 90.0  # seconds for a connection; to start a daemon takes one, an engine far away more
LATE = 2.0  # seconds after which the first one is missed: it comes up, or waits for an engine that hangs
SOONEST, LATEST = 0.25, 1.5  # seconds between two tries to connect
_log = logging.getLogger(__name__)

P = TypeVar("P")
R = TypeVar("R")
Connect = Callable[[Callable[[News], None]], Awaitable["Client"]]
"""Gives a client that has subscribed, whose news go to whom it is given. Raises QmsTuiError or OSError."""


class DaemonLink:
    """Connects, and connects again. Everything happens within the event loop.

    `hear` gets all news, and each snapshot that a connection begins with. `miss` is called when the daemon
    does not answer any more, with the time in seconds since 1970, or with None when it does again. `refuse`
    gets what it does not do.
    """

    def __init__(
        self,
        connect: Connect,
        hear: Callable[[News], None],
        miss: Callable[[float | None], None],
        refuse: Callable[[QmsTuiError], None],
        colors: Mapping[int, tuple[int, int, int]] = MappingProxyType({}),
    ) -> None:
        """`colors` are the screen's."""
        self._connect, self._hear, self._miss, self.refuse = connect, hear, miss, refuse
        self._colors = ShowColors(tuple(Color(key, *color) for key, color in colors.items()))
        self._client: Client | None = None
        self._last = self.former = Mirror(Snapshot(0))
        """What was known before this connection."""
        self._first = asyncio.Event()  # there has been a connection, or no way to one
        self._missing = False
        self.remarks: tuple[str, ...] = ()
        """What a human should know of the agents that the daemon holds for this screen."""
        self._looked_at = ""
        self._shows_servers = False
        self._sizes: dict[str, Size] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers: set[asyncio.Future[Any]] = set()

    @property
    def mirror(self) -> Mirror:
        """What it knows; while it is missing, what it knew."""
        return self._client.mirror if self._client is not None and self._client.mirror else self._last

    @property
    def answers(self) -> bool:
        """Whether it can be asked, as far as anybody knows."""
        return self._client is not None and not self._missing

    @property
    def hangs(self) -> bool:
        """Whether it leaves us connected and does not answer."""
        return self._client is not None and self._missing

    def start(self) -> None:
        """Connect, within the running loop."""
        self.go(self._stay_connected())
        self.go(self._miss_first())

    async def _miss_first(self) -> None:
        await asyncio.sleep(LATE)
        if not self._first.is_set():
            self._set_missing(True)

    async def close(self) -> None:
        """Let go of it; idempotent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._let_go()

    def go(self, errand: Coroutine[Any, Any, None]) -> None:
        """Do it meanwhile."""
        task = asyncio.get_running_loop().create_task(errand)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- what is asked for ------------------------------------------------------------------------------

    async def request(self, command: Command[P, R], parameters: P) -> R:
        """Ask for something, and wait for what becomes of it. Raises ApiError; ConnectionLost, also as soon
        as the daemon does not answer.
        """
        await self._first.wait()
        if self._client is None or self._missing:
            raise _no_answer("agents go on; try again in a moment")
        answer = asyncio.ensure_future(self._client.request(command, parameters))
        self._answers.add(answer)
        try:
            return await answer
        except asyncio.CancelledError:
            asked_by = asyncio.current_task()
            if answer.cancelled() and not (asked_by and asked_by.cancelling()):
                raise _no_answer("it may do it once it goes on") from None
            raise
        finally:
            answer.cancel()
            self._answers.discard(answer)

    def ask(self, command: Command[P, R], parameters: P) -> None:
        """Ask for something after all that was asked for before; `refuse` hears if it is not done."""
        self.go(self._ask(command, parameters))

    async def _ask(self, command: Command[P, R], parameters: P) -> None:
        try:
            await self.request(command, parameters)
        except QmsTuiError as error:
            self.refuse(error)

    def look_at(self, agent: str) -> None:
        """The human looks at an agent, or at none; every daemon hears it that comes."""
        if agent != self._looked_at:
            self._looked_at = agent
            self._tell(LOOK_AT, LookAt(agent))

    def show_servers(self, in_view: bool) -> None:
        """Whether the human sees how the MCP servers stand, as `look_at`."""
        if in_view != self._shows_servers:
            self._shows_servers = in_view
            self._tell(SHOW_SERVERS, ShowServers(in_view))

    def resize(self, agent: str, size: Size) -> None:
        """How large an agent is shown, as `look_at`: before it is asked to start with that size."""
        if size != self._sizes.get(agent):
            self._sizes[agent] = size
            self._tell_size(agent)

    def size(self, agent: str) -> Size | None:
        """How large the agent is shown."""
        return self._sizes.get(agent)

    def _tell_size(self, agent: str) -> None:
        size = self._sizes[agent]
        self._tell(RESIZE, Resize(agent, size.columns, size.lines))

    def _tell_what_is_seen(self) -> None:
        self._tell(SHOW_COLORS, self._colors)
        for agent in self._sizes:
            self._tell_size(agent)
        self._tell(LOOK_AT, LookAt(self._looked_at))
        self._tell(SHOW_SERVERS, ShowServers(self._shows_servers))

    def _tell(self, command: Command[P, R], parameters: P) -> None:
        if self.answers:
            self.go(self._tell_quietly(command, parameters))

    async def _tell_quietly(self, command: Command[P, R], parameters: P) -> None:
        """Nobody has asked for this, so nobody has to read that it failed."""
        try:
            await self.request(command, parameters)
        except QmsTuiError as error:
            _log.info("%s: %s", command.name, error)

    # -- the connection ---------------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        pause = SOONEST
        while True:
            try:
                async with asyncio.timeout(CONNECTING):
                    self._begin(await self._connect(self._hear))
            except (QmsTuiError, OSError) as error:  # a TimeoutError is an OSError
                _log.info("no way to the daemon: %s", error)
                self._lose(error if isinstance(error, QmsTuiError) else None)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LATEST)
            else:
                await self._watch()
                self._lose()
                await self._let_go()
                pause = SOONEST

    def _begin(self, client: Client) -> None:
        assert client.mirror is not None
        self.former = self._last
        self._client, self.remarks = client, client.remarks
        self._first.set()
        self._set_missing(False)
        self._hear(client.mirror.snapshot)
        self._tell_what_is_seen()

    def _lose(self, why: QmsTuiError | None = None) -> None:
        if why is not None and not self._missing:
            self.refuse(why)
        self._first.set()
        self._set_missing(True)

    async def _let_go(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._last = client.mirror or self._last
            await client.close()

    def _set_missing(self, missing: bool) -> None:
        if missing != self._missing:
            self._missing = missing
            for answer in self._answers if missing else ():
                answer.cancel()
            self._miss(time.time() if missing else None)

    async def _watch(self) -> None:
        """Until the connection is lost, see whether it answers."""
        client = self._client
        assert client is not None
        lost = asyncio.ensure_future(client.wait_lost())
        try:
            while not lost.done():
                await asyncio.wait([lost], timeout=PING_PERIOD)
                if not lost.done():
                    await self._ping(client, lost)
        finally:
            lost.cancel()

    async def _ping(self, client: Client, lost: asyncio.Future[ConnectionLost]) -> None:
        """One that hangs may go on, with all that it has been asked for: it is waited for, and missing."""
        answer: asyncio.Future[Any] = asyncio.ensure_future(client.request(PING, Nothing()))
        either: list[asyncio.Future[Any]] = [answer, lost]
        try:
            for patience in (PATIENCE, GRACE):
                await asyncio.wait(either, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            turns = 0
            while turns < TURNS and not answer.done() and not lost.done():
                turns += 1
                await asyncio.sleep(0)
            if not answer.done() and not lost.done():
                self._set_missing(True)
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not lost.done():
                    self._set_missing(False)
                    self._tell_what_is_seen()
        finally:
            answer.cancel()
            await asyncio.wait([answer])
            if not answer.cancelled():
                answer.exception()  # what it says is no matter: it has answered


def _no_answer(hint: str) -> ConnectionLost:
    return ConnectionLost("the daemon does not answer", hint)
