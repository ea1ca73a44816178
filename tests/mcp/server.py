"""A real MCP server that tests call: `python -m tests.mcp.server LOG [--port N]`. What runs stands in LOG."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp_types import JSONRPCMessage
from pydantic import BaseModel

BIG = 10 * 2**20


class Answer(BaseModel):
    """What a client is asked for."""

    word: str


class Kept(EventStore):
    """Every event, for streams that are gone on with."""

    def __init__(self) -> None:
        self._events: list[tuple[str, JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: str, message: JSONRPCMessage | None) -> str:
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(self, last_event_id: str, send_callback: EventCallback) -> str | None:
        stream = self._events[int(last_event_id) - 1][0]
        for number, (of, message) in enumerate(self._events, 1):
            if of == stream and message is not None and number > int(last_event_id):
                await send_callback(EventMessage(message, str(number)))
        return stream


def build(log: Path) -> MCPServer:
    """Tools that tell what happens to them."""
    server = MCPServer("test", instructions=f"pid {os.getpid()}")

    def note(text: str) -> None:
        with log.open("ab", buffering=0) as stream:
            stream.write(text.encode() + b"\n")

    @server.tool()
    def whoami(ctx: Context, claim: str = "") -> list[str]:
        """Who the server is told that asks: by header, by `_meta`, and everything in that."""
        meta: dict[str, Any] = dict(ctx.request_context.meta or {})
        header = (ctx.headers or {}).get("x-qms-agent", "")
        note(f"asked {header or meta.get('qms-tui/agent', '')}")
        return [header, str(meta.get("qms-tui/agent", "")), ",".join(sorted(meta)), claim]

    @server.tool()
    async def count(key: str, seconds: float = 0.0) -> str:
        """Run once, and say so in the log."""
        note(f"run {key}")
        await asyncio.sleep(seconds)
        note(f"done {key}")
        return key

    arrived: dict[str, asyncio.Event] = {}

    @server.tool()
    async def meet(key: str, other: str) -> str:
        """Run until the call with the other key runs, too."""
        note(f"run {key}")
        arrived.setdefault(key, asyncio.Event()).set()
        await arrived.setdefault(other, asyncio.Event()).wait()
        return key

    @server.tool()
    def big(size: int = BIG) -> str:
        """A large result."""
        return "x" * size

    @server.tool()
    def length(text: str) -> int:
        """Of a large argument."""
        return len(text)

    @server.tool()
    async def steps(ctx: Context, number: int = 3) -> str:
        """Report progress."""
        for at in range(number):
            await ctx.report_progress(at + 1, number, f"step {at + 1}")
        return "done"

    @server.tool()
    async def hang(key: str) -> str:
        """Until cancelled, which it notes."""
        note(f"hang {key}")
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            note(f"cancelled {key}")
            raise
        return key

    @server.tool()
    async def ask(ctx: Context) -> str:
        """Ask the human at the client."""
        found = await ctx.elicit("which word?", Answer)
        return found.data.word if found.action == "accept" else found.action

    @server.tool()
    async def grow(ctx: Context) -> str:
        """Offer one more tool, and say so."""
        server.add_tool(lambda: "new", name="new", description="new")
        await ctx.session.send_tool_list_changed()
        return "grown"

    @server.tool()
    async def cut(ctx: Context, key: str) -> str:
        """End the stream of the answer before that is there."""
        note(f"run {key}")
        await ctx.close_sse_stream()
        return key

    @server.tool()
    def die() -> None:
        """End in the middle of a call."""
        note("die")
        os._exit(3)

    @server.resource("test://thing")
    def thing() -> str:
        """Something to read."""
        return "the thing"

    return server


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("log", type=Path)
    parser.add_argument("--port", type=int, default=None)
    asked = parser.parse_args()
    server = build(asked.log)
    print("a line on standard error", file=sys.stderr, flush=True)
    if asked.port is None:
        server.run()
    else:
        server.run("streamable-http", port=asked.port, event_store=Kept(), retry_interval=50)


if __name__ == "__main__":
    main()
