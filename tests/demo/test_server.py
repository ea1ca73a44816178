"""The sample project's MCP server: its tools do what the QMS does, as the agent that the gateway names."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from qms_tui.demo.project import make_project
from qms_tui.demo.server import IDENTITY, sample_server


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_project(tmp_path / "project", ("claude", "qa"))
    return tmp_path / "project"


@asynccontextmanager
async def speaking(root: Path, agent: str) -> AsyncIterator[Callable[..., Any]]:
    """`say(tool, argument=...)` as an agent; what the tool says, and whether that is an error."""
    async with Client(sample_server(root), mode="legacy") as client:

        async def say(tool: str, **arguments: Any) -> tuple[str, bool]:
            meta: Any = {IDENTITY: agent} if agent else None
            result = await client.call_tool(tool, arguments, meta=meta)
            (content,) = result.content
            assert content.type == "text"
            return content.text, result.is_error

        yield say


async def test_a_document_goes_its_way(root: Path) -> None:
    async with speaking(root, "claude") as claude, speaking(root, "qa") as qa:
        said, failed = await claude("route", document="CR-001", to="qa")
        assert not failed
        assert said.startswith("qa has task-CR-001-")
        assert "CR-001" in (await qa("inbox"))[0]
        name = said.removeprefix("qa has ")
        assert "REVIEW REQUEST" in (await qa("read", name=name))[0]
        assert (await qa("review", document="CR-001", recommend=True))[0] == "CR-001 is PRE_REVIEWED"
        assert "task-" not in (await qa("inbox"))[0]
        await claude("route", document="CR-001", to="qa")
        assert (await qa("approve", document="CR-001"))[0] == "CR-001 is PRE_APPROVED"
        assert "notif-CR-001" in (await claude("inbox"))[0]


async def test_a_message_is_from_whom_the_gateway_names(root: Path) -> None:
    async with speaking(root, "claude") as claude:
        assert not (await claude("message", to="qa", text="hello"))[1]
    (item,) = (root / ".claude/users/qa/inbox").glob("msg-*")
    assert item.name.startswith("msg-claude-")


async def test_nobody_can_say_who_he_is_in_an_argument(root: Path) -> None:
    async with Client(sample_server(root), mode="legacy") as client:
        tools = (await client.list_tools()).tools
        arguments = {
            name for tool in tools for name in json.loads(json.dumps(tool.input_schema))["properties"]
        }
        assert {tool.name for tool in tools} == {"inbox", "read", "route", "review", "approve", "message"}
    assert arguments == {"name", "document", "to", "recommend", "text"}


@pytest.mark.parametrize(
    ("agent", "tool", "arguments", "what"),
    [
        ("", "inbox", {}, "nobody says which agent asks"),
        ("../qa", "inbox", {}, "is not an agent's name"),
        ("qa", "approve", {"document": "CR-001"}, "you have no approval of CR-001 to do"),
        ("qa", "route", {"document": "CR-999", "to": "qa"}, "there is no document CR-999"),
        ("qa", "read", {"name": "../../claude/inbox/x.md"}, "there is no such item"),
        ("qa", "message", {"to": "nobody", "text": "x"}, "there is no agent nobody"),
    ],
)
async def test_what_cannot_be_is_said(
    root: Path, agent: str, tool: str, arguments: dict[str, Any], what: str
) -> None:
    async with speaking(root, agent) as say:
        said, failed = await say(tool, **arguments)
    assert failed
    assert what in said
