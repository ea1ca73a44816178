"""A server as all agents share it: whether it is up, waiting for it, what may be tried again.

A call is tried again only if it certainly did not reach the server, or if running it twice changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

from mcp_types import InitializeResult
from pydantic import ValidationError

from qms_tui.config import McpServer
from qms_tui.files import read_regular_file, replace_file
from qms_tui.mcp.call import Call
from qms_tui.mcp.jsonrpc import (
    CHANGED,
    HARMLESS,
    LISTS,
    MAYBE_RUN,
    METHOD_NOT_FOUND,
    UNREACHABLE,
    Interrupted,
    Message,
    NotDelivered,
    complaint,
    encoded,
    error,
    field,
    notification,
)
from qms_tui.mcp.large_reader import LargeReader
from qms_tui.mcp.session import Post, Session

_log = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE = 60.0  # seconds that a call waits for a server that is down
LIST_PATIENCE = 0.3  # seconds that a list waits; then what it was the last time must do
PROGRESS_EVERY = 5.0  # seconds between words to a client that waits for a server
AGAIN = 0.05  # seconds until a call that was not delivered is tried again
RETRY_FIRST, RETRY_MOST = 0.1, 5.0  # seconds between starts, or looks, of a server that is down
INITIALIZE_PATIENCE = 300.0  # seconds for an answer to `initialize`; a first `uvx` or `npx` downloads
SLOW = 5.0  # seconds of that after which everybody hears of it
STEADY = 10.0  # seconds up after which the next trouble is a first one again
LARGEST_LISTS = 4 * 2**20  # bytes of what is remembered of a server
LARGEST_LIST = 512 * 1024  # bytes of one of them; a large message is never remembered
LONGEST_ANSWER = 32 * 2**20  # bytes of one message of a server; to read it takes five times as much


class Server(ABC):
    """One server of the configuration."""

    def __init__(self, spec: McpServer, lists: Path, large: LargeReader) -> None:
        """`lists`: the file with what it offered the last time."""
        self.name, self.spec, self.large = spec.name, spec, large
        self.up = asyncio.Event()
        self.initialized: Message | None = None  # its answer to `initialize`, now or the last time
        self.detail = "not started yet"
        self.starts = 0
        self.since = time.time()
        self.sessions: set[Session] = set()
        self._lists: dict[str, dict[str, Message]] = {}  # by agent, by method
        self._warning: Message | None = None  # for clients, while it does not answer `initialize`
        self._file = lists
        self._remember_from_file()

    # -- for the gateway ----------------------------------------------------------------------------------

    @abstractmethod
    async def run(self) -> None:
        """Have it up, until cancelled."""

    @abstractmethod
    async def request(self, call: Call) -> Message:
        """Have it answer. Raises NotDelivered or Interrupted."""

    @abstractmethod
    def cancelled(self, call: Call, params: Message) -> None:
        """Tell it that nobody waits any more."""

    @abstractmethod
    def notified(self, session: Session, method: str, params: object) -> Post:
        """Tell it what a client says."""

    def join(self, session: Session) -> None:
        """A client wants to use it."""
        self.sessions.add(session)
        if session.stale and self.up.is_set():
            session.tell_changed()
        if self._warning is not None:
            session.send(self._warning)

    def left(self, session: Session) -> None:
        """A client has gone."""
        self.sessions.discard(session)

    def status(self) -> dict[str, Any]:
        """For people."""
        return {
            "name": self.name,
            "state": "up" if self.up.is_set() else "down",
            "detail": self.detail,
            "since": int(self.since),
            "starts": self.starts,
            "transport": "stdio" if self.spec.url is None else "http",
        }

    # -- calls --------------------------------------------------------------------------------------------

    async def answer(self, call: Call) -> Message:
        """What to answer a client, after as many tries as are safe."""
        until = asyncio.get_running_loop().time() + PATIENCE
        while True:
            if not await self._wait_until_up(call, until):
                return self._without(call, self.detail)
            try:
                found = await self.request(call)
            except NotDelivered as reason:
                _log.info("%s: %s was not delivered: %s", self.name, call.method, reason)
                if asyncio.get_running_loop().time() > until:  # it says that it is up, and takes nothing
                    return self._without(call, str(reason))
                await asyncio.sleep(AGAIN)
            except Interrupted as reason:
                if call.method not in HARMLESS or asyncio.get_running_loop().time() > until:
                    return self._interrupted(call, str(reason))
                await asyncio.sleep(AGAIN)
            else:
                return self._kept(call, found)

    async def _wait_until_up(self, call: Call, until: float) -> bool:
        loop = asyncio.get_running_loop()
        if call.method in LISTS:
            until = min(until, loop.time() + LIST_PATIENCE)
        told = 0
        while not self.up.is_set():
            left = until - loop.time()
            if left <= 0:
                return False
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.up.wait(), min(left, PROGRESS_EVERY))
            if not self.up.is_set():
                told += 1  # so little that the server's own progress goes on from there
                message = f"waiting for the server {self.name}: {self.detail}"
                call.tell_progress({"progress": told / 1e6, "message": message})
        return True

    def _without(self, call: Call, why: str) -> Message:
        if call.method in LISTS:
            call.session.stale = True
            known = self._lists.get(call.session.agent, {}).get(call.method)
            return known or {"result": {LISTS[call.method]: []}}
        text = f"{call.method} was not run: the server {self.name} is down: {why}"
        return error(UNREACHABLE, text)

    def _interrupted(self, call: Call, reason: str) -> Message:
        _log.warning("%s: %s of %s: %s", self.name, call.method, call.session.agent, reason)
        gone = f"the server {self.name} went away during {call.method} ({reason})"
        return error(MAYBE_RUN, f"{gone}; it may have run, so it is not tried again")

    def _kept(self, call: Call, found: Message) -> Message:
        if call.method not in LISTS:
            return found
        if complaint(found).get("code") == METHOD_NOT_FOUND:  # promised while it was down
            return {"result": {LISTS[call.method]: []}}
        if isinstance(found.get("result"), dict) and field(call.params, "cursor") is None:
            self._remember(call.session.agent, call.method, found)
        return found

    # -- what subclasses say ------------------------------------------------------------------------------

    def came_up(self, initialized: Message) -> None:
        """It has answered `initialize` so. Raises Interrupted if that is no answer."""
        try:
            InitializeResult.model_validate(initialized)
        except ValidationError as problem:
            first = problem.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise Interrupted(f"its answer to initialize is wrong: {place}: {first['msg']}") from None
        if initialized != self.initialized:
            self.initialized = initialized
            self._write_lists()
        _log.info("%s: up", self.name)
        self.detail, self.since, self._warning = "", time.time(), None
        self.starts += 1
        self.up.set()
        for session in list(self.sessions):
            if session.stale or self.starts > 1:
                session.tell_changed()

    def went_down(self, reason: str) -> None:
        """It is not there, and why."""
        if self.up.is_set() or self.detail != reason:
            _log.warning("%s: down: %s", self.name, reason)
        if self.up.is_set():
            self.since = time.time()
        self.detail, self._warning = reason, None
        self.up.clear()

    async def begun(self, beginning: Awaitable[T]) -> T:
        """What comes of an `initialize`; everybody hears if it takes long. Raises Interrupted if too long."""
        task = asyncio.ensure_future(beginning)
        try:
            await asyncio.wait({task}, timeout=SLOW)
            if not task.done():
                self._be_slow()
            return await asyncio.wait_for(task, INITIALIZE_PATIENCE - SLOW)
        except TimeoutError:
            raise Interrupted(f"no answer to initialize within {INITIALIZE_PATIENCE:.0f} s") from None
        finally:
            task.cancel()

    def _be_slow(self) -> None:
        """It runs, and does not answer `initialize`: it may be loading something, or hang."""
        self.went_down(f"no answer to initialize for {SLOW:.0f} s; it runs, and is waited for")
        said = {"level": "warning", "logger": "qms-tui", "data": f"{self.name}: {self.detail}"}
        self._warning = notification("notifications/message", said)
        for session in list(self.sessions):
            session.send(self._warning)

    def heard(self, message: Message, to: Session | None) -> None:
        """A notification of the server; `to`: whom it is for, if that is known."""
        method = message.get("method")
        if to is not None:
            to.send(message)
        elif method in CHANGED:
            for session in list(self.sessions):  # one may end, of which there is too much
                session.send(message)
        elif method == "notifications/resources/updated":
            uri = field(message.get("params"), "uri")
            for session in list(self.sessions):
                if uri in session.subscriptions:
                    session.send(message)

    # -- what it offered the last time ----------------------------------------------------------------------

    def _remember(self, agent: str, method: str, found: Message) -> None:
        known = self._lists.setdefault(agent, {})
        if known.get(method) != found and len(encoded(found)) <= LARGEST_LIST:
            known[method] = found
            self._write_lists()

    def _remember_from_file(self) -> None:
        try:
            document = json.loads(read_regular_file(self._file, LARGEST_LISTS))
            self.initialized, self._lists = dict(document["initialized"]), dict(document["lists"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return  # then it is as at the first time

    def _write_lists(self) -> None:
        text = json.dumps({"initialized": self.initialized, "lists": self._lists}).encode()
        if len(text) > LARGEST_LISTS:
            return
        try:
            replace_file(self._file, text)
        except OSError as problem:
            _log.warning("%s: what it offers cannot be kept: %s", self.name, problem)


class Pause:
    """Seconds between tries: longer each time, short again after it went well for long."""

    def __init__(self, most: float = RETRY_MOST) -> None:
        self._next, self._most = RETRY_FIRST, most

    def after(self, seconds_up: float) -> float:
        """How long to wait now."""
        if seconds_up > STEADY:
            self._next = RETRY_FIRST
        now, self._next = self._next, min(self._next * 2, self._most)
        return now
