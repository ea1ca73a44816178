"""The keeper's way into a container, on real sockets: order, receipts, refusals, returns."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from qms_tui.errors import EngineError
from qms_tui.ipc.stream import QUEUE_LIMIT, URGENT_ROOM, Stream
from qms_tui.keeper.input import Piece, ProgramInput, Typing
from qms_tui.keeper.protocol import (
    Frames,
    Input,
    Kind,
    ProtocolError,
    Return,
    read_input,
    read_receipt,
    read_return,
)

PATIENCE = 10.0


@dataclass
class World:
    """A container's end of the way, the way, and what an interface is sent."""

    program: socket.socket
    channel: socket.socket
    way: ProgramInput = field(init=False)
    frames: list[tuple[Kind, tuple[int, int]]] = field(default_factory=list)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    opened: int = 0
    refuses: bool = False

    def __post_init__(self) -> None:
        self.way = ProgramInput(self._open)
        self.typing = Typing(self._sent)

    async def _open(self) -> Stream:
        await self.is_open.wait()
        self.opened += 1
        if self.refuses:
            raise EngineError("away", "")
        channel = self.channel.dup()
        channel.setblocking(False)
        return Stream(channel)

    def _sent(self, data: bytes) -> None:
        for kind, body in Frames().feed(data):
            read = read_receipt if kind == Kind.RECEIPT else read_return
            self.frames.append((Kind(kind), read(body)))

    def type(self, number: int, data: bytes, *, urgent: bool = True, again: bool = False) -> None:
        """An interface's frame comes."""
        ((_, body),) = Frames().feed(Input(number, data, urgent, human=True, again=again).encode())
        self.typing.take(read_input(body), self.way)

    async def got(self, size: int) -> bytes:
        """So many bytes, as the program gets them."""
        found = b""
        async with asyncio.timeout(PATIENCE):
            while len(found) < size:
                found += await asyncio.get_running_loop().sock_recv(self.program, size - len(found))
        return found

    async def until_sent(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.frames) < count:  # noqa: ASYNC110 - the way is in this loop
                await asyncio.sleep(0)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    program, channel = socket.socketpair()
    program.setblocking(False)
    made = World(program, channel)
    made.is_open.set()
    yield made
    made.way.close()
    for one in (program, channel):
        one.close()


async def test_each_piece_has_a_receipt(world: World) -> None:
    world.type(1, b"ke")
    world.type(2, b"ys")
    assert await world.got(4) == b"keys"
    assert world.frames == [(Kind.RECEIPT, (1, 2)), (Kind.RECEIPT, (2, 2))]
    world.type(3, b"!")
    assert world.frames[2:] == [(Kind.RECEIPT, (3, 1))]  # in the same breath
    assert world.opened == 1


async def test_what_is_typed_before_the_way_is_open_waits(world: World) -> None:
    world.is_open.clear()
    world.type(1, b"a")
    world.way.reply(b"b")
    world.type(2, b"c")
    await asyncio.sleep(0)
    assert world.frames == []
    world.is_open.set()
    assert await world.got(3) == b"abc"


async def test_receipts_follow_the_program(world: World) -> None:
    """Of a paste that does not fit at once they come in parts, and a key behind it waits."""
    paste = bytes(range(256)) * 8192
    world.type(1, paste, urgent=False)
    world.type(2, b"key")
    await world.until_sent(3)
    taken = sum(size for kind, (number, size) in world.frames if number == 1)
    assert 0 < taken < len(paste)
    assert world.frames[-1] == (Kind.RECEIPT, (2, 0))  # it is here, and has not left
    assert await world.got(len(paste) + 3) == paste + b"key"
    await world.until_sent(5)
    assert all(kind is Kind.RECEIPT for kind, _ in world.frames)
    assert sum(size for _, (number, size) in world.frames if number == 1) == len(paste)
    assert world.frames[-1] == (Kind.RECEIPT, (2, 3))


async def test_too_much_is_returned_whole(world: World) -> None:
    world.type(1, bytes(QUEUE_LIMIT), urgent=False)
    await world.until_sent(1)
    before = len(world.frames)
    world.type(2, bytes(QUEUE_LIMIT), urgent=False)
    world.type(3, b"key")
    assert world.frames[before:] == [(Kind.RETURN, (2, Return.FULL)), (Kind.RECEIPT, (3, 0))]


async def test_too_much_is_returned_also_before_the_way_is_open(world: World) -> None:
    world.is_open.clear()
    world.type(1, bytes(QUEUE_LIMIT), urgent=False)
    world.type(2, b"x", urgent=False)
    world.type(3, bytes(URGENT_ROOM))
    world.type(4, b"x")
    assert world.frames == [(Kind.RETURN, (number, Return.FULL)) for number in (2, 4)]


async def test_a_program_that_asks_and_never_reads_fills_nothing(world: World) -> None:
    """Keys must still fit."""
    world.way.reply(b"r")
    assert await world.got(1) == b"r"
    for _ in range(1000):
        world.way.reply(bytes(10_000))
    world.type(1, bytes(QUEUE_LIMIT - 2 * URGENT_ROOM), urgent=False)
    assert world.frames == [(Kind.RECEIPT, (1, 0))]


async def test_without_a_way_it_is_returned_and_all_that_follows(world: World) -> None:
    """Nothing overtakes it; there is a way again when it comes again."""
    world.refuses = True
    world.type(1, b"a")
    await world.until_sent(1)
    world.refuses = False
    world.type(2, b"b")
    assert world.frames == [(Kind.RETURN, (number, Return.NO_WAY)) for number in (1, 2)]
    world.type(3, b"a", again=True)
    world.type(4, b"b")
    assert await world.got(2) == b"ab"


async def test_what_a_broken_way_has_not_taken_is_returned(world: World) -> None:
    world.type(1, bytes(5_000_000), urgent=False)
    await world.until_sent(1)
    before = len(world.frames)
    world.program.close()
    world.channel.close()
    await world.until_sent(before + 1)
    assert world.frames[-1] == (Kind.RETURN, (1, Return.NO_WAY))


async def test_a_way_that_was_closed_is_opened_again(world: World) -> None:
    world.type(1, b"a")
    assert await world.got(1) == b"a"
    world.way.close()
    world.way.write(Piece(b"b", urgent=True))
    assert await world.got(1) == b"b"
    assert world.opened == 2


@pytest.mark.parametrize("body", [b"", bytes(4)])
def test_input_without_its_head_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_input(body)


@pytest.mark.parametrize("body", [b"", bytes(4), b"\0\0\0\1\x09", bytes(6)])
def test_a_return_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_return(body)


@pytest.mark.parametrize("body", [b"", bytes(7), bytes(9)])
def test_a_receipt_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_receipt(body)
