"""The client and the stream against whatever comes from the other end."""

from __future__ import annotations

import asyncio
import socket

import pytest

from qms_tui.api import wire
from qms_tui.api.agents import AgentState, AgentView
from qms_tui.api.client import Client
from qms_tui.api.commands import RESTART, SEND, VERSION, Restart, Send, Welcome
from qms_tui.api.deltas import AgentDelta, Gap, News
from qms_tui.api.errors import ApiError, ConnectionLost, ErrorCode
from qms_tui.api.snapshot import Snapshot
from qms_tui.api.stream import read_line

SNAPSHOT = Snapshot(3, (AgentView("qa"),))
NEWS: tuple[News, ...] = (
    AgentDelta(4, AgentView("qa", AgentState.RUNNING, title="\N{GRINNING FACE}"), ("qa",)),
    AgentDelta(5, AgentView("bu")),
    Gap(9, 6),
    Snapshot(9, (AgentView("bu", AgentState.ENDED),)),
    AgentDelta(10, AgentView("lead")),
)
SAID = b"".join(
    [
        wire.answer(1, Welcome(VERSION)),
        wire.answer(2, SNAPSHOT),
        *map(wire.notification, NEWS),
    ]
)


async def pair() -> tuple[Client, socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    return await Client.connect(ours), theirs


async def test_lines_may_be_split_at_every_byte() -> None:
    for place in range(len(SAID)):
        reader = asyncio.StreamReader(limit=10_000)
        reader.feed_data(SAID[:place])
        reader.feed_data(SAID[place:])
        reader.feed_eof()
        lines = [line async for line in _lines(reader)]
        assert b"".join(line + b"\n" for line in lines) == SAID


async def _lines(reader: asyncio.StreamReader):  # type: ignore[no-untyped-def]
    while (line := await read_line(reader)) is not None:
        yield line


async def test_what_comes_byte_by_byte_is_understood() -> None:
    client, theirs = await pair()
    heard: list[News] = []
    saying = asyncio.get_running_loop().create_task(_say(theirs, SAID))
    await client.hello("test")
    mirror = await client.subscribe(heard.append)
    await saying
    theirs.close()
    assert "ended" in str(await client.wait_lost())
    assert heard == list(NEWS)
    assert [mirror.number, list(mirror.agents), mirror.waiting] == [10, ["bu", "lead"], ()]
    await client.close()


async def _say(theirs: socket.socket, what: bytes) -> None:
    loop = asyncio.get_running_loop()
    for place in range(len(what)):
        await loop.sock_sendall(theirs, what[place : place + 1])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n", "makes no sense"),
        (b"\x00\xff\n", "makes no sense"),
        (b"[]\n", "makes no sense"),
        (wire.refusal(None, ApiError(ErrorCode.BUSY, "64 clients", "close one")), "64 clients"),
        (wire.answer(1, Snapshot(1)), "makes no sense"),
        (b'{"jsonrpc":"2.0","id":1,"result":7}\n', "makes no sense"),
        (b"", "ended"),
    ],
)
async def test_an_end_that_talks_nonsense_is_lost(said: bytes, why: str) -> None:
    client, theirs = await pair()
    asking = asyncio.get_running_loop().create_task(client.hello("test"))
    theirs.sendall(said)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionLost, match=why):
        await asking
    with pytest.raises(ConnectionLost, match=why):
        await client.request(RESTART, Restart("qa"))
    assert (await client.wait_lost()).hint
    theirs.close()
    await client.close()


@pytest.mark.parametrize("number", [3, 5, 0])
async def test_a_hole_in_the_numbers_is_noticed(number: int) -> None:
    client, theirs = await pair()
    theirs.sendall(wire.answer(1, SNAPSHOT) + wire.notification(AgentDelta(number, AgentView("qa"))))
    theirs.shutdown(socket.SHUT_WR)
    await client.subscribe()
    assert "missing" in str(await client.wait_lost())
    theirs.close()
    await client.close()


async def test_news_of_a_newer_version_are_counted() -> None:
    client, theirs = await pair()
    newer = b'{"jsonrpc": "2.0", "method": "queue", "params": {"number": 4, "tasks": []}}\n'
    later = wire.notification(AgentDelta(5, AgentView("bu")))
    theirs.sendall(wire.answer(1, SNAPSHOT) + newer + later + b'{"jsonrpc": "2.0", "id": 99, "result": {}}\n')
    theirs.shutdown(socket.SHUT_WR)
    mirror = await client.subscribe()
    assert "ended" in str(await client.wait_lost())
    assert list(mirror.agents) == ["qa", "bu"]
    theirs.close()
    await client.close()


async def test_a_line_that_never_ends_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LONGEST_ANSWER", 10_000)
    client, theirs = await pair()
    await asyncio.get_running_loop().sock_sendall(theirs, b"[" * 30_000)
    assert "longer than 10000 bytes" in str(await client.wait_lost())
    theirs.close()
    await client.close()


async def test_what_is_too_long_to_ask_is_not_sent() -> None:
    client, theirs = await pair()
    with pytest.raises(ApiError, match="too long"):
        await client.request(SEND, Send(("qa",), "a subject", "x" * wire.LONGEST_REQUEST))
    with pytest.raises(BlockingIOError):
        theirs.recv(1)
    theirs.close()
    await client.close()


async def test_who_cannot_subscribe_lets_go_of_the_socket() -> None:
    """Also if it is given up: nobody would close it any more."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    with theirs:
        connecting = loop.create_task(Client.subscribed(ours, "test", lambda news: None))
        assert b"hello" in await loop.sock_recv(theirs, 1000)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert await loop.sock_recv(theirs, 1000) == b""
