"""An agent's terminal in a test's hands, held through the runtime as the interface holds it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from qms_tui.runtime import Attachment, Closed, Fact, Received, Size

from .engine import ANSWER_SECONDS

SIZE = Size(80, 24)
# The very first bytes of the tiny image's agent; the size may reach it before it greets.
GREETING = rb"\A(winch 24 80\r\n)?agent ready %s uid=\d+\r\n"


class Held:
    """Reads all the time; `expect` looks at what came and waits for more."""

    def __init__(self, attachment: Attachment) -> None:
        self.attachment = attachment
        self.unseen = bytearray()
        self.before = b""  # what came between the last two matches
        self.ended = asyncio.Event()
        self._news = asyncio.Event()
        attachment.listen(self._take)

    def type(self, keys: bytes) -> None:
        """Queue keys; they must fit."""
        assert self.attachment.write(keys, urgent=True), "the keys were refused"

    async def expect(self, pattern: bytes, within: float = ANSWER_SECONDS) -> re.Match[bytes]:
        """Wait for a regular expression; what came up to its end counts as seen."""
        try:
            async with asyncio.timeout(within):
                while not (found := re.search(pattern, bytes(self.unseen))):
                    assert not self.ended.is_set(), f"ended before {pattern!r}: {self.unseen[-2000:]!r}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"waited too long for {pattern!r}: {self.unseen[-2000:]!r}") from None
        self.before = found.string[: found.start()]
        del self.unseen[: found.end()]
        return found

    async def end(self, within: float = ANSWER_SECONDS) -> bytes:
        """Wait until the other end has closed; what was unseen until then."""
        async with asyncio.timeout(within):
            await self.ended.wait()
        rest = bytes(self.unseen)
        self.unseen.clear()
        return rest

    def _take(self, fact: Fact) -> None:
        if isinstance(fact, Received):
            self.unseen += fact.data
        elif isinstance(fact, Closed):
            self.ended.set()
        self._news.set()


class Holding(Protocol):
    """Whatever starts agents and holds their terminals."""

    async def start(self, agent: str, size: Size) -> Attachment: ...
    async def attach(self, agent: str, size: Size) -> Attachment: ...


@asynccontextmanager
async def started(runtime: Holding, agent: str, size: Size = SIZE) -> AsyncIterator[Held]:
    """Start the agent and hold its terminal."""
    held = Held(await runtime.start(agent, size))
    try:
        yield held
    finally:
        held.attachment.close()


@asynccontextmanager
async def attached(runtime: Holding, agent: str, size: Size = SIZE) -> AsyncIterator[Held]:
    """Hold the terminal of an agent that runs."""
    held = Held(await runtime.attach(agent, size))
    try:
        yield held
    finally:
        held.attachment.close()
