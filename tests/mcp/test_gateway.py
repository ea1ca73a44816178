"""The whole way: the SDK's client, the bridge, the gateway in its process, a real server."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp.client.session import ClientSession
from mcp.shared.exceptions import MCPError

from qms_tui.config import McpServer
from tests.mcp.house import SECONDS, House, TestServer, runs, text_of, wait_until

REFUSED, MAYBE_RUN = -32012, -32011


async def whoami(session: ClientSession, **meta: Any) -> list[str]:
    result = await session.call_tool("whoami", {"claim": "claude"}, meta=meta or None)  # type: ignore[arg-type]
    return [str(each.text) for each in result.content]  # type: ignore[union-attr]


async def test_each_agent_is_who_its_socket_says(house: House) -> None:
    async with house.client("qa", "test") as qa, house.client("claude", "test") as claude:
        for session, name in ((qa, "qa"), (claude, "claude")):
            header, meta, keys, _ = await whoami(
                session, **{"qms-tui/agent": "lead", "qms-tui/x": "y", "a": 1}
            )
            assert (header, meta, keys) in ((name, name, "a,qms-tui/agent"), ("", name, "a,qms-tui/agent"))


async def test_what_the_server_says_of_itself_arrives(house: House) -> None:
    async with house.client("qa", "test"):  # this first one may come before the server's answer is known
        pass
    async with house.client("qa", "test") as session:
        assert session.initialize_result is not None
        assert session.initialize_result.server_info.name == "test"
        assert "count" in {tool.name for tool in (await session.list_tools()).tools}
        assert (await session.list_prompts()).prompts == []
        read = await session.read_resource("test://thing")
        assert isinstance(read.contents[0], types.TextResourceContents)
        assert read.contents[0].text == "the thing"
        with pytest.raises(MCPError):
            await session.read_resource("test://nothing")


async def test_calls_run_side_by_side(house: House, log: Path) -> None:
    await _side_by_side(house)
    assert runs(log) == {str(n): 1 for n in range(20)}


async def _side_by_side(house: House) -> None:
    async with house.client("qa", "test") as session:
        # Each but the last goes on when the next one runs, and the last one when the first does.
        calls = [session.call_tool("meet", {"key": str(n), "other": str((n + 1) % 20)}) for n in range(20)]
        found = await asyncio.gather(*calls)
    assert [text_of(each) for each in found] == [str(n) for n in range(20)]


async def test_progress_reaches_the_call_that_wants_it(house: House) -> None:
    heard: list[tuple[float, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    async with house.client("qa", "test") as session, house.client("claude", "test") as other:
        one = session.call_tool("steps", {"number": 3}, progress_callback=hear)
        two = other.call_tool("steps", {"number": 5})
        found = await asyncio.gather(one, two)
    assert [text_of(each) for each in found] == ["done", "done"]
    assert heard == [(1, "step 1"), (2, "step 2"), (3, "step 3")]


async def test_a_cancelled_call_is_cancelled_at_the_server(house: House, log: Path) -> None:
    async with house.client("qa", "test") as session:
        call = asyncio.create_task(session.call_tool("hang", {"key": "k"}))
        await asyncio.to_thread(wait_until, lambda: runs(log, "hang"), "it hangs")
        call.cancel()
        await asyncio.to_thread(wait_until, lambda: runs(log, "cancelled"), "it is cancelled")
        assert text_of(await session.call_tool("count", {"key": "after"})) == "after"


async def test_what_a_client_left_behind_is_cancelled(house: House, log: Path) -> None:
    async with house.client("qa", "test") as session:
        call = asyncio.create_task(session.call_tool("hang", {"key": "k"}))
        await asyncio.to_thread(wait_until, lambda: runs(log, "hang"), "it hangs")
    await asyncio.to_thread(wait_until, lambda: runs(log, "cancelled"), "it is cancelled")
    call.cancel()


async def test_a_server_asks_the_client_whose_call_runs(house: House) -> None:
    async def answer(_context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        assert params.message == "which word?"
        return types.ElicitResult(action="accept", content={"word": "hello"})

    async with house.client("qa", "test", elicitation_callback=answer) as session:
        assert text_of(await session.call_tool("ask", {})) == "hello"
    async with house.client("claude", "test") as session:
        with pytest.raises(MCPError, match="the client of claude does not know elicitation/create"):
            await session.call_tool("ask", {})


async def test_a_server_that_serves_several_asks_nobody_by_mistake(
    make_house: Callable[..., House], stdio: McpServer, log: Path
) -> None:
    house = make_house(stdio)

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content={"word": "hello"})

    async with (
        house.client("qa", "test", elicitation_callback=answer) as qa,
        house.client("claude", "test", elicitation_callback=answer) as claude,
    ):
        call = asyncio.create_task(qa.call_tool("meet", {"key": "slow", "other": "end"}))
        await asyncio.to_thread(wait_until, lambda: runs(log), "it runs")
        with pytest.raises(MCPError, match="it cannot be told which agent this is for"):
            await claude.call_tool("ask", {})
        await qa.call_tool("meet", {"key": "end", "other": "slow"})
        assert text_of(await call) == "slow"


async def test_large_results_and_arguments_pass(house: House) -> None:
    async with house.client("qa", "test") as session:
        assert len(text_of(await session.call_tool("big", {"size": 10 * 2**20}))) == 10 * 2**20
        assert text_of(await session.call_tool("length", {"text": "é" * 10**6})) == str(10**6)


async def test_lists_that_change_are_told(house: House) -> None:
    changed = asyncio.Event()

    async def hear(message: Any) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            changed.set()

    async with house.client("qa", "test", message_handler=hear) as session:
        await session.list_tools()
        changed.clear()
        await session.call_tool("grow", {})
        async with asyncio.timeout(SECONDS):
            await changed.wait()
        assert "new" in {tool.name for tool in (await session.list_tools()).tools}


async def test_who_may_not_use_a_server_is_refused(
    make_house: Callable[..., House], stdio: McpServer
) -> None:
    house = make_house(McpServer("test", command=stdio.command, agents=("claude",)))
    house.status()
    for server, reason in (("test", "agent qa may not use it"), ("other", "no such server is configured")):
        with pytest.RaisesGroup(pytest.RaisesExc(MCPError, match=reason), flatten_subgroups=True):
            async with house.client("qa", server):
                pass


def test_only_its_owner_gets_to_an_agents_socket(make_house: Callable[..., House], stdio: McpServer) -> None:
    house = make_house(stdio)
    path = house.socket("qa")
    wait_until(path.exists, "it listens")
    wait_until(lambda: stat.S_IMODE(path.stat().st_mode) == 0o600, "it is private")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["mcp.sock"]


async def test_a_server_that_comes_late_is_announced(
    make_house: Callable[..., House], web: TestServer
) -> None:
    house = make_house(McpServer("test", url=web.url))
    changed = asyncio.Event()

    async def hear(message: Any) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            changed.set()

    async with house.client("qa", "test", message_handler=hear) as session:
        assert (await session.list_tools()).tools == []
        waiting = asyncio.create_task(session.call_tool("count", {"key": "early"}))
        await asyncio.to_thread(web.start)
        async with asyncio.timeout(SECONDS):
            await changed.wait()
        assert text_of(await waiting) == "early"
        assert "count" in {tool.name for tool in (await session.list_tools()).tools}


async def test_what_a_server_offered_is_remembered(house: House) -> None:
    async with house.client("qa", "test") as session:
        await session.list_tools()
    house.close()
    house.servers = (McpServer("test", url="http://127.0.0.1:9/mcp"),)
    house.start()
    house.status()
    async with house.client("qa", "test") as session:
        assert "count" in {tool.name for tool in (await session.list_tools()).tools}


async def test_one_bad_server_does_not_poison_the_others(
    make_house: Callable[..., House], stdio: McpServer
) -> None:
    bad = (
        McpServer("missing", command=("/nonexistent/program",)),
        McpServer("silent", command=("sleep", "600")),
        McpServer("noisy", command=("yes",)),
        McpServer("ends", command=("sh", "-c", "echo it is broken >&2; exit 4")),
        McpServer("refuses", url="http://127.0.0.1:9/mcp"),
    )
    house = make_house(*bad, stdio)
    house.up("test")
    async with house.client("qa", "test") as session:
        assert text_of(await session.call_tool("count", {"key": "k"})) == "k"
    missing = "cannot start /nonexistent/program: No such file or directory"
    wait_until(lambda: _detail(house, "missing") == missing, "it cannot be started")
    wait_until(lambda: _detail(house, "ends") == "ended with status 4: it is broken", "it says why it ends")
    wait_until(lambda: _detail(house, "refuses").startswith("nobody listens"), "nobody is there")


def _detail(house: House, name: str) -> str:
    return next(str(each["detail"]) for each in house.status()["servers"] if each["name"] == name)


async def test_its_servers_end_with_it(make_house: Callable[..., House], stdio: McpServer, log: Path) -> None:
    house = make_house(stdio)
    house.up("test")
    async with house.client("qa", "test") as session:
        assert session.initialize_result is not None
        pid = int(str(session.initialize_result.instructions).removeprefix("pid "))
    house.kill()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the server has ended")


async def test_the_status_tells_of_connections(house: House) -> None:
    async with house.client("qa", "test") as session:
        await session.call_tool("count", {"key": "k"})
        used = {each["agent"]: each["servers"][0] for each in house.status()["agents"]}
        assert (used["qa"]["connected"], used["qa"]["served"], used["qa"]["allowed"]) == (
            1,
            2,
            True,
        )  # the client lists the tools too
        assert used["claude"]["sessions"] == 0
