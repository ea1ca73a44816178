"""One client of an agent, as the gateway has it: it stays while connections to its bridge come and go.

What the lines between bridge and gateway are is said in docker/inside/mcp_bridge.py.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from qms_tui.mcp.budget import AgentBudget, Usage
from qms_tui.mcp.call import Call
from qms_tui.mcp.jsonrpc import (
    CHANGED,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    TOO_MUCH,
    Message,
    answer_of,
    complaint,
    error,
    field,
    is_request,
    key_of,
    notification,
    pieces_of,
)

_log = logging.getLogger(__name__)

MOST_CALLS = 64  # of a client at the same time
MOST_CALLS_OF_AGENT = 256  # of all its clients, notifications too: each may be a connection of ours
MOST_ASKED = 64  # requests of a server that a client has not answered
MOST_POSTS = 64  # messages of a client on their way to the server that nobody answers
LONGEST_REASON = 1000  # characters of why a call is cancelled
MOST_KEPT = 20_000  # messages that the client has not read; to let go of a million takes a moment
OVERHEAD = 250  # bytes of memory that a message takes beside its text
NO_ANSWER = b"-"
Post = asyncio.Task[None] | None  # None: it has been sent, or nobody wants it
Reply = Callable[[Message], Post]


class Wire(Protocol):
    """A connection to a session's bridge."""

    @property
    def has_room(self) -> bool:
        """Whether everything is on its way, so that another line may be sent."""

    def write(self, *parts: bytes) -> None:
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

    def notified(self, session: Session, method: str, params: object) -> Post:
        """The client says something that nobody answers; the task that sends it."""

    def left(self, session: Session) -> None:
        """The session is over."""


class _Entry:
    """A message to the client, until it is acknowledged."""

    __slots__ = ("number", "pieces", "size")

    def __init__(self, number: int, pieces: tuple[bytes, ...]) -> None:
        self.number, self.pieces = number, pieces
        self.size = sum(map(len, pieces)) + OVERHEAD


class Session:
    """Messages of one client, in order, each once."""

    _asking = itertools.count(1)

    def __init__(
        self,
        name: str,
        agent: str,
        target: Target,
        client: Message,
        instance: str,
        budget: AgentBudget,
        worked: Callable[[float], None],
    ) -> None:
        """`client`: the parameters of its `initialize`; `worked` is told of seconds of work for the agent."""
        self.name, self.agent, self.target, self.client = name, agent, target, client
        self.usage = Usage(budget, self._be_ended)
        self.worked = worked
        self.received = 0
        self.calls: dict[str, Call] = {}
        self.subscriptions: set[str] = set()
        self.stale = False  # it was told of lists that may have changed
        self.served = 0
        self.trouble = ""
        self.wire: Wire | None = None
        self.alone_since = 0.0  # in the loop's time; when the last connection broke
        self.ended = False
        self.reason = ""  # why the gateway has ended it
        self._budget = budget
        self._instance = instance
        self._asked: dict[str, Reply] = {}
        self._number = 0
        self._kept: deque[_Entry] = deque()  # until acknowledged
        self._unsent: deque[_Entry] = deque()  # those that this connection has not carried
        self._carried = 0  # number of the last that a connection has taken, whole or in part
        self._posts = 0

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
        self.acknowledge(received)
        self.wire = wire
        self._unsent = deque(self._kept)
        self.pump()

    def detach(self, wire: Wire) -> None:
        """A connection broke."""
        if self.wire is wire:
            self.wire = None
            self.alone_since = asyncio.get_running_loop().time()

    def acknowledge(self, number: int) -> None:
        """The bridge has our messages up to this one. Raises ValueError if it cannot have."""
        on_its_way = self.wire is not None and not self.wire.has_room
        if number > self._carried - on_its_way:  # else what it did not read would not count any more
            raise ValueError("a message is acknowledged that was not sent")
        while self._kept and self._kept[0].number <= number:
            self.usage.remove(self._kept.popleft().size)
        while self._unsent and self._unsent[0].number <= number:
            self._unsent.popleft()

    def pump(self) -> None:
        """Send what waits, as far as the connection takes it: what it does not take has one copy, here."""
        while self.wire is not None and self._unsent and self.wire.has_room:
            entry = self._unsent.popleft()
            self._carried = max(self._carried, entry.number)
            self.wire.write(b"%d %d " % (entry.number, self.received), *entry.pieces, b"\n")

    def send(self, message: Message, answers: int = 0) -> None:
        """Have the client get a message, now or when it is there again."""
        begun = time.perf_counter()
        self._post(answers, *pieces_of(message))
        self.worked(time.perf_counter() - begun)

    def _post(self, answers: int, *body: bytes) -> None:
        if self.ended:
            return
        self._number += 1
        entry = _Entry(self._number, (b"%d " % answers, *body))
        self._kept.append(entry)
        self._unsent.append(entry)
        self.pump()
        self.usage.add(entry.size)
        if len(self._kept) > MOST_KEPT:
            self._be_ended(f"more than {MOST_KEPT} messages wait for its client")

    def _be_ended(self, reason: str) -> None:
        self.trouble = self.reason = reason
        _log.warning("%s at %s is ended: %s", self.agent, self.target.name, reason)
        self.end()

    def end(self) -> None:
        """The client has gone: what it asked for is cancelled."""
        if self.ended:
            return
        self.ended, self.alone_since = True, asyncio.get_running_loop().time()
        self.usage.close()
        self._kept.clear()
        self._unsent.clear()
        for call in list(self.calls.values()):
            self._cancel(call, {"reason": "the client has gone"})
        self.target.left(self)
        wire, self.wire = self.wire, None
        if wire is not None:
            wire.close()

    # -- what the client says -----------------------------------------------------------------------------

    def take(self, message: Message, size: int) -> None:
        """The last message of the client, which takes so many bytes of memory."""
        if is_request(message):
            self._take_request(Call(self, self.received, message), size)
        elif "method" in message:
            self._take_notification(str(message["method"]), message.get("params"), size)
        elif message.get("id") is not None:
            reply = self._asked.pop(key_of(message["id"]), None)
            if reply is not None:
                self._follow(reply(answer_of(message)), size)

    def _take_request(self, call: Call, size: int) -> None:
        key = key_of(call.id)
        refusal = self._refusal(call, key)
        if refusal is not None:
            self._answer(call, refusal)
            return
        self.calls[key] = call
        self._budget.calls += 1
        call.hold(size)
        if not self.ended:
            call.task = asyncio.get_running_loop().create_task(self._serve(call))
            call.task.add_done_callback(partial(self._served, call))

    def _refusal(self, call: Call, key: str) -> Message | None:
        if call.method == "initialize":  # the server has one session with us, which is not one client's
            return error(INVALID_REQUEST, "the gateway has initialized it")
        if self._budget.calls >= MOST_CALLS_OF_AGENT:
            return error(TOO_MUCH, f"{self._budget.calls} requests of {self.agent} are being served")
        if len(self.calls) >= MOST_CALLS or key in self.calls:
            return error(TOO_MUCH, f"{len(self.calls)} requests of yours are being served")
        return None

    async def _serve(self, call: Call) -> None:
        try:
            self._answer(call, await self.target.answer(call))
        except Exception as fault:  # ours; without an answer the client would wait for ever
            _log.exception("%s of %s", call.method[:100], self.agent)
            self._answer(call, error(INTERNAL_ERROR, f"something unexpected: {type(fault).__name__}"))

    def _forget(self, call: Call) -> None:
        key = key_of(call.id)
        if self.calls.get(key) is call:
            del self.calls[key]
            self._budget.calls -= 1
        call.let_go()
        call.task = (
            None  # it knows where it was cancelled, and so the call: a circle that would stay for long
        )

    def _served(self, call: Call, task: asyncio.Task[None]) -> None:
        self._forget(call)
        if task.cancelled():
            self._post(call.number, NO_ANSWER)

    def _answer(self, call: Call, answer: Message) -> None:
        self.served += 1
        if "error" in answer:
            self.trouble = str(complaint(answer).get("message", ""))[:200]
        self.send({"jsonrpc": "2.0", "id": call.id, **answer}, call.number)

    def _take_notification(self, method: str, params: object, size: int) -> None:
        if method == "notifications/cancelled":
            call = self.calls.get(key_of(field(params, "requestId")))
            if call is not None:
                self._cancel(call, {"reason": str(field(params, "reason") or "")[:LONGEST_REASON]})
        elif method != "notifications/initialized" and self._may_post():  # we said that ourselves
            self._follow(self.target.notified(self, method, params), size)

    def _may_post(self) -> bool:
        return self._posts < MOST_POSTS and self._budget.calls < MOST_CALLS_OF_AGENT

    def _follow(self, post: Post, size: int) -> None:
        """Count what a message holds until it has left."""
        if post is None:
            return
        self._posts += 1
        self._budget.calls += 1
        self.usage.add(size)
        post.add_done_callback(lambda _task: self._followed(size))

    def _followed(self, size: int) -> None:
        self._posts -= 1
        self._budget.calls -= 1
        self.usage.remove(size)

    def _cancel(self, call: Call, params: Message) -> None:
        self.target.cancelled(call, params)
        if call.task is not None:
            call.task.cancel()
        else:  # its request was one too much for the agent
            self._forget(call)

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
