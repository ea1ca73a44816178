"""One client of an agent, as the gateway has it: it stays while connections to its bridge come and go.

What the lines between bridge and gateway are is said in docker/inside/mcp_bridge.py.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from qms_tui.mcp.jsonrpc import (
    CHANGED,
    METHOD_NOT_FOUND,
    TOO_MUCH,
    Message,
    answer_of,
    encoded,
    error,
    is_request,
    key_of,
    notification,
    progress_token,
)

_log = logging.getLogger(__name__)

MOST_CALLS = 64  # of a client at the same time
MOST_ASKED = 64  # requests of a server that a client has not answered
MOST_KEPT = 64 * 2**20  # bytes of messages that a bridge has not acknowledged: four of the largest
NO_ANSWER = b"-"
Reply = Callable[[Message], None]


class Wire(Protocol):
    """A connection to a session's bridge."""

    def write(self, line: bytes) -> None:
        """Send without waiting."""

    def close(self) -> None:
        """End it."""


class Target(Protocol):
    """The server that a session speaks to."""

    name: str

    async def answer(self, call: Call) -> Message:
        """The answer's result or error, however long it takes."""

    def cancelled(self, call: Call, params: Message) -> None:
        """The client does not wait for the answer any more."""

    def notified(self, session: Session, method: str, params: object) -> None:
        """The client says something that nobody answers."""

    def left(self, session: Session) -> None:
        """The session is over."""


class Call:
    """A request of a client on its way."""

    def __init__(self, session: Session, number: int, message: Message) -> None:
        self.session = session
        self.number = number  # by which the bridge knows it
        self.id = message["id"]
        self.method = str(message["method"])
        self.params = message.get("params")
        self.token = progress_token(self.params)
        self.forwarded = 0  # by which the server knows it; 0: it has not got it
        self.task: asyncio.Task[None] | None = None

    def tell_progress(self, params: Message) -> None:
        """How far it is, if the client wants to hear that."""
        if self.token is not None:
            self.session.send(notification("notifications/progress", {**params, "progressToken": self.token}))


class Session:
    """Messages of one client, in order, each once."""

    _asking = itertools.count(1)

    def __init__(self, name: str, agent: str, target: Target, client: Message, instance: str) -> None:
        """`client`: the parameters of its `initialize`."""
        self.name, self.agent, self.target, self.client = name, agent, target, client
        self.received = 0
        self.calls: dict[str, Call] = {}
        self.subscriptions: set[str] = set()
        self.stale = False  # it was told of lists that may have changed
        self.served = 0
        self.trouble = ""
        self.wire: Wire | None = None
        self.alone_since = 0.0  # in the loop's time; when the last connection broke
        self.ended = False
        self._instance = instance
        self._asked: dict[str, Reply] = {}
        self._number = 0
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0

    @property
    def capabilities(self) -> Message:
        """What the client can do."""
        found = self.client.get("capabilities")
        return found if isinstance(found, dict) else {}

    # -- the connection -----------------------------------------------------------------------------------

    def attach(self, wire: Wire, received: int) -> None:
        """The bridge is there, and has our messages up to this one: the rest is sent again."""
        if self.wire is not None:
            self.wire.close()
        self.wire = wire
        self.acknowledge(received)
        for number, body in self._kept:
            wire.write(self._line(number, body))

    def detach(self, wire: Wire) -> None:
        """A connection broke."""
        if self.wire is wire:
            self.wire = None
            self.alone_since = asyncio.get_running_loop().time()

    def acknowledge(self, number: int) -> None:
        """The bridge has our messages up to this one."""
        while self._kept and self._kept[0][0] <= number:
            self._kept_bytes -= len(self._kept.popleft()[1])

    def send(self, message: Message, answers: int = 0) -> None:
        """Have the client get a message, now or when it is there again."""
        self._post(answers, encoded(message))

    def _post(self, answers: int, body: bytes) -> None:
        if self.ended:
            return
        self._number += 1
        self._kept.append((self._number, b"%d " % answers + body))
        self._kept_bytes += len(self._kept[-1][1])
        if self.wire is not None:
            self.wire.write(self._line(self._number, self._kept[-1][1]))
        if self._kept_bytes > MOST_KEPT:
            self.trouble = f"more than {MOST_KEPT >> 20} MB wait for it"
            _log.warning("%s at %s is ended: %s", self.agent, self.target.name, self.trouble)
            self.end()

    def _line(self, number: int, body: bytes) -> bytes:
        return b"%d %d %s\n" % (number, self.received, body)

    def end(self) -> None:
        """The client has gone: what it asked for is cancelled."""
        if self.ended:
            return
        self.ended = True
        for call in list(self.calls.values()):
            self._cancel(call, {"reason": "the client has gone"})
        self.target.left(self)
        wire, self.wire = self.wire, None
        if wire is not None:
            wire.close()

    # -- what the client says -----------------------------------------------------------------------------

    def take(self, number: int, message: Message, done: Callable[[], None]) -> None:
        """A message of the client; `done` is called when nothing of it is held any more."""
        self.received = number
        if is_request(message):
            self._take_request(Call(self, number, message), done)
            return
        if "method" in message:
            self._take_notification(str(message["method"]), message.get("params"))
        elif message.get("id") is not None:
            reply = self._asked.pop(key_of(message["id"]), None)
            if reply is not None:
                reply(answer_of(message))
        done()

    def _take_request(self, call: Call, done: Callable[[], None]) -> None:
        key = key_of(call.id)
        if len(self.calls) >= MOST_CALLS or key in self.calls:
            self._answer(call, error(TOO_MUCH, f"{len(self.calls)} requests of yours are being served"))
            done()
            return
        self.calls[key] = call
        call.task = asyncio.get_running_loop().create_task(self._serve(call))
        call.task.add_done_callback(lambda _task: done())

    async def _serve(self, call: Call) -> None:
        try:
            answer = await self.target.answer(call)
        except asyncio.CancelledError:
            self._post(call.number, NO_ANSWER)
            raise
        finally:
            self.calls.pop(key_of(call.id), None)
        self._answer(call, answer)

    def _answer(self, call: Call, answer: Message) -> None:
        self.served += 1
        if "error" in answer:
            self.trouble = str(answer["error"].get("message", ""))[:200]
        self.send({"jsonrpc": "2.0", "id": call.id, **answer}, call.number)

    def _take_notification(self, method: str, params: object) -> None:
        if method != "notifications/cancelled":
            self.target.notified(self, method, params)
            return
        given = params if isinstance(params, dict) else {}
        call = self.calls.get(key_of(given.get("requestId")))
        if call is not None:
            self._cancel(call, given)

    def _cancel(self, call: Call, params: Message) -> None:
        self.target.cancelled(call, params)
        if call.task is not None:
            call.task.cancel()

    # -- what the server says -----------------------------------------------------------------------------

    def ask(self, method: str, params: Any, reply: Reply) -> str:
        """Have the client answer a request of the server; the id that the client knows it by."""
        kind = method.partition("/")[0]
        if method != "ping" and kind not in self.capabilities:
            reply(error(METHOD_NOT_FOUND, f"the client of {self.agent} does not know {method[:100]}"))
            return ""
        if len(self._asked) >= MOST_ASKED:
            reply(error(TOO_MUCH, f"{MOST_ASKED} requests wait for the client of {self.agent}"))
            return ""
        asked = f"{self._instance[:8]}-{next(self._asking)}"
        self._asked[key_of(asked)] = reply
        message: Message = {"jsonrpc": "2.0", "id": asked, "method": method}
        self.send({**message, "params": params} if params is not None else message)
        return asked

    def take_back(self, asked: str) -> None:
        """The server does not wait for an answer any more."""
        if self._asked.pop(key_of(asked), None) is not None:
            self.send(notification("notifications/cancelled", {"requestId": asked}))

    def tell_changed(self) -> None:
        """What the client was told of lists may not hold any more."""
        self.stale = False
        for method in CHANGED:
            self.send(notification(method))
