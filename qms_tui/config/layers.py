"""A file as a layer of checked settings, by full key: `theme`, `agent.memory`, `agent.qa.memory`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qms_tui.config import foreign_servers
from qms_tui.config.files import ConfigFile, parse_toml
from qms_tui.config.parse import agent_name, server_name
from qms_tui.config.paths import program
from qms_tui.config.text import WrongValue, shown
from qms_tui.config.values import TABLE, Need, Origin, Setting
from qms_tui.errors import ConfigError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One value that a layer sets; `key` is the setting's, with the agent's name if it is for one."""

    key: str
    setting: Setting
    value: object

    @property
    def needs_trust(self) -> bool:
        """Whether a project's file must be trusted for this: by its kind, or because it raises a limit."""
        if self.setting.rule.need is Need.TO_RAISE:
            assert isinstance(self.value, int | float)
            assert isinstance(self.setting.default, int | float)
            return self.value > self.setting.default
        return self.setting.rule.need is Need.TRUST


@dataclass(frozen=True, slots=True)
class Layer:
    """All that one file, or the command line, sets."""

    origin: Origin
    values: Mapping[str, Assignment]


def read_layer(file: ConfigFile) -> Layer:
    """Check a whole file. Raises ConfigError for the first thing wrong in it."""
    where = file.origin.where
    base = file.origin.path.parent if file.origin.path else Path()
    values = {}
    for key, setting, raw in _entries(parse_toml(file), where):
        try:
            value = _in_place(setting, setting.rule.parse(raw), base)
        except WrongValue as error:
            raise ConfigError(f"{where}: {key}: {error.what}", hint=error.hint) from None
        values[key] = Assignment(key, setting, value)
    return Layer(file.origin, values)


def _in_place(setting: Setting, value: object, base: Path) -> object:
    """Paths are relative to the file that says so, wherever qms-tui is started. Raises WrongValue."""
    if isinstance(value, Path):
        return base / value
    if setting.key == "mcp.command" and isinstance(value, tuple):
        return (program(value[0], base), *value[1:])
    return value


def _entries(document: Mapping[str, object], where: str) -> Iterator[tuple[str, Setting, object]]:
    for name, value in document.items():
        if name == "agent":
            yield from _agent_entries(_table(value, where, name), where)
        elif name == "mcp":
            yield from _server_entries(_table(value, where, name), where)
        elif name in TABLE and name:
            for inner, raw in _table(value, where, name).items():
                yield f"{name}.{inner}", _find(name, inner, where), raw
        else:
            yield name, _find("", name, where), value


def _agent_entries(table: Mapping[str, object], where: str) -> Iterator[tuple[str, Setting, object]]:
    """[agent] holds settings and, as tables, agents; a setting's name is never an agent's."""
    for name, value in table.items():
        if not isinstance(value, dict) or any(name == row.name for row in TABLE["agent"]):
            yield f"agent.{name}", _find("agent", name, where), value
            continue
        try:
            agent_name(name)
        except WrongValue as error:
            raise ConfigError(f"{where}: agent.{_part(name)}: {error.what}", hint=error.hint) from None
        for inner, raw in value.items():
            yield f"agent.{name}.{inner}", _find("agent", inner, where, f"agent.{name}"), raw


def _server_entries(table: Mapping[str, object], where: str) -> Iterator[tuple[str, Setting, object]]:
    for name, value in table.items():
        try:
            server_name(name)
        except WrongValue as error:
            raise ConfigError(f"{where}: mcp.{_part(name)}: {error.what}", hint=error.hint) from None
        for inner, raw in _table(value, where, f"mcp.{name}").items():
            yield f"mcp.{name}.{inner}", _find("mcp", inner, where, f"mcp.{name}"), raw


def _table(value: object, where: str, name: str) -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    raise ConfigError(
        f"{where}: {name}: {shown(value)} is not a table", hint=f"write [{name}], and its keys below"
    )


def _find(section: str, name: str, where: str, shown_section: str = "") -> Setting:
    for row in TABLE[section]:
        if row.name == name:
            return row
    prefix = f"{shown_section or section}." if section else ""
    raise ConfigError(f"{where}: {prefix}{_part(name)}: no such key", hint=_instead(section, name))


def _instead(section: str, name: str) -> str:
    """What somebody who wrote an unknown key may have meant."""
    import difflib

    if elsewhere := foreign_servers.instead_of(section, name):
        return elsewhere
    for row in (row for rows in TABLE.values() for row in rows):
        if row.name == name:
            return (
                f"it belongs below [{row.section}]" if row.section else "it belongs above the first [table]"
            )
    names = [row.name for row in TABLE[section]]
    if not section:
        names += [known for known in TABLE if known]
    close = difflib.get_close_matches(name[:64], names, 1)
    return f"did you mean {close[0]}?" if close else f"the keys here: {', '.join(names)}"


def _part(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else shown(name)
