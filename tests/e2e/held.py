"""An agent's terminal in a test's hands, held through the runtime as the interface holds it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from qms_tui.keeper.protocol import Hello, Want
from qms_tui.runtime import Closed, Fact, HeldTerminal, Received, Restored, Runtime, Size
from qms_tui.ui.terminals.attachment import Attachment as KeeperAttachment
from qms_tui.ui.terminals.attachment import connect

from .engine import ANSWER_SECONDS

SIZE = Size(80, 24)
# The very first bytes of the tiny image's agent; the size may reach it before it greets.
GREETING = rb"\A(winch 24 80\r\n)?agent ready %s uid=\d+\r\n"


class Attachment(Protocol):
    """A terminal, both ways."""

    def listen(self, on_fact: Callable[[Fact], None]) -> None: ...
    def write(self, data: bytes, *, urgent: bool = False) -> bool: ...
    def resize(self, size: Size) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> object: ...


class AtKeeper:
    """The same through the keeper's socket, as a screen has it."""

    def __init__(self, keeper: Path, agent: str, id: str, size: Size) -> None:
        connection = connect(keeper)
        assert connection is not None, "no keeper listens"
        hello = Hello(Want.ATTACH, agent, id, "a test", "a test", size.columns, size.lines)
        self._facts: list[Fact] = []
        self._on_fact: Callable[[Fact], None] = self._facts.append
        self._news = asyncio.Event()
        self._attachment = KeeperAttachment(connection, hello, self._take, self._news.set)

    def _take(self, fact: Fact) -> None:
        self._on_fact(fact)
        self._news.set()

    async def shown(self) -> AtKeeper:
        """Once the terminal has come: then keys may go."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while not any(isinstance(fact, Restored | Closed) for fact in self._facts):
                self._news.clear()
                await self._news.wait()
        return self

    def listen(self, on_fact: Callable[[Fact], None]) -> None:
        self._on_fact = on_fact
        for fact in self._facts:
            on_fact(fact)

    def write(self, data: bytes, *, urgent: bool = False) -> bool:
        return self._attachment.write(data, urgent=urgent)

    def resize(self, size: Size) -> None:
        self._attachment.resize(size)

    def pause(self) -> None:
        self._attachment.pause()

    def resume(self) -> None:
        self._attachment.resume()

    def close(self) -> object:
        return self._attachment.close()


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


@runtime_checkable
class Keeping(Protocol):
    """A Runtime whose terminals the keeper holds."""

    def keeper(self, agent: str) -> Path: ...
    async def start(self, agent: str, size: Size) -> HeldTerminal: ...
    async def hold(self, agent: str) -> HeldTerminal: ...


class Holding(Protocol):
    """Whatever starts agents and holds their terminals by itself."""

    async def start(self, agent: str, size: Size) -> Attachment: ...
    async def attach(self, agent: str, size: Size) -> Attachment: ...


async def _start(runtime: Holding | Runtime, agent: str, size: Size) -> Attachment:
    if isinstance(runtime, Keeping):
        return await AtKeeper(
            runtime.keeper(agent), agent, (await runtime.start(agent, size)).id, size
        ).shown()
    return await runtime.start(agent, size)  # type: ignore[return-value]


async def _attach(runtime: Holding | Runtime, agent: str, size: Size) -> Attachment:
    if isinstance(runtime, Keeping):
        return await AtKeeper(runtime.keeper(agent), agent, (await runtime.hold(agent)).id, size).shown()
    return await runtime.attach(agent, size)  # type: ignore[union-attr]


@asynccontextmanager
async def started(runtime: Holding | Runtime, agent: str, size: Size = SIZE) -> AsyncIterator[Held]:
    """Start the agent and hold its terminal."""
    held = Held(await _start(runtime, agent, size))
    try:
        yield held
    finally:
        held.attachment.close()


@asynccontextmanager
async def attached(runtime: Holding | Runtime, agent: str, size: Size = SIZE) -> AsyncIterator[Held]:
    """Hold the terminal of an agent that runs."""
    held = Held(await _attach(runtime, agent, size))
    try:
        yield held
    finally:
        held.attachment.close()
