"""What a server's program prints, line by line: replies, good and broken, go to those who wait for them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection

from qms_tui.mcp.call import Call
from qms_tui.mcp.jsonrpc import (
    Message,
    NoObject,
    answer_of,
    answered_by,
    is_large,
    mended,
    number_of,
    weight,
)
from qms_tui.mcp.large_reader import LargeReader
from qms_tui.mcp.lines import Line
from qms_tui.mcp.pending import Pending
from qms_tui.mcp.replies import (
    Unreadable,
    batch_numbers,
    check_reply,
    claimed_by,
    is_broken_reply,
    is_reply,
    numbers_in,
    reason_of,
    wrong_id,
)
from qms_tui.mcp.server import LONGEST_ANSWER
from qms_tui.mcp.shared_session import SharedSession
from qms_tui.mcp.stdio_pipe import StdioPipe

_log = logging.getLogger(__name__)

PASSED_ON = 400 * 2**20  # bytes a second: what it costs to hand a large message on in pieces
MOST_NONSENSE = 1000  # lines of a start that are no messages


class StdioReader:
    """Of one server, through all its starts. `heard` gets its requests and notifications."""

    def __init__(
        self,
        name: str,
        pending: Pending,
        shared: SharedSession,
        large: LargeReader,
        heard: Callable[[Message], None],
    ) -> None:
        self._name, self._pending, self._shared = name, pending, shared
        self._large_reader, self._heard = large, heard
        self._large: dict[int, asyncio.Task[None]] = {}  # answers that are being read, by number

    def stop(self) -> None:
        """The program has ended."""
        for task in self._large.values():
            task.cancel()

    def give_up(self, number: int) -> None:
        """Nobody waits for this answer any more."""
        if number in self._large:
            self._large.pop(number).cancel()

    async def read(self, pipe: StdioPipe) -> str:
        """Take what it says until it ends; why, if that is our doing."""
        nonsense = 0
        async for line in pipe.lines():
            if await self._hear_line(line):
                continue
            nonsense += 1
            if nonsense == 1:
                _log.info("%s prints what is no message: %r", self._name, line.ends)
            if nonsense == MOST_NONSENSE:
                return f"it prints what is no message, like {line.ends[:60]!r}"
        if self._large:
            await asyncio.wait(list(self._large.values()))
        return ""

    async def _hear_line(self, line: Line) -> bool:
        """Whether that is a message; of a line that is not whole the ends tell which call it is."""
        begun = time.perf_counter()
        number = answered_by(line.ends)
        if number is not None and number not in self._pending and self._pending.is_issued(number):
            self._be_answered(number)
            return True  # nobody waits for it any more: reading it would only take time
        call = self._shared.calls.get(number or 0)
        if not line.whole:
            return self._hear_broken(line.ends, ValueError(f"it has more than {LONGEST_ANSWER >> 20} MB"))
        if is_large(line.pieces):
            return await self._hear_large(line, call)
        try:
            size = weight(line.text)
            message = mended(line.text)
        except ValueError as problem:
            return self._hear_broken(line.text, problem)
        if call is not None:
            call.hold(size)
        is_message = self._take(message)
        if call is not None:
            call.session.worked(time.perf_counter() - begun)
        return is_message

    async def _hear_large(self, line: Line, call: Call | None) -> bool:
        """Read it elsewhere. What answers no call counts for no agent, so it is waited for."""
        if call is None:
            return await self._read_large(self._name, line)
        call.hold(line.size)
        call.session.worked(line.size / PASSED_ON)

        async def read() -> None:
            await self._read_large(call.session.agent, line)

        task = asyncio.get_running_loop().create_task(read())
        self._large[call.forwarded] = task
        task.add_done_callback(lambda _: self._large.pop(call.forwarded, None))
        return True

    async def _read_large(self, agent: str, line: Line) -> bool:
        try:
            return self._take(await self._large_reader.read(agent, line.pieces, strict=False))
        except ValueError as problem:
            return self._hear_broken(line.ends, problem)

    def _hear_broken(self, text: bytes, problem: ValueError) -> bool:
        """Whether a line that cannot be read was an answer: who waits for it hears that now."""
        reason = reason_of(problem)
        if isinstance(problem, NoObject) and batch_numbers(problem.value):
            known = [number for number in batch_numbers(problem.value) if number in self._pending]
            return all([self._pending.fail(number, reason) for number in known] or [self._lose((), reason)])
        if not is_broken_reply(text):
            return False
        return self._lose(numbers_in(text, self._pending.numbers), reason)

    def _lose(self, claimed: Collection[int], reason: str) -> bool:
        """An answer to one of these requests cannot be read, or to any of them. Whether somebody waits."""
        if len(claimed) == 1:
            return self._pending.fail(next(iter(claimed)), reason)
        return self._pending.lose({*(claimed or self._pending.numbers), *self._shared.cancelled}, reason)

    def _take(self, message: Message) -> bool:
        """Whether that is a message, and not a log's."""
        if "method" in message:
            self._heard(message)
        elif is_reply(message):
            self._take_reply(message)
        else:
            return False
        return True

    def _take_reply(self, message: Message) -> None:
        number = number_of(message.get("id"))
        if not self._pending.is_issued(number):
            claimed = [number for number in claimed_by(message) if number in self._pending]
            self._lose(claimed, wrong_id(message))
            return
        self._shared.answered(number)
        try:
            check_reply(message)
        except Unreadable as problem:
            self._pending.fail(number, str(problem))
        else:
            self._pending.reply(number, answer_of(message))

    def _be_answered(self, number: int) -> None:
        self._shared.answered(number)
        self._pending.answered(number)
