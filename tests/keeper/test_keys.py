"""The interface's way through the keeper and past it; keeper and engine are sockets of the test's."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from qms_tui.keeper.keys import Keys

from qms_tui.ipc.stream import QUEUE_LIMIT, Stream
from qms_tui.keeper import keys as module
from qms_tui.keeper.protocol import Frames, Input, Kind, Return, read_input

PATIENCE = 10.0


@dataclass
class World:
    """The far ends, and what was refused late."""

    keeper: socket.socket
    engine: socket.socket
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

    async def straight(self, size: int) -> bytes:
        """What goes to the engine."""
        found = b""
        async with asyncio.timeout(PATIENCE):
            while len(found) < size:
                found += await asyncio.get_running_loop().sock_recv(self.engine, size - len(found))
        return found

    def nothing_straight(self) -> bool:
        try:
            return not self.engine.recv(1)
        except BlockingIOError:
            return True


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    keeper, to_keeper = socket.socketpair()
    engine, to_engine = socket.socketpair()
    for one in (keeper, to_keeper, engine, to_engine):
        one.setblocking(False)
    refused: list[int] = []
    streams = Stream(to_keeper), Stream(to_engine)
    made = World(keeper, engine, Keys(*streams, refused.append), refused)
    yield made
    made.keys.close()
    for stream in streams:
        stream.close()
    keeper.close()
    engine.close()


async def test_pieces_are_numbered_and_in_order(world: World) -> None:
    assert world.keys.write(b"a", urgent=True)
    assert world.keys.write(b"paste")
    given = await world.given(2)
    assert [(piece.number, piece.data, piece.urgent) for piece in given] == [
        (1, b"a", True),
        (2, b"paste", False),
    ]


async def test_a_lost_keeper_gave_some_receipts(world: World) -> None:
    """What has none goes on, from the very byte."""
    for data in (b"abc", b"def", b"ghi"):
        world.keys.write(data, urgent=True)
    world.keys.on_receipt(1, 3)
    world.keys.on_receipt(2, 1)
    world.keys.on_loss()
    assert await world.straight(5) == b"efghi"
    assert world.refused == []


async def test_what_a_stuck_program_has_not_taken_of_a_lost_keeper_is_told(world: World) -> None:
    world.keys.write(bytes(5_000_000))
    world.keys.on_loss()
    assert 0 < world.refused[0] < 5_000_000


async def test_a_silent_keeper_is_passed_by(world: World) -> None:
    world.keys.write(b"a", urgent=True)
    await world.given(1)
    assert world.nothing_straight()
    assert await world.straight(1) == b"a"
    world.keys.write(b"b", urgent=True)
    assert await world.straight(1) == b"b"
    world.keys.on_answer()  # it goes on, and returns what came too late
    world.keys.on_return(1, Return.NO_WAY)
    world.keys.write(b"c", urgent=True)
    assert await world.straight(1) == b"c"


async def test_a_keeper_that_speaks_is_not(world: World) -> None:
    """A program that does not read is no reason."""
    world.keys.write(b"a", urgent=True)
    for _ in range(6):
        await asyncio.sleep(0.02)
        world.keys.on_answer()
    assert not world.keys.is_direct
    world.keys.on_receipt(1, 0)
    await asyncio.sleep(0.15)
    assert not world.keys.is_direct


async def test_a_keeper_that_is_not_read_is_not(world: World) -> None:
    world.keys.is_paused = True
    world.keys.write(b"a", urgent=True)
    await asyncio.sleep(0.15)
    assert not world.keys.is_direct
    world.keys.is_paused = False
    assert await world.straight(1) == b"a"


async def test_keys_typed_while_it_hangs_wait_for_those_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    world.keys.write(b"a", urgent=True)
    world.keys.on_silence()
    world.keys.write(b"b", urgent=True)
    assert len(await world.given(1)) == 1
    assert world.nothing_straight()
    assert await world.straight(2) == b"ab"


async def test_a_keeper_that_hung_for_a_moment_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 3600.0)
    world.keys.write(b"a", urgent=True)
    world.keys.on_silence()
    world.keys.write(b"b", urgent=True)
    world.keys.on_receipt(1, 1)
    world.keys.on_answer()
    assert [piece.data for piece in await world.given(2)] == [b"a", b"b"]
    assert not world.keys.is_direct


async def test_nothing_overtakes_what_a_hanging_keeper_has(world: World) -> None:
    """For a program that does not read: the key is refused."""
    world.keys.write(b"paste")
    world.keys.on_receipt(1, 2)
    world.keys.on_silence()
    assert not world.keys.write(b"key", urgent=True)
    await asyncio.sleep(0.15)
    assert world.nothing_straight()
    world.keys.on_answer()
    assert world.keys.write(b"key", urgent=True)


async def test_returned_pieces_go_straight_at_once(world: World) -> None:
    world.keys.write(b"a", urgent=True)
    world.keys.write(b"b", urgent=True)
    world.keys.on_return(1, Return.NO_WAY)
    world.keys.on_return(2, Return.NO_WAY)
    assert await world.straight(2) == b"ab"
    assert world.nothing_straight()


async def test_a_returned_piece_goes_on_from_its_byte(world: World) -> None:
    """The way into the container broke in its middle."""
    world.keys.write(b"abc")
    world.keys.on_receipt(1, 2)
    world.keys.write(b"d", urgent=True)
    world.keys.on_return(1, Return.NO_WAY)
    world.keys.on_return(2, Return.NO_WAY)
    assert await world.straight(2) == b"cd"
    assert world.nothing_straight()


async def test_what_other_screens_left_no_room_for_is_told(world: World) -> None:
    world.keys.write(b"abc", urgent=True)
    world.keys.on_return(1, Return.FULL)
    assert world.refused == [3]
    assert world.keys.has_room(QUEUE_LIMIT)


async def test_what_would_not_be_queued_is_refused_at_once(world: World) -> None:
    assert not world.keys.write(bytes(QUEUE_LIMIT + 1))
    assert world.keys.write(bytes(QUEUE_LIMIT - 10))
    assert not world.keys.write(bytes(20))
    assert world.keys.write(b"key", urgent=True)


@pytest.fixture
async def only(world: World) -> AsyncIterator[World]:
    """Without a way past the keeper."""
    keeper, to_keeper = socket.socketpair()
    for one in (keeper, to_keeper):
        one.setblocking(False)
    stream = Stream(to_keeper)
    made = World(keeper, world.engine, Keys(stream, None, world.refused.append), world.refused)
    yield made
    made.keys.close()
    stream.close()
    keeper.close()


async def test_without_another_way_keys_wait_for_a_keeper_that_hangs(only: World) -> None:
    """However long that takes: nothing of them comes too late."""
    only.keys.write(b"a", urgent=True)
    only.keys.on_silence()
    only.keys.write(b"b", urgent=True)
    given = await only.given(2)
    assert [(piece.data, piece.at) for piece in given] == [(b"a", math.inf), (b"b", math.inf)]
    assert not only.keys.is_direct


async def test_without_another_way_the_next_keeper_gets_what_has_no_receipt(only: World) -> None:
    for data in (b"taken", b"half", b"not at all"):
        only.keys.write(data)
    await only.given(3)
    only.keys.on_receipt(1, 5)
    only.keys.on_receipt(2, 2)
    assert only.keys.on_loss() == b"lfnot at all"
    assert only.keys.on_loss() == b""


async def test_without_another_way_what_is_returned_is_refused(only: World) -> None:
    only.keys.write(b"four")
    only.keys.on_return(1, Return.NO_WAY)
    assert only.refused == [4]
