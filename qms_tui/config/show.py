"""The configuration for people: `qms-tui config`, and the README's table."""

from __future__ import annotations

import json
from collections.abc import Iterator

from msgspec import Struct

from qms_tui.config.parse import Memory
from qms_tui.config.values import (
    TABLE,
    AgentConfig,
    BuildConfig,
    Config,
    EngineConfig,
    InboxConfig,
    McpServer,
    NotifyConfig,
    Setting,
    TerminalConfig,
)
from qms_tui.text.columns import fill, width
from qms_tui.text.printable import plain

_Section = Config | AgentConfig | TerminalConfig | InboxConfig | NotifyConfig | EngineConfig | BuildConfig
_WIDEST_VALUE = 40  # columns; wider values push only their own comment


class Row(Struct, frozen=True):
    """One value in force: its full key, the value as TOML ('' for none), where it comes from."""

    key: str
    value: str
    origin: str


def toml(value: object) -> str:
    """A setting's value in TOML's notation, free of control characters; '' for None, which TOML lacks."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and not isinstance(value, Memory):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(toml(item) for item in value)}]"
    return json.dumps(plain(str(value)), ensure_ascii=False)


def describe(config: Config) -> list[Row]:
    """Every value in force, then what single agents have of their own."""
    sections: tuple[tuple[str, _Section], ...] = (
        ("", config),
        ("agent", config.every_agent),
        ("terminal", config.terminal),
        ("inbox", config.inbox),
        ("notify", config.notify),
        ("engine", config.engine),
        ("build", config.build),
    )
    rows = [
        _row(config, row.key, row, getattr(values, row.name))
        for section, values in sections
        for row in TABLE[section]
    ]
    rows += [row for name in config.overrides for row in _own(config, name)]
    return rows + [row for server in config.servers for row in _of_server(config, server)]


def format_config(config: Config) -> str:
    """The configuration in force as a TOML file that says the same, with where each value comes from."""
    rows = describe(config)
    key_width = max(len(_name(row)) for row in rows) + 2
    value_width = max(cells for row in rows if (cells := width(row.value)) <= _WIDEST_VALUE)
    lines = ["# In force, and where each value comes from:"]
    table = ""
    for row in rows:
        section = row.key.rpartition(".")[0]
        if section != table:
            lines += ["", f"[{section}]"]
            table = section
        name = _name(row) if row.value else f"# {_name(row)}"
        lines.append(f"{name:{key_width}} = {fill(row.value, value_width)}  # {row.origin}")
    return "\n".join(lines) + "\n"


def config_table_markdown() -> str:
    """The README's table of all settings."""
    lines = ["| key | default | example | may a project set it? | meaning |", "|---|---|---|---|---|"]
    for section in TABLE.values():
        lines += [_markdown_row(row) for row in section]
    return "\n".join(lines) + "\n"


def _own(config: Config, agent: str) -> Iterator[Row]:
    """What the agent has unlike the others, or from elsewhere."""
    mine = config.agent(agent)
    for row in TABLE["agent"]:
        key = f"agent.{agent}.{row.name}"
        value = getattr(mine, row.name)
        if value != getattr(config.every_agent, row.name) or config.origin(key) != config.origin(row.key):
            yield _row(config, key, row, value)


def _of_server(config: Config, server: McpServer) -> Iterator[Row]:
    for row in TABLE["mcp"]:
        yield _row(config, f"mcp.{server.name}.{row.name}", row, getattr(server, row.name))


def _row(config: Config, key: str, row: Setting, value: object) -> Row:
    origin = ", ".join(plain(str(origin)) for origin in config.origin(key))
    if value is None:
        origin += f": {row.rule.default_text}"
    return Row(key, toml(value), origin)


def _name(row: Row) -> str:
    return row.key.rpartition(".")[2]


def _markdown_row(row: Setting) -> str:
    default = f"`{toml(row.default)}`" if row.default is not None else row.rule.default_text
    cells = (f"`{row.shown}`", default, f"`{row.rule.example}`", row.rule.need.value, row.rule.meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
