"""The requests to a server that wait for a reply, by our numbers.

A reply that cannot be read fails the request that it answers, at once. If it does not say which that is, it
is one of those that ran; as soon as only as many of them wait as such replies came, those fail. So nobody
waits in vain, and nobody pays for what a server says to somebody else.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection

from qms_tui.mcp.jsonrpc import Interrupted, Message
from qms_tui.mcp.replies import Unreadable


class Pending:
    """Of one server, through all its starts: a number is given once."""

    def __init__(self) -> None:
        self._next = itertools.count(1)
        self._last = 0
        self._futures: dict[int, asyncio.Future[Message]] = {}
        self._lost: list[tuple[set[int], str]] = []  # replies to one of these, and what is wrong with them

    def __contains__(self, number: object) -> bool:
        return number in self._futures

    @property
    def numbers(self) -> Collection[int]:
        """Of the requests that wait."""
        return self._futures.keys()

    def new_number(self) -> int:
        """For a request."""
        self._last = next(self._next)
        return self._last

    def is_issued(self, number: int) -> bool:
        """Whether a request has, or had, this number."""
        return 0 < number <= self._last

    def add(self, number: int) -> asyncio.Future[Message]:
        """Wait for a reply. It is Unreadable or Interrupted if it cannot be taken or will not come."""
        future = self._futures[number] = asyncio.get_running_loop().create_future()
        return future

    def remove(self, number: int) -> None:
        """Nobody waits any more, and if it was answered, none of the lost replies is its."""
        future = self._futures.pop(number, None)
        if future is not None and future.done() and not future.cancelled():
            self.answered(number)

    def answered(self, number: int) -> None:
        """The server has replied to this, whether or not anybody waits."""
        for candidates, _ in self._lost:
            candidates.discard(number)
        self._settle()

    def reply(self, number: int, message: Message) -> None:
        """The answer to a request, if anybody waits for it."""
        future = self._futures.get(number)
        if future is not None and not future.done():
            future.set_result(message)
        self.answered(number)

    def fail(self, number: int, reason: str) -> bool:
        """The reply to this request cannot be taken; whether anybody waited for it."""
        future = self._futures.get(number)
        waited = future is not None and not future.done()
        if future is not None and waited:
            future.set_exception(Unreadable(reason))
        self.answered(number)
        return waited

    def lose(self, candidates: Collection[int], reason: str) -> bool:
        """A reply to one of these requests came, and says neither which nor what. Whether there are any."""
        if candidates:
            self._lost.append((set(candidates), reason))
            self._settle()
        return bool(candidates)

    def interrupt(self, reason: str) -> None:
        """No more replies will come."""
        self._lost.clear()
        for future in self._futures.values():
            if not future.done():
                future.set_exception(Interrupted(reason))

    def _settle(self) -> None:
        """Fail those that the lost replies must have been for."""
        while (found := self._certain()) is not None:
            numbers, reason = found
            self._lost = [(left, why) for each, why in self._lost if (left := each - numbers)]
            for number in numbers:
                future = self._futures.get(number)
                if future is not None and not future.done():
                    future.set_exception(Unreadable(reason))

    def _certain(self) -> tuple[set[int], str] | None:
        for candidates, reason in self._lost:
            if len(candidates) <= 1:
                return candidates, reason
        union: set[int] = set().union(*(candidates for candidates, _ in self._lost))
        return (union, self._lost[0][1]) if self._lost and len(union) <= len(self._lost) else None
