"""What a client is told to find its servers: the JSON of Claude Code's --mcp-config. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from qms_tui.config import McpServer

PYTHON = ("/usr/bin/python3", "-I")  # of the image, isolated from what the agent can write
BRIDGE = "/usr/local/lib/qms-tui/mcp_bridge.py"


def client_config(
    agent: str, servers: Sequence[McpServer], address: str = "", bridge: Sequence[str] = (*PYTHON, BRIDGE)
) -> dict[str, object]:
    """The servers that the agent may use, each reached through its own bridge; `bridge` is its command.

    `address` is where the gateway listens for agents without a socket of their own.
    `alwaysLoad` has the tools in the first request: the bridge answers at once, so that costs no time.
    """
    return {
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


def client_config_text(agent: str, servers: Sequence[McpServer], address: str = "") -> str:
    """The same as the text of a file."""
    return json.dumps(client_config(agent, servers, address), indent=2) + "\n"
