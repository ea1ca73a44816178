"""The sample project's QMS as an MCP server: `python -m qms_tui.demo.server PROJECT [--port N]`.

Without a port it speaks on stdio. Who asks is what the gateway says, in a header or in `_meta`, never what
stands in a tool's arguments: no tool has an argument for that.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from qms_tui.demo.qms import Qms
from qms_tui.demo.workflow import check_agent
from qms_tui.errors import QmsTuiError

IDENTITY = "qms-tui/agent"
HEADER = "x-qms-agent"
Result = TypeVar("Result")


def sample_server(root: Path) -> MCPServer:
    """The tools of the QMS at `root`."""
    server = MCPServer("qms", instructions="The project's QMS. inbox lists what waits for you.")
    for tool in _tools(Qms(root)):
        server.add_tool(tool)
    return server


def caller(ctx: Context) -> str:
    """The agent that asks. Raises ToolError if nobody says who that is."""
    headers, meta = ctx.headers, ctx.request_context.meta
    found = headers.get(HEADER) if headers is not None else (meta or {}).get(IDENTITY)
    if not isinstance(found, str):
        raise ToolError("nobody says which agent asks: reach this server through qms-tui")
    return _said(lambda: check_agent(found))


def _tools(qms: Qms) -> list[Callable[..., Any]]:
    def inbox(ctx: Context) -> str:
        """List the items in your inbox."""
        items = qms.inboxes.items(caller(ctx))
        lines = [f"{item.file_name}: {item.kind} {item.headline}" for item in items]
        return "\n".join(lines) or "your inbox is empty"

    def read(name: str, ctx: Context) -> str:
        """Read an item of your inbox by its file name, or a document by its id."""
        agent = caller(ctx)
        if name.endswith(".md"):
            return _said(lambda: qms.inboxes.text(agent, name))
        return _said(lambda: qms.text_of(name))

    def route(document: str, to: str, ctx: Context) -> str:
        """Route a document to an agent for its next review or approval."""
        task = _said(lambda: qms.route(document, to=to, by=caller(ctx), now=_now()))
        return f"{to} has {task.file_name}"

    def review(document: str, recommend: bool, ctx: Context) -> str:
        """Submit your review of a document: recommend it, or reject it."""
        agent = caller(ctx)
        outcome = _said(lambda: qms.review(document, by=agent, recommend=recommend, now=_now()))
        return f"{outcome.document.doc_id} is {outcome.document.status}"

    def approve(document: str, ctx: Context) -> str:
        """Approve a document that waits for your approval."""
        outcome = _said(lambda: qms.approve(document, by=caller(ctx), now=_now()))
        return f"{outcome.document.doc_id} is {outcome.document.status}"

    def message(to: str, text: str, ctx: Context) -> str:
        """Send a message to an agent, or to the human, who is called lead."""
        sent = _said(lambda: qms.message(to, text, by=caller(ctx), now=_now()))
        return f"{to} has {sent.file_name}"

    return [inbox, read, route, review, approve, message]


def _said(act: Callable[[], Result]) -> Result:
    try:
        return act()
    except QmsTuiError as error:
        raise ToolError(f"{error.message}; {error.hint}" if error.hint else error.message) from None


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="qms_tui.demo.server")
    parser.add_argument("project", type=Path)
    parser.add_argument("--port", type=int, default=None)
    asked = parser.parse_args()
    server = sample_server(asked.project)
    if asked.port is None:
        server.run()
    else:
        server.run("streamable-http", port=asked.port)


if __name__ == "__main__":
    main()
