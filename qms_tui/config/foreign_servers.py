"""Keys in which other tools write MCP servers, and what to write here instead. Pure."""

from __future__ import annotations

from types import MappingProxyType

TABLES = ("mcpServers", "mcp_servers", "servers", "context_servers")  # where others have them
SERVERS = 'write [mcp.NAME] for each server, and below it command = [program, arguments] or url = "http..."'

_COMMAND = 'write command = [program, arguments]: command = ["uvx", "git-server", "--folder", "notes"]'
_ENVIRONMENT = (
    "a server has the environment that qms-tui is started in: export the variable there, "
    'or write command = ["env", "NAME=value", program, arguments]'
)
_KIND = (
    "leave it out: a server with a url speaks streamable HTTP, one without speaks on stdio; "
    "the old SSE transport is not spoken"
)
_URL = 'write url = "http://127.0.0.1:8000/mcp"'
_HEADERS = 'write headers = ["Authorization: Bearer ..."]'
_OFF = "a server is used as long as its table is there: take that out, or name who may use it in agents"
_ALLOWED = 'what agents may use unasked stands below [agent]: tools = ["mcp__NAME"]'
_PATIENCE = "leave it out: a slow server is waited for, and a hint says so"
_LOGIN = f"qms-tui does not log in at servers itself: {_HEADERS}"

_INSTEAD = MappingProxyType(
    dict.fromkeys(("args", "arguments", "argv"), _COMMAND)
    | dict.fromkeys(
        ("env", "envs", "environment", "env_vars", "envVars", "env_file", "envFile"), _ENVIRONMENT
    )
    | dict.fromkeys(("type", "transport", "transportType", "transport_type", "protocol"), _KIND)
    | dict.fromkeys(("httpUrl", "http_url", "serverUrl", "server_url", "endpoint", "uri", "baseUrl"), _URL)
    | dict.fromkeys(("http_headers", "httpHeaders", "requestInit", "header"), _HEADERS)
    | dict.fromkeys(("bearer_token_env_var", "env_http_headers", "oauth", "auth", "authorization"), _LOGIN)
    | dict.fromkeys(("disabled", "enabled", "required"), _OFF)
    | dict.fromkeys(
        (
            "alwaysAllow",
            "autoApprove",
            "trust",
            "includeTools",
            "excludeTools",
            "enabled_tools",
            "disabled_tools",
            "default_tools_approval_mode",
            "tools",
        ),
        _ALLOWED,
    )
    | dict.fromkeys(("timeout", "startup_timeout_sec", "startup_timeout_ms", "tool_timeout_sec"), _PATIENCE)
    | dict.fromkeys(TABLES, SERVERS)
)


def instead_of(section: str, key: str) -> str:
    """The hint for a key of [mcp.NAME], or of the whole file, that other tools have; nothing for others."""
    if section == "mcp":
        return _INSTEAD.get(key, "")
    return SERVERS if key in TABLES and not section else ""
