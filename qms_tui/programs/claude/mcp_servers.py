"""How Claude Code is told of MCP servers: the JSON of its --mcp-config. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from qms_tui.config import McpServer


def server_list(agent: str, servers: Sequence[McpServer], bridge: Sequence[str], address: str = "") -> str:
    """The servers that the agent may use, each reached through its own `bridge`, a command.

    `address` is where the gateway listens for agents without a socket of their own.
    `alwaysLoad` has the tools in the first request: the bridge answers at once, so that costs no time.
    """
    listed = {
        "mcpServers": {
            server.name: {
                "type": "stdio",
                "command": bridge[0],
                "args": [*bridge[1:], server.name],
                "alwaysLoad": True,
                **({"env": {"QMS_MCP_ADDRESS": address}} if address else {}),
            }
            for server in servers
            if server.serves(agent)
        }
    }
    return json.dumps(listed, indent=2) + "\n"
