"""What a screen writes while it takes the lead; the keeper is a socket of the test's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from qms_tui.ipc.stream import QUEUE_LIMIT
from qms_tui.keeper.protocol import PROTOCOL, Frames, Hello, Kind, Want, message, read_hello, read_input
from qms_tui.runtime import Closed, Fact, Led
from qms_tui.ui.terminals import attachment as module
from qms_tui.ui.terminals.attachment import Attachment

PATIENCE = 10.0  # seconds
HELLO = Hello(Want.ATTACH, "qa", "c1", "screen", "pts/1")


@dataclass
class Ends:
    """The far end of an attachment, and what it told."""

    keeper: socket.socket
    attachment: Attachment
    facts: list[Fact]
    frames: Frames = field(default_factory=Frames)
    given: list[tuple[int, bytes]] = field(default_factory=list)

    async def led(self, *, ours: bool) -> None:
        """The keeper says who leads."""
        before = len(self.facts)
        self.keeper.sendall(message(Kind.LEADER, {"ours": ours, "name": "pts/7"}))
        await self.until(lambda: any(isinstance(fact, Led) for fact in self.facts[before:]))

    async def typed(self, size: int) -> bytes:
        """So many bytes, as the keeper gets them."""
        await self.until(lambda: len(self._typed) >= size)
        return self._typed

    async def until(self, holds: object) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():  # type: ignore[operator]  # noqa: ASYNC110
                await asyncio.sleep(0)  # the attachment is in this loop

    @property
    def _typed(self) -> bytes:
        self._read()
        return b"".join(read_input(body).data for kind, body in self.given if kind == Kind.INPUT)

    def times_asked_to_lead(self) -> int:
        self._read()
        return [kind for kind, _ in self.given].count(Kind.LEAD)

    def _read(self) -> None:
        try:
            self.given += self.frames.feed(self.keeper.recv(65536))
        except BlockingIOError:
            return


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    keeper, ours = socket.socketpair()
    for one in (keeper, ours):
        one.setblocking(False)
    facts: list[Fact] = []
    made = Ends(keeper, Attachment(ours, HELLO, facts.append, lambda: None), facts)
    yield made
    made.attachment.close()
    keeper.close()


async def test_it_says_first_whom_it_wants(ends: Ends) -> None:
    ends._read()
    (kind, body), *others = ends.given
    assert (kind, read_hello(body), others) == (Kind.HELLO, HELLO, [])


async def test_keys_wait_for_the_lead(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TAKE_OVER", 3600.0)
    await ends.led(ours=False)
    ends.attachment.lead()
    assert ends.attachment.write(b"ke", urgent=True)
    assert ends.attachment.write(b"ys", urgent=True)
    assert ends.times_asked_to_lead() == 1
    assert ends._typed == b""
    await ends.led(ours=True)
    assert await ends.typed(4) == b"keys"
    assert ends.attachment.write(b"!", urgent=True)
    assert await ends.typed(5) == b"keys!"


async def test_a_keeper_that_says_nothing_does_not_hold_them(ends: Ends) -> None:
    await ends.led(ours=False)
    ends.attachment.lead()
    assert ends.attachment.write(b"keys", urgent=True)
    assert await ends.typed(4) == b"keys"
    ends.attachment.lead()  # the next key asks again
    assert ends.times_asked_to_lead() == 2


async def test_keys_that_wait_for_the_lead_are_for_the_next_keeper(ends: Ends) -> None:
    await ends.led(ours=False)
    ends.attachment.lead()
    ends.attachment.write(b"keys", urgent=True)
    ends.keeper.close()
    await ends.until(lambda: ends.facts[-1:] == [Closed(over=False)])
    ends.attachment.write(b"!", urgent=True)  # its end is not known everywhere yet
    assert ends.attachment.close() == b"keys!"


async def test_what_would_not_be_queued_is_refused_at_once(ends: Ends) -> None:
    await ends.led(ours=False)
    ends.attachment.lead()
    assert not ends.attachment.write(bytes(QUEUE_LIMIT + 1))
    assert ends.attachment.write(bytes(QUEUE_LIMIT - 10))
    assert not ends.attachment.write(bytes(20))
    assert ends.attachment.write(b"key", urgent=True)


@pytest.mark.parametrize(
    "words",
    [
        message(Kind.REFUSED, {"message": "qa is not held", "hint": "wait"}),
        message(Kind.WELCOME, {"protocol": PROTOCOL - 1, "version": "0.0.1"}),
        b"\xff" * 9,
    ],
    ids=["refused", "another version", "rubbish"],
)
async def test_a_keeper_that_does_not_serve_us_is_lost(ends: Ends, words: bytes) -> None:
    ends.keeper.sendall(words)
    await ends.until(lambda: ends.facts == [Closed(over=False)])


async def test_the_programs_end_is_not_the_loss_of_the_keeper(ends: Ends) -> None:
    ends.keeper.sendall(message(Kind.WELCOME, {"protocol": PROTOCOL}) + message(Kind.END, {}))
    await ends.until(lambda: ends.facts == [Closed(over=True)])
