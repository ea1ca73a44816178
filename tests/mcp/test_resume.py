"""Streams of events that end before the answer is there, and are gone on with behind the last event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from qms_tui.config import McpServer
from qms_tui.mcp.http_events import LONGEST_ID, PAUSE_LEAST, PAUSE_MOST, Place
from qms_tui.mcp.http_session import HttpSession
from qms_tui.mcp.jsonrpc import Interrupted, request
from qms_tui.mcp.stdio import CLIENT
from tests.mcp.house import SECONDS, House, TestServer, runs, text_of

INITIALIZED = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "serverInfo": {"name": "x", "version": "1"},
}
ANSWER = 'id: 9\ndata: {"jsonrpc": "2.0", "id": 1, "result": "the answer"}\n\n'
BEGUN = "id: 7\nretry: 50\ndata:\n\n"


async def test_a_real_server_that_ends_streams_loses_no_answer(
    make_house: Callable[..., House], web: TestServer, log: Path
) -> None:
    web.start()
    house = make_house(McpServer("test", url=web.url))
    house.up("test")
    async with house.client("qa", "test") as session:
        for number in range(3):
            assert text_of(await session.call_tool("cut", {"key": str(number)})) == str(number)
    assert runs(log) == {"0": 1, "1": 1, "2": 1}


class Scripted:
    """A server that answers a request with events, and breaks off; then each GET with the next of these."""

    def __init__(self, first: str, *again: str) -> None:
        self.asked: list[str] = []
        self.was_asked = asyncio.Event()
        self.close: Callable[[], None] = lambda: None
        self._first, self._again = first, list(again)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next((int(line.split(":")[1]) for line in head.splitlines() if "content-length:" in line), 0)
        body = json.loads(await reader.readexactly(length) or b"{}")
        if head.startswith("get"):
            self.asked += [line.split(": ")[1] for line in head.splitlines() if "last-event-id" in line]
            said = self._again.pop(0) if self._again else ""
            self.was_asked.set()
        elif body.get("method") == "initialize":
            answer = {"jsonrpc": "2.0", "id": body["id"], "result": INITIALIZED}
            said = f"data: {json.dumps(answer)}\n\n"
        else:
            said = self._first
        status = said if said.isdigit() else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\ncontent-type: text/event-stream\r\n".encode())
        writer.write(f"transfer-encoding: chunked\r\n\r\n{len(said):x}\r\n{said}\r\n".encode())
        await writer.drain()
        writer.close()  # without the last chunk: it broke


@asynccontextmanager
async def session_with(server: Scripted) -> AsyncIterator[HttpSession]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.close = listening.close
    port = listening.sockets[0].getsockname()[1]
    async with listening, httpx2.AsyncClient(timeout=30.0) as http:
        yield HttpSession(http, f"http://127.0.0.1:{port}/mcp", {}, CLIENT, lambda _message: None)


async def test_what_breaks_is_gone_on_with_behind_the_last_event() -> None:
    more = 'id: 8\ndata: {"jsonrpc": "2.0", "method": "notifications/message"}\n\n'
    server = Scripted(BEGUN, more, "", ANSWER)
    async with session_with(server) as session:
        assert await session.request(request(1, "tools/call", {})) == {"result": "the answer"}
    assert server.asked == ["7", "8", "8"]


@pytest.mark.parametrize(
    ("first", "again", "asked"),
    [
        ("data:\n\n", (), 0),  # no id: nowhere to go on
        ("id: a\u007f\nretry: 50\ndata:\n\n", (), 0),
        (BEGUN, ("404",), 1),
        (BEGUN, ("404", ANSWER), 1),
    ],
)
async def test_what_cannot_be_gone_on_with_may_have_run(
    first: str, again: tuple[str, ...], asked: int
) -> None:
    server = Scripted(first, *again)
    async with session_with(server) as session:
        with pytest.raises(Interrupted):
            await session.request(request(1, "tools/call", {}))
    assert len(server.asked) == asked


async def test_a_server_that_has_gone_is_asked_some_times() -> None:
    server = Scripted(BEGUN)
    async with session_with(server) as session:
        calling = asyncio.create_task(session.request(request(1, "tools/call", {})))
        async with asyncio.timeout(SECONDS):
            await server.was_asked.wait()
            server.close()
            with pytest.raises(Interrupted, match="could not be gone on with"):
                await calling


@pytest.mark.parametrize(
    ("said", "kept"), [("x" * LONGEST_ID, True), ("x" * (LONGEST_ID + 1), False), ("\u00e9", False)]
)
def test_an_id_is_one_that_a_header_can_carry(said: str, kept: bool) -> None:
    place = Place()
    place.passed(httpx2.ServerSentEvent(id=said))
    assert place.headers.get("last-event-id") == (said if kept else None)


@pytest.mark.parametrize(("retry", "pause"), [(0, PAUSE_LEAST), (200, 0.2), (10**9, PAUSE_MOST)])
def test_a_server_says_when_within_bounds(retry: int, pause: float) -> None:
    place = Place()
    place.passed(httpx2.ServerSentEvent(retry=retry))
    assert place.pause == pause
