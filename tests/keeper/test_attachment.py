"""What an interface writes while it takes the lead; the keeper and the engine are sockets of the test's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from qms_tui.keeper.attachment import KeptAttachment

from qms_tui.ipc.stream import QUEUE_LIMIT
from qms_tui.keeper import attachment as module
from qms_tui.keeper.client import Connection
from qms_tui.keeper.protocol import Frames, Kind, message
from qms_tui.runtime import Fact, Led, Size
from qms_tui.runtime.docker.attachment import Opened

PATIENCE = 10.0  # seconds


@dataclass
class Ends:
    """The far ends of an attachment, and what it told."""

    keeper: socket.socket
    engine: socket.socket
    attachment: KeptAttachment
    facts: list[Fact] = field(default_factory=list)

    async def led(self, *, ours: bool) -> None:
        """The keeper says who leads."""
        self.keeper.sendall(message(Kind.LEADER, {"ours": ours, "name": "pts/7"}))
        before = len(self.facts)
        async with asyncio.timeout(PATIENCE):
            while not any(isinstance(fact, Led) for fact in self.facts[before:]):  # noqa: ASYNC110
                await asyncio.sleep(0)  # the attachment is in this loop

    async def typed(self, size: int) -> bytes:
        """So many bytes, as the engine gets them."""
        loop = asyncio.get_running_loop()
        found = b""
        async with asyncio.timeout(PATIENCE):
            while len(found) < size:
                found += await loop.sock_recv(self.engine, size - len(found))
        return found

    def asked_to_lead(self) -> bool:
        """Whether the keeper has been asked."""
        return any(kind == Kind.LEAD for kind, _ in Frames().feed(self.keeper.recv(65536)))


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    keeper, ours = socket.socketpair()
    engine, channel = socket.socketpair()
    for one in (engine, channel):
        one.setblocking(False)
    made = Ends(
        keeper, engine, KeptAttachment(Connection(ours), Opened(channel, b"", channel.close), Size(80, 24))
    )
    made.attachment.listen(made.facts.append)
    yield made
    made.attachment.close()
    keeper.close()
    engine.close()


async def test_keys_wait_for_the_lead(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TAKE_OVER", 3600.0)
    await ends.led(ours=False)
    ends.attachment.lead()
    assert ends.attachment.write(b"ke", urgent=True)
    assert ends.attachment.write(b"ys", urgent=True)
    assert ends.asked_to_lead()
    with pytest.raises(BlockingIOError):
        ends.engine.recv(1)
    await ends.led(ours=True)
    assert await ends.typed(4) == b"keys"
    assert ends.attachment.write(b"!", urgent=True)
    assert await ends.typed(1) == b"!"


async def test_a_keeper_that_says_nothing_does_not_hold_them(ends: Ends) -> None:
    await ends.led(ours=False)
    ends.attachment.lead()
    assert ends.attachment.write(b"keys", urgent=True)
    assert await ends.typed(4) == b"keys"
    ends.asked_to_lead()
    ends.attachment.lead()  # the next key asks again
    assert ends.asked_to_lead()


async def test_what_would_not_be_queued_is_refused_at_once(ends: Ends) -> None:
    await ends.led(ours=False)
    ends.attachment.lead()
    assert not ends.attachment.write(bytes(QUEUE_LIMIT + 1))
    assert ends.attachment.write(bytes(QUEUE_LIMIT - 10))
    assert not ends.attachment.write(bytes(20))
    assert ends.attachment.write(b"key", urgent=True)
