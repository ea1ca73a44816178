"""Agents that come over TCP: who they are is in the token that only their container has."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qms_tui.config import Config, EngineConfig, Laid, McpServer
from qms_tui.mcp.hall import LONGEST_TOKEN, MOST_NEWCOMERS
from qms_tui.mcp.mounting import with_gateway
from qms_tui.mcp.places import IMAGE_CLIENT_FILE, TOKEN_INSIDE
from qms_tui.mcp.tokens import make_token, owner_of, read_token, token_file
from qms_tui.project import Owner
from tests.mcp.house import SECONDS, House, free_port, text_of
from tests.mcp.scripted import INITIALIZE, Bridge

AGENTS = ("claude", "qa")


@pytest.fixture
def house(make_house: Callable[..., House], stdio: McpServer) -> House:
    """A gateway that listens over TCP too."""
    found = make_house(stdio, listen=f"127.0.0.1:{free_port()}")
    found.up("test")
    assert found.status()["listening"] == f"listens at {found.listen}"
    return found


def environment(house: House, token: str, folder: Path) -> dict[str, str]:
    """Of a bridge with this token."""
    file = folder / "token"
    file.write_text(token)
    return {"QMS_MCP_ADDRESS": house.listen, "QMS_MCP_TOKEN": str(file)}


@pytest.mark.parametrize("agent", AGENTS)
async def test_each_is_whose_token_it_has(house: House, tmp_path: Path, agent: str) -> None:
    mine = environment(house, read_token(house.folder, agent), tmp_path)
    meta: Any = {"qms-tui/agent": "lead"}
    async with house.client("nobody", "test", environment=mine) as session:
        result = await session.call_tool("whoami", {"claim": "claude"}, meta=meta)
        assert result.content[1].text == agent  # type: ignore[union-attr]
        assert text_of(await session.call_tool("big", {"size": 2**20})) == "x" * 2**20
        house.kill()
        house.start()
        assert text_of(await session.call_tool("count", {"key": "again"})) == "again"


def test_a_wrong_token_is_refused(house: House, tmp_path: Path) -> None:
    for token in ("", "0" * 64, "x"):
        with Bridge(house.socket("qa"), "test", environment(house, token, tmp_path)) as bridge:
            bridge.say("initialize", 0, INITIALIZE)  # answered, or refused, whichever is first
            bridge.hear()
            answer = bridge.ask("tools/call", 1, {"name": "whoami", "arguments": {}})
        assert "token is not known" in answer["error"]["message"]


def test_without_a_token_that_can_be_read_nobody_comes(house: House, tmp_path: Path) -> None:
    unreadable = environment(house, "\u00e9", tmp_path)
    for found in (unreadable, {**unreadable, "QMS_MCP_TOKEN": str(tmp_path / "none")}):
        with Bridge(house.socket("qa"), "test", found) as bridge:
            bridge.begin()
            assert bridge.ask("tools/list", 1)["result"] == {"tools": []}
    assert all(each["connections"] == 0 for each in house.status()["agents"])


def knock(house: House) -> socket.socket:
    host, _, port = house.listen.rpartition(":")
    return socket.create_connection((host, int(port)), SECONDS)


def test_nonsense_is_refused(house: House) -> None:
    for line in (b"", b"[]", b"[" * 400, b'{"token": 3}', b'{"token": ""}', b"\xff", b"GET / HTTP/1.1"):
        with knock(house) as connection:
            connection.sendall(line + b"\n")
            assert "refused" in json.loads(connection.makefile("rb").readline())


def test_a_first_line_without_end_is_no_burden(house: House) -> None:
    with knock(house) as connection, contextlib.suppress(ConnectionError):
        for _ in range(1000):
            connection.sendall(b"x" * LONGEST_TOKEN)
        assert connection.recv(1) == b""


async def test_who_says_nothing_keeps_nobody_out(house: House, tmp_path: Path) -> None:
    mine = environment(house, read_token(house.folder, "qa"), tmp_path)
    with contextlib.ExitStack() as held:
        silent = [held.enter_context(knock(house)) for _ in range(MOST_NEWCOMERS * 3)]
        async with house.client("qa", "test", environment=mine) as session:
            assert text_of(await session.call_tool("count", {"key": "k"})) == "k"
        assert silent[0].recv(1) == b""  # the oldest had to go


def test_tokens_are_secret_and_stay(tmp_path: Path) -> None:
    first = make_token(tmp_path, "qa")
    assert len(first) == 64
    assert make_token(tmp_path, "qa") == first != make_token(tmp_path, "claude")
    assert token_file(tmp_path, "qa").stat().st_mode & 0o777 == 0o600
    token_file(tmp_path, "qa").write_text("half")
    assert make_token(tmp_path, "qa") not in (first, "half", "")


def test_a_token_is_of_one_agent_and_none_of_nobody() -> None:
    known = {"claude": "a" * 64, "qa": "b" * 64, "new": ""}
    assert [owner_of(token, known) for token in ("a" * 64, "b" * 64, "c" * 64, "")] == [
        "claude",
        "qa",
        "",
        "",
    ]


def test_a_container_gets_its_own_token_and_no_mounts(tmp_path: Path) -> None:
    engine = EngineConfig(mcp_listen="127.0.0.1:7325")
    config = Config(engine=engine, servers=(McpServer("git", command=("x",), agents=("qa",)),))
    config = with_gateway(config, tmp_path, AGENTS, Owner(1000, 1000))
    assert (config.agent("claude").laid, config.agent("claude").mounts) == ((), ())
    token, client = config.agent("qa").laid
    assert token == Laid(TOKEN_INSIDE, read_token(tmp_path, "qa"), secret=True)
    assert client.path == IMAGE_CLIENT_FILE
    server = json.loads(client.text)["mcpServers"]["git"]
    assert server["env"] == {"QMS_MCP_ADDRESS": "host.docker.internal:7325"}
    assert config.agent("qa").mounts == ()
    assert token.text not in repr(config)
