"""What the clients of a stdio server have in common: one session, and so its level of logging, its
subscriptions and what runs in it. Each sees its own part of that, whatever the others do.

What cannot be parted is refused: tasks, which any client could list, and roots, which would be everybody's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from qms_tui.mcp.call import Call
from qms_tui.mcp.jsonrpc import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    TOO_MUCH,
    Message,
    error,
    field,
)
from qms_tui.mcp.session import Session

MOST_SUBSCRIPTIONS, LONGEST_URI = 256, 2048  # of a client; characters
# Seconds that a cancelled call may still be what the server speaks of; some never answer such a call.
LAST_WORDS_OF_CALL = 60.0
LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
MOST_CANCELLED = 256  # calls; with more the server speaks to nobody for a while
USUAL = "info"  # the level of a client that asks for none
NEVER_SENT = ("notifications/progress", "notifications/roots/list_changed")  # of a client


class SharedSession:
    """Of one server, through all its starts."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` tells seconds."""
        self._clock = clock
        self.calls: dict[int, Call] = {}  # by the numbers that the server knows
        self._cancelled: dict[int, tuple[Session, float]] = {}  # and until when each counts
        self._nobody_until = 0.0
        self._levels: dict[Session, str] = {}

    # -- what runs ----------------------------------------------------------------------------------------

    def begin(self, number: int, call: Call) -> None:
        """The server gets a call."""
        self.calls[number] = call

    def end(self, number: int) -> None:
        """The client does not wait any more."""
        self.calls.pop(number, None)

    def cancel(self, number: int, session: Session) -> None:
        """The server is told that nobody waits, and may go on all the same."""
        until = self._clock() + LAST_WORDS_OF_CALL
        if len(self._cancelled) < MOST_CANCELLED:
            self._cancelled[number] = session, until
        else:
            self._nobody_until = until

    def answered(self, number: int) -> None:
        """The server says no more about it."""
        self._cancelled.pop(number, None)

    @property
    def cancelled(self) -> Collection[int]:
        """Numbers of calls that the server may still answer, though nobody waits."""
        return self._cancelled.keys()

    def restart(self) -> None:
        """Another process knows nothing of what ran."""
        self._cancelled.clear()
        self._nobody_until = 0.0

    def only_one(self) -> Session | None:
        """The client whose calls are the only ones that run, so that the server can mean nobody else."""
        now = self._clock()
        while self._cancelled and (first := next(iter(self._cancelled.items())))[1][1] <= now:
            del self._cancelled[first[0]]
        running = {call.session for call in self.calls.values()}
        running |= {session for session, _ in self._cancelled.values()}
        only = running.pop() if len(running) == 1 else None
        return None if only is None or only.ended or now < self._nobody_until else only

    # -- what a client asks for -----------------------------------------------------------------------------

    def own_answer(self, call: Call, others: set[Session]) -> Message | None:
        """The answer if the server has no part in that; `others` may be all clients."""
        if call.method == "logging/setLevel":
            return self._set_level(call)
        if call.method.startswith("tasks/") or field(call.params, "task") is not None:
            return error(METHOD_NOT_FOUND, "tasks of a server on stdio would be every agent's")
        return self._subscription(call, others)

    def _subscription(self, call: Call, others: set[Session]) -> Message | None:
        uri, mine = field(call.params, "uri"), call.session.subscriptions
        if call.method == "resources/subscribe" and isinstance(uri, str):
            if len(uri) > LONGEST_URI or len(mine) >= MOST_SUBSCRIPTIONS:
                return error(TOO_MUCH, f"at most {MOST_SUBSCRIPTIONS} subscriptions")
            mine.add(uri)
        elif call.method == "resources/unsubscribe" and isinstance(uri, str):
            mine.discard(uri)
            if any(uri in session.subscriptions for session in others):
                return {"result": {}}
        return None

    def _set_level(self, call: Call) -> Message:
        level = field(call.params, "level")
        if level not in LEVELS:
            return error(INVALID_PARAMS, f"the level is none of {', '.join(LEVELS)}")
        self._levels[call.session] = level
        return {"result": {}}

    # -- what the server says -------------------------------------------------------------------------------

    @property
    def level(self) -> str:
        """What the server has to send: what any client wants, and at least what is usual."""
        return min((USUAL, *self._levels.values()), key=LEVELS.index)

    def leave(self, session: Session) -> None:
        """A client has gone."""
        self._levels.pop(session, None)

    def hearer(self, message: Message) -> Session | None:
        """Whom a notification is for that does not say so itself."""
        session, method = self.only_one(), str(message["method"])
        if session is None or method.startswith("notifications/tasks/"):
            return None
        level = field(message.get("params"), "level")
        if method == "notifications/message" and level in LEVELS:
            wanted = self._levels.get(session, USUAL)
            return session if LEVELS.index(level) >= LEVELS.index(wanted) else None
        return session


def shareable(initialized: Message) -> Message:
    """A server's answer to `initialize` without what cannot be parted."""
    offered = initialized.get("capabilities")
    if not isinstance(offered, dict):
        return initialized
    return {**initialized, "capabilities": {name: offered[name] for name in offered if name != "tasks"}}
