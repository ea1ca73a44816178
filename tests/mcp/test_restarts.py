"""Servers and gateways killed between and during calls: each call runs once, or a clear error says why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from mcp.client.session import ClientSession
from mcp.shared.exceptions import MCPError

from qms_tui.config import McpServer
from tests.mcp.house import House, TestServer, runs, text_of, wait_until

MAYBE_RUN = -32011
UNREACHABLE = -32010


async def test_a_server_restarted_between_calls_is_not_noticed(
    make_house: Callable[..., House], web: TestServer, log: Path
) -> None:
    web.start()
    house = make_house(McpServer("test", url=web.url))
    async with house.client("qa", "test") as session:
        for number in range(3):
            assert text_of(await session.call_tool("count", {"key": str(number)})) == str(number)
            web.kill()
            calling = asyncio.create_task(session.call_tool("count", {"key": f"while down {number}"}))
            await asyncio.to_thread(web.start)
            assert text_of(await calling) == f"while down {number}"
    assert set(runs(log).values()) == {1}


async def test_a_session_lost_by_many_calls_at_once_is_not_noticed(
    make_house: Callable[..., House], web: TestServer, log: Path
) -> None:
    """Each of them hears that the session is not known; one begins another, none takes that for an answer."""
    web.start()
    house = make_house(McpServer("test", url=web.url))
    house.up("test")
    async with house.client("qa", "test") as session:
        await session.call_tool("count", {"key": "first"})
        web.kill()
        await asyncio.to_thread(web.start)
        house.up("test")
        calls = [session.call_tool("count", {"key": str(number)}) for number in range(20)]
        assert [text_of(each) for each in await asyncio.gather(*calls)] == [str(n) for n in range(20)]
    assert set(runs(log).values()) == {1}


async def test_a_server_killed_during_a_call_is_a_clear_error(house: House, log: Path) -> None:
    async with house.client("qa", "test") as session:
        with pytest.raises(MCPError) as caught:
            await session.call_tool("die", {})
        assert caught.value.error.code == MAYBE_RUN
        assert "the server test went away during tools/call" in caught.value.error.message
    assert log.read_bytes().count(b"die") == 1  # noqa: ASYNC240


async def test_a_stdio_server_is_started_again(
    make_house: Callable[..., House], stdio: McpServer, log: Path
) -> None:
    house = make_house(stdio)
    async with house.client("qa", "test") as session:
        for number in range(2):
            with pytest.raises(MCPError):
                await session.call_tool("die", {})
            assert text_of(await session.call_tool("count", {"key": str(number)})) == str(number)
    assert runs(log) == {"0": 1, "1": 1}


async def test_a_gateway_restarted_between_calls_is_not_noticed(house: House, log: Path) -> None:
    async with house.client("qa", "test") as session:
        for number in range(2):
            assert text_of(await session.call_tool("count", {"key": str(number)})) == str(number)
            house.kill()
            calling = asyncio.create_task(session.call_tool("count", {"key": f"while down {number}"}))
            await asyncio.sleep(0)
            house.start()
            assert text_of(await calling) == f"while down {number}"
    assert set(runs(log).values()) == {1}


async def test_a_gateway_killed_during_a_call_is_a_clear_error(house: House, log: Path) -> None:
    async with house.client("qa", "test") as session:
        call = asyncio.create_task(session.call_tool("count", {"key": "k", "seconds": 20.0}))
        await asyncio.to_thread(wait_until, lambda: runs(log), "it runs")
        house.kill()
        house.start()
        with pytest.raises(MCPError) as caught:
            await call
        assert caught.value.error.code == MAYBE_RUN
        assert text_of(await session.call_tool("count", {"key": "after"})) == "after"
    assert runs(log) == {"k": 1, "after": 1}


async def test_under_load_each_call_runs_once_or_fails_clearly(
    make_house: Callable[..., House], web: TestServer, log: Path
) -> None:
    web.start()
    house = make_house(McpServer("test", url=web.url))
    stopped = asyncio.Event()
    async with house.client("qa", "test") as qa, house.client("claude", "test") as claude:
        working = [
            asyncio.create_task(_work(each, name, stopped)) for each, name in ((qa, "q"), (claude, "c"))
        ]
        for _ in range(3):
            before = len(runs(log))
            await asyncio.to_thread(wait_until, lambda: len(runs(log)) > before + 20, "calls run")  # noqa: B023
            await asyncio.to_thread(web.kill)
            await asyncio.to_thread(web.start)
        stopped.set()
        outcomes = dict(pair for found in await asyncio.gather(*working) for pair in found.items())
    counted = runs(log)
    assert all(counted.get(key, 0) == 1 for key, code in outcomes.items() if code == 0)
    assert all(counted.get(key, 0) <= 1 for key in outcomes)
    assert set(outcomes.values()) <= {0, MAYBE_RUN}


async def _work(session: ClientSession, name: str, stopped: asyncio.Event) -> dict[str, int]:
    """Call until told to stop; the outcome of each call: 0 or an error's code."""
    found: dict[str, int] = {}
    while not stopped.is_set():
        key = f"{name}{len(found)}"
        try:
            found[key] = 0 if text_of(await session.call_tool("count", {"key": key})) == key else 1
        except MCPError as error:
            found[key] = error.error.code
    return found
