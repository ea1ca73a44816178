"""`qms-tui mcp`: how the MCP servers and each agent's connections to them stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from qms_tui.cli.loading import load
from qms_tui.cli.options import Common, common_options
from qms_tui.cli.printing import echo_lines, print_notices
from qms_tui.config import Config, McpServer
from qms_tui.files import read_regular_file
from qms_tui.keeper.servers import find_gateway
from qms_tui.project import Project
from qms_tui.text.columns import columns
from qms_tui.text.printable import json_text, plain
from qms_tui.text.times import moment

LARGEST = 64 * 1024  # bytes of a project's .mcp.json that are looked at
MOST_NAMED = 10
_MODULES = ("qms_mcp", "*/qms_mcp", "qms-cli/qms_mcp")  # where a QMS command line has its MCP server


@click.command("mcp")
@common_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def mcp(common: Common, as_json: bool) -> int:
    """Show the MCP servers, and each agent's connections to them."""
    project, config = load(common)
    echo_lines(report(project, config, find_gateway(project, config), as_json=as_json).split("\n"))
    print_notices(config)
    return 0


def report(project: Project, config: Config, folder: Path, *, as_json: bool) -> str:
    """What there is to say. Raises GatewayError if the gateway hangs."""
    from qms_tui.mcp.status import gateway_status

    status = gateway_status(folder)
    servers = _servers(config, status)
    agents: list[dict[str, Any]] = status["agents"] if status else []
    if as_json:
        return json_text({"gateway": _gateway(status), "servers": servers, "agents": agents}, indent=2)
    if not config.servers and not servers:
        return "\n".join(_how_to_begin(project))
    lines = columns([("SERVER", "STATE", "SINCE", "STARTS", "WHERE"), *map(_server_row, servers)])
    rows = [_agent_row(agent, server) for agent in agents for server in agent["servers"]]
    if rows:
        lines += ["", *columns([("AGENT", "SERVER", "CONNECTED", "CALLS", "SERVED", "LAST TROUBLE"), *rows])]
    if status and status.get("listening"):
        lines += ["", f"over TCP: {plain(status['listening'])}"]
    if status is None:
        lines += ["", "the gateway does not run: it starts with the first agent's container"]
    return "\n".join(lines)


def _gateway(status: dict[str, Any] | None) -> dict[str, Any] | None:
    return {key: status[key] for key in ("version", "pid", "instance", "listening")} if status else None


def _servers(config: Config, status: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Those that run, and those that are configured and do not."""
    running = {str(each["name"]): dict(each) for each in status["servers"]} if status else {}
    for server in config.servers:
        found = running.setdefault(server.name, {"name": server.name, "state": "not running", "detail": ""})
        found["where"] = _where(server)
    return [running[name] for name in sorted(running)]


def _where(server: McpServer) -> str:
    return server.url or " ".join(server.command or ())


def _server_row(server: dict[str, Any]) -> tuple[str, ...]:
    since = moment(server["since"]) if "since" in server else ""
    state = f"{server['state']}: {server['detail']}" if server["detail"] else server["state"]
    return (
        server["name"],
        state,
        since,
        str(server.get("starts", "")),
        server.get("where", "not configured"),
    )


def _agent_row(agent: dict[str, Any], server: dict[str, Any]) -> tuple[str, ...]:
    connected = f"{server['connected']} of {server['sessions']}" if server["allowed"] else "not allowed"
    figures = (str(server["in_flight"]), str(server["served"]))
    return (agent["agent"], server["name"], connected, *figures, server["trouble"])


def _how_to_begin(project: Project) -> list[str]:
    lines = ["no MCP server is configured; write [mcp.NAME] with a command or a url into your configuration"]
    for module in _modules(project.root):
        lines.append(f"the project has one, which is not run unasked: {plain(module)}")
    names = _named_in_project(project.root)
    if names:
        lines.append(f".mcp.json of the project, which agents do not see, names: {', '.join(names)}")
    return lines


def _modules(root: Path) -> list[str]:
    found = {path.relative_to(root).as_posix() for pattern in _MODULES for path in root.glob(pattern)}
    return sorted(found)[:MOST_NAMED]


def _named_in_project(root: Path) -> list[str]:
    try:
        servers = json.loads(read_regular_file(root / ".mcp.json", LARGEST))["mcpServers"]
        return [plain(str(name)[:60]) for name in list(servers)[:MOST_NAMED]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
