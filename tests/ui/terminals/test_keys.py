"""What a screen types, on its way through the keeper, which is a socket of the test's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from qms_tui.ipc.stream import QUEUE_LIMIT, Stream
from qms_tui.keeper.protocol import Frames, Input, Kind, Return, read_input
from qms_tui.ui.terminals import keys as module
from qms_tui.ui.terminals.keys import Keys

PATIENCE = 10.0


@dataclass
class World:
    """The far end, and what was refused late."""

    keeper: socket.socket
    keys: Keys
    refused: list[int]
    frames: Frames = field(default_factory=Frames)

    async def given(self, count: int) -> list[Input]:
        """What the keeper is given."""
        found: list[Input] = []
        async with asyncio.timeout(PATIENCE):
            while len(found) < count:
                data = await asyncio.get_running_loop().sock_recv(self.keeper, 65536)
                for kind, body in self.frames.feed(data):
                    assert kind == Kind.INPUT
                    found.append(read_input(body))
        return found

    def nothing_given(self) -> bool:
        try:
            return not self.keeper.recv(1)
        except BlockingIOError:
            return True


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(module, "RETRY", 0.05)
    keeper, to_keeper = socket.socketpair()
    for one in (keeper, to_keeper):
        one.setblocking(False)
    refused: list[int] = []
    stream = Stream(to_keeper)
    made = World(keeper, Keys(stream, refused.append), refused)
    yield made
    made.keys.close()
    stream.close()
    keeper.close()


async def test_pieces_are_numbered_and_in_order(world: World) -> None:
    assert world.keys.write(b"a", urgent=True, human=True)
    assert world.keys.write(b"paste")
    assert await world.given(2) == [Input(1, b"a", urgent=True, human=True), Input(2, b"paste")]


async def test_the_next_keeper_gets_what_has_no_receipt(world: World) -> None:
    """From the very byte."""
    for data in (b"taken", b"half", b"not at all"):
        world.keys.write(data)
    world.keys.on_receipt(1, 5)
    world.keys.on_receipt(2, 2)
    assert world.keys.unsent == b"lfnot at all"
    assert world.refused == []


async def test_what_is_returned_is_given_again_before_all_that_was_typed_behind_it(world: World) -> None:
    """An engine is away, say; the way into the container broke in the middle of a piece."""
    world.keys.write(b"abc", human=True)
    world.keys.on_receipt(1, 2)
    world.keys.write(b"d", urgent=True)
    await world.given(2)
    world.keys.on_return(1, Return.NO_WAY)
    world.keys.write(b"e", urgent=True)
    await asyncio.sleep(0.1)
    assert world.nothing_given()  # the second one is on its way back, or has arrived
    world.keys.on_return(2, Return.NO_WAY)
    assert await world.given(3) == [
        Input(3, b"c", human=True, again=True),
        Input(4, b"d", urgent=True),
        Input(5, b"e", urgent=True),
    ]
    assert world.keys.unsent == b"cde"
    assert world.refused == []


async def test_it_is_given_again_as_often_as_it_is_returned(world: World) -> None:
    world.keys.write(b"a")
    for number in range(1, 4):
        assert [piece.number for piece in await world.given(1)] == [number]
        world.keys.on_return(number, Return.NO_WAY)
    assert [(piece.data, piece.again) for piece in await world.given(1)] == [(b"a", True)]


async def test_what_other_screens_left_no_room_for_is_told(world: World) -> None:
    world.keys.write(b"abc", urgent=True)
    world.keys.on_return(1, Return.FULL)
    assert world.refused == [3]
    assert world.keys.has_room(QUEUE_LIMIT)
    assert world.keys.unsent == b""


async def test_what_would_not_be_queued_is_refused_at_once(world: World) -> None:
    assert not world.keys.write(bytes(QUEUE_LIMIT + 1))
    assert world.keys.write(bytes(QUEUE_LIMIT - 10))
    assert not world.keys.write(bytes(20))
    assert world.keys.write(b"key", urgent=True)
