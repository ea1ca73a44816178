"""A file as a layer of checked settings, by full key: `theme`, `agent.memory`, `agent.qa.memory`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from qms_tui.config import foreign_servers
from qms_tui.config.faults import MOST_FAULTS, OnFault, refuse
from qms_tui.config.files import ConfigFile, parse_toml
from qms_tui.config.parse import agent_name, server_name
from qms_tui.config.paths import program
from qms_tui.config.text import WrongValue, shown
from qms_tui.config.values import TABLE, Need, Origin, Setting
from qms_tui.errors import ConfigError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class Assignment(Struct, frozen=True):
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


class Layer(Struct, frozen=True):
    """All that one file, or the command line, sets."""

    origin: Origin
    values: Mapping[str, Assignment]


def read_layer(file: ConfigFile, on_fault: OnFault = refuse) -> Layer:
    """Check a whole file. `on_fault` is called for each thing wrong in it, and what is right is kept."""
    where = file.origin.where
    base = file.origin.path.parent if file.origin.path else Path()
    values = {}
    faults = 0
    for entry in _entries(_document(file), where):
        read = _assignment(entry, where, base) if isinstance(entry, _Entry) else entry
        if isinstance(read, Assignment):
            values[read.key] = read
            continue
        on_fault(read)
        faults += 1
        if faults == MOST_FAULTS:
            on_fault(ConfigError(f"{where}: more is wrong in it", hint="what follows is not read"))
            break
    return Layer(file.origin, values)


class _Entry(Struct, frozen=True):
    """A setting as it stands in a file, not checked yet."""

    key: str
    setting: Setting
    raw: object


_Document = Mapping[str, object]


def _document(file: ConfigFile) -> _Document | ConfigError:
    try:
        return parse_toml(file)
    except ConfigError as fault:
        return fault


def _assignment(entry: _Entry, where: str, base: Path) -> Assignment | ConfigError:
    try:
        value = _in_place(entry.setting, entry.setting.rule.parse(entry.raw), base)
    except WrongValue as error:
        return ConfigError(f"{where}: {entry.key}: {error.what}", hint=error.hint)
    return Assignment(entry.key, entry.setting, value)


def _in_place(setting: Setting, value: object, base: Path) -> object:
    """Paths are relative to the file that says so, wherever qms-tui is started. Raises WrongValue."""
    if isinstance(value, Path):
        return base / value
    if setting.key in ("mcp.command", "notify.command") and isinstance(value, tuple):
        return (program(value[0], base), *value[1:])
    return value


def _entries(document: _Document | ConfigError, where: str) -> Iterator[_Entry | ConfigError]:
    if isinstance(document, ConfigError):
        yield document
        return
    for name, value in document.items():
        if name == "agent":
            yield from _agent_entries(_table(value, where, name), where)
        elif name == "mcp":
            yield from _server_entries(_table(value, where, name), where)
        elif name in TABLE and name:
            yield from _section_entries(_table(value, where, name), where, name, name)
        else:
            yield _entry("", name, value, where)


def _section_entries(
    table: _Document | ConfigError, where: str, section: str, shown_section: str
) -> Iterator[_Entry | ConfigError]:
    if isinstance(table, ConfigError):
        yield table
        return
    for name, raw in table.items():
        yield _entry(section, name, raw, where, shown_section)


def _agent_entries(table: _Document | ConfigError, where: str) -> Iterator[_Entry | ConfigError]:
    """[agent] holds settings and, as tables, agents; a setting's name is never an agent's."""
    if isinstance(table, ConfigError):
        yield table
        return
    for name, value in table.items():
        is_setting = any(name == row.name for row in TABLE["agent"])
        if is_setting or not (isinstance(value, dict) or _is_list_of_tables(value)):
            yield _entry("agent", name, value, where, "agent")
            continue
        yield from _named_entries("agent", agent_name, name, value, where)


def _server_entries(table: _Document | ConfigError, where: str) -> Iterator[_Entry | ConfigError]:
    if isinstance(table, ConfigError):
        yield table
        return
    for name, value in table.items():
        yield from _named_entries("mcp", server_name, name, value, where)


def _named_entries(
    section: str, check: Callable[[object], str], name: str, value: object, where: str
) -> Iterator[_Entry | ConfigError]:
    """Those of [section.NAME]."""
    try:
        shown_section = f"{section}.{check(name)}"
    except WrongValue as error:
        yield ConfigError(f"{where}: {section}.{_part(name)}: {error.what}", hint=error.hint)
        return
    yield from _section_entries(_table(value, where, shown_section), where, section, shown_section)


def _is_list_of_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _table(value: object, where: str, name: str) -> _Document | ConfigError:
    if isinstance(value, dict):
        return value
    hint = f"write [{name}], and its keys below"
    if _is_list_of_tables(value):
        hint = f"write [{name}] with one pair of brackets" if "." in name else f"{hint}: one pair of brackets"
    return ConfigError(f"{where}: {name}: {shown(value)} is not a table", hint=hint)


def _entry(section: str, name: str, raw: object, where: str, shown_section: str = "") -> _Entry | ConfigError:
    key = f"{shown_section}.{name}" if shown_section else name
    for row in TABLE[section]:
        if row.name == name:
            return _Entry(key, row, raw)
    prefix = f"{shown_section}." if shown_section else ""
    return ConfigError(f"{where}: {prefix}{_part(name)}: no such key", hint=_instead(section, name))


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
