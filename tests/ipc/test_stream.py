"""Bytes both ways between the loop and a descriptor, on real sockets and pseudo-terminals."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import tty
from collections.abc import Iterator

import pytest

from qms_tui.ipc import stream as module
from qms_tui.ipc.stream import QUEUE_LIMIT, READ_SIZE, URGENT_ROOM, PtyChannel, Stream

PATIENCE = 10.0


class Listener:
    """What a stream told."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.closed = 0
        self._news = asyncio.Event()

    @property
    def data(self) -> bytes:
        return b"".join(self.chunks)

    def on_data(self, data: bytes) -> None:
        self.chunks.append(data)
        self._news.set()

    def on_closed(self) -> None:
        self.closed += 1
        self._news.set()

    async def until_data(self, length: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.data) < length:
                self._news.clear()
                await self._news.wait()

    async def until_closed(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while not self.closed:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours, which does not block, and theirs."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, theirs


Pair = tuple[socket.socket, socket.socket]


async def drain(theirs: socket.socket, length: int) -> bytes:
    loop, data = asyncio.get_running_loop(), bytearray()
    async with asyncio.timeout(PATIENCE):
        while len(data) < length:
            data += await loop.sock_recv(theirs, 65536)
    return bytes(data)


async def test_chunks_are_bounded(pair: Pair) -> None:
    ours, theirs = pair
    listener, stream = Listener(), Stream(ours)
    stream.listen(listener.on_data, listener.on_closed)
    sent = random.Random(1).randbytes(20 * READ_SIZE)
    await asyncio.get_running_loop().sock_sendall(theirs, sent)
    await listener.until_data(len(sent))
    assert listener.data == sent
    assert max(map(len, listener.chunks)) <= READ_SIZE
    stream.close()


async def test_early_bytes_come_first(pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"later")
    listener, stream = Listener(), Stream(ours, early=b"early ")
    stream.listen(listener.on_data, listener.on_closed)
    await listener.until_data(11)
    assert listener.chunks == [b"early ", b"later"]
    stream.close()


async def test_who_closes_on_early_bytes_hears_no_more(pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"later")
    heard: list[bytes] = []
    stream = Stream(ours, early=b"early")

    def close(data: bytes) -> None:
        heard.append(data)
        stream.close()

    stream.listen(close, lambda: heard.append(b"closed"))
    await asyncio.sleep(0)
    assert heard == [b"early"]


async def test_the_end_is_told_once_and_frees(pair: Pair) -> None:
    ours, theirs = pair
    freed: list[bool] = []
    listener, stream = Listener(), Stream(ours, on_close=lambda: freed.append(True))
    stream.listen(listener.on_data, listener.on_closed)
    theirs.send(b"last words")
    theirs.close()
    await listener.until_closed()
    stream.close()
    assert (listener.data, listener.closed, freed) == (b"last words", 1, [True])
    assert ours.fileno() == -1
    assert not stream.write(b"too late")


async def test_our_own_close_is_no_end(pair: Pair) -> None:
    ours, _ = pair
    listener, stream = Listener(), Stream(ours)
    stream.listen(listener.on_data, listener.on_closed)
    stream.close()
    stream.close()
    assert listener.closed == 0


async def test_a_reset_is_an_end() -> None:
    """As a TCP connection to an engine breaks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    ours.setblocking(False)
    listener, stream = Listener(), Stream(ours)
    stream.listen(listener.on_data, listener.on_closed)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    theirs.close()
    await listener.until_closed()
    assert listener.closed == 1


async def test_pastes_and_keys_arrive_whole_and_in_order(pair: Pair) -> None:
    ours, theirs = pair
    stream = Stream(ours)
    paste = random.Random(2).randbytes(5_000_000)
    assert stream.write(paste)
    keys = [b"key %03d;" % n for n in range(300)]
    assert all(stream.write(key, urgent=True) for key in keys)
    wanted = paste + b"".join(keys)
    assert await drain(theirs, len(wanted)) == wanted
    stream.close()


async def test_the_queue_is_bounded_and_keeps_room_for_keys(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE_LIMIT", 1_000_000)
    ours, theirs = pair
    stream = Stream(ours)
    written = 0
    while stream.write(bytes(100_000)):
        written += 100_000
        assert written < 10_000_000
    assert not stream.write(bytes(100_000))
    keys = 0
    while stream.write(b"k" * 100, urgent=True):
        keys += 100
    assert keys >= URGENT_ROOM
    assert keys <= URGENT_ROOM + 100_000  # what was left below the limit of pastes
    assert not stream.write(b"p")
    got = await drain(theirs, written + keys)
    assert got == bytes(written) + b"k" * keys
    assert stream.write(bytes(100_000))  # there is room again
    stream.close()


def test_the_bounds_are_what_the_readme_says() -> None:
    assert (QUEUE_LIMIT, URGENT_ROOM, READ_SIZE) == (16 * 2**20, 64 * 2**10, 16 * 2**10)


async def test_nothing_is_written_for_no_bytes(pair: Pair) -> None:
    ours, theirs = pair
    stream = Stream(ours)
    assert stream.write(b"")
    with pytest.raises(BlockingIOError):
        theirs.recv(1)
    stream.close()


async def test_typing_into_a_closed_socket_is_harmless(pair: Pair) -> None:
    ours, theirs = pair
    listener, stream = Listener(), Stream(ours)
    stream.listen(listener.on_data, listener.on_closed)
    theirs.close()
    for _ in range(5):
        stream.write(b"is anybody there?")
    await listener.until_closed()
    assert listener.closed == 1


class TestOnTerminal:
    @pytest.fixture
    def terminal(self) -> Iterator[tuple[int, int]]:
        """A master for a stream, and the program's side, raw."""
        master, slave = os.openpty()
        tty.setraw(slave)
        yield os.dup(master), slave
        os.close(master)
        os.close(slave)

    async def test_both_ways(self, terminal: tuple[int, int]) -> None:
        master, slave = terminal
        listener, stream = Listener(), Stream(PtyChannel(master))
        stream.listen(listener.on_data, listener.on_closed)
        os.write(slave, b"from the program")
        await listener.until_data(16)
        stream.write(b"from the human")
        assert os.read(slave, 100) == b"from the human"
        stream.close()

    async def test_the_last_program_leaves(self) -> None:
        """Linux says EIO then."""
        master, slave = os.openpty()
        listener, stream = Listener(), Stream(PtyChannel(master))
        stream.listen(listener.on_data, listener.on_closed)
        os.write(slave, b"bye")
        os.close(slave)
        await listener.until_closed()
        assert listener.data == b"bye"

    async def test_finish_hands_out_what_is_left(self, terminal: tuple[int, int]) -> None:
        master, slave = terminal
        listener, stream = Listener(), Stream(PtyChannel(master))
        stream.listen(listener.on_data, listener.on_closed)
        os.write(slave, b"unread")
        stream.finish()
        stream.finish()
        assert (listener.data, listener.closed) == (b"unread", 1)


class Endless:
    """A channel that never runs dry: a background program that outlives its agent and goes on printing."""

    def __init__(self) -> None:
        self._ends = os.pipe()
        self.given = 0

    def fileno(self) -> int:
        return self._ends[0]

    def recv(self, size: int, /) -> bytes:
        self.given += size
        assert self.given < 100 * 2**20, "it would never come to an end"
        return bytes(size)

    def send(self, data: memoryview, /) -> int:
        return len(data)

    def close(self) -> None:
        for end in self._ends:
            os.close(end)
        self._ends = (-1, -1)


async def test_finish_comes_to_an_end() -> None:
    channel, listener = Endless(), Listener()
    stream = Stream(channel)
    stream.listen(listener.on_data, listener.on_closed)
    stream.finish()
    assert listener.closed == 1
    assert channel.given >= 64 * 2**10  # all that a terminal's buffer can hold
