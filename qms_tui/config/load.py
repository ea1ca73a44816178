"""Files and options, laid over each other, become one Config."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from qms_tui.config.faults import OnFault, refuse
from qms_tui.config.files import ConfigFile, ConfigFiles
from qms_tui.config.layers import Assignment, Layer, read_layer
from qms_tui.config.text import WrongValue
from qms_tui.config.values import (
    DEFAULT,
    TABLE,
    AgentConfig,
    BuildConfig,
    Config,
    EngineConfig,
    InboxConfig,
    McpServer,
    NotifyConfig,
    Origin,
    Setting,
    Source,
    TerminalConfig,
)
from qms_tui.errors import ConfigError, UsageError

MOST_KEYS_NAMED = 6  # in a notice, which is one line


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says, as it was typed; None is not said."""

    runtime: str | None = None
    command: str | None = None
    image: str | None = None


NO_OVERRIDES = Overrides()


class Trust(Struct, frozen=True):
    """How a project stands with the user.

    `project` is whether what it brings may have an effect; `settings` is the SHA-256 of the qms-tui.toml that
    may set everything, empty for none; `changed` is whether the user has trusted another one before.
    """

    project: bool = False
    settings: str = ""
    changed: bool = False

    def covers(self, content: bytes) -> bool:
        """Whether a qms-tui.toml with exactly this content may set everything."""
        return self.project and self.settings == hashlib.sha256(content).hexdigest()


NO_TRUST = Trust()


def load_config(
    files: ConfigFiles, *, overrides: Overrides = NO_OVERRIDES, trust: Trust, on_fault: OnFault = refuse
) -> Config:
    """What is in force.

    Args:
        files: the user's and the project's.
        overrides: options of the command line.
        trust: how the project stands with the user.
        on_fault: called for each thing that is wrong in a file; the rest holds.

    Raises UsageError for what is wrong in an option.
    """
    layers = [read_layer(files.user, on_fault)] if files.user else []
    notices: tuple[str, ...] = ()
    if files.project:
        layer = read_layer(files.project, on_fault)
        if trust.covers(files.project.content):
            layers.append(layer)
        else:
            allowed, ignored = _split(layer)
            layers.insert(0, allowed)
            notices = _notices(ignored, layer.origin, changed=trust.changed)
    layers.extend(_option_layers(overrides))
    return _resolve(layers, notices, trust.project or not files.in_project, on_fault)


def read_assignments(file: ConfigFile, on_fault: OnFault = refuse) -> tuple[Assignment, ...]:
    """All that a file sets, trusted or not; `on_fault` is called for what is wrong in it."""
    return tuple(read_layer(file, on_fault).values.values())


def override_assignments(overrides: Overrides) -> tuple[Assignment, ...]:
    """What the command line sets. Raises UsageError for what is wrong in it."""
    return tuple(each for layer in _option_layers(overrides) for each in layer.values.values())


def settings_needing_trust(file: ConfigFile, on_fault: OnFault = refuse) -> tuple[Assignment, ...]:
    """What the file sets that only a trusted one may; `on_fault` is called for what is wrong in it."""
    return _split(read_layer(file, on_fault))[1]


def _split(layer: Layer) -> tuple[Layer, tuple[Assignment, ...]]:
    """What of an untrusted layer holds, and what is left out."""
    allowed = {key: item for key, item in layer.values.items() if not item.needs_trust}
    return Layer(layer.origin, allowed), tuple(item for item in layer.values.values() if item.needs_trust)


def _notices(ignored: Sequence[Assignment], origin: Origin, *, changed: bool) -> tuple[str, ...]:
    if not ignored:
        return ()
    keys = [item.key for item in ignored]
    named = ", ".join(keys[:MOST_KEYS_NAMED])
    more = f" and {len(keys) - MOST_KEYS_NAMED} more" if len(keys) > MOST_KEYS_NAMED else ""
    state = "has changed since you trusted it" if changed else "is not trusted"
    return (f"{origin} {state}, ignored in it: {named}{more} (qms-tui trust allows them)",)


def _option_layers(overrides: Overrides) -> list[Layer]:
    said = (
        ("--runtime", "engine.runtime", overrides.runtime),
        ("--command", "agent.command", overrides.command),
        ("--image", "agent.image", overrides.image),
    )
    rows = {row.key: row for rows in TABLE.values() for row in rows}
    return [_option_layer(option, rows[key], text) for option, key, text in said if text is not None]


def _option_layer(option: str, row: Setting, text: str) -> Layer:
    try:
        value = row.rule.parse(text)
    except WrongValue as error:
        raise UsageError(f"{option}: {error.what}", hint=error.hint) from None
    return Layer(Origin(Source.COMMAND_LINE, option), {row.key: Assignment(row.key, row, value)})


def _resolve(layers: Sequence[Layer], notices: tuple[str, ...], trusted: bool, on_fault: OnFault) -> Config:
    """Lay layers over each other, the weakest first."""
    origins: dict[str, tuple[Origin, ...]] = {}
    agents, servers = _named("agent", layers), _named("mcp", layers)
    every_agent = AgentConfig(**_section("agent", layers, origins))
    overrides = {name: AgentConfig(name=name, **_section("agent", layers, origins, name)) for name in agents}
    origins |= {f"agent.{name}": _naming(f"agent.{name}.", layers) for name in agents}
    for agent in (every_agent, *overrides.values()):
        _check_definition(agent, origins, on_fault)
    named = (McpServer(name, **_section("mcp", layers, origins, name)) for name in servers)
    mcp = tuple(server for server in named if _is_somewhere(server, origins, on_fault))
    return Config(
        **_section("", layers, origins),
        servers=mcp,
        terminal=TerminalConfig(**_section("terminal", layers, origins)),
        inbox=InboxConfig(**_section("inbox", layers, origins)),
        notify=NotifyConfig(**_section("notify", layers, origins)),
        engine=EngineConfig(**_section("engine", layers, origins)),
        build=BuildConfig(**_section("build", layers, origins)),
        every_agent=every_agent,
        overrides=MappingProxyType(overrides),
        origins=MappingProxyType(origins),
        notices=notices,
        trusted=trusted,
    )


def _named(section: str, layers: Sequence[Layer]) -> list[str]:
    """The names in [section.NAME], of all layers."""
    keys = (key.split(".") for layer in layers for key in layer.values)
    return sorted({key[1] for key in keys if len(key) == 3 and key[0] == section})


def _naming(prefix: str, layers: Sequence[Layer]) -> tuple[Origin, ...]:
    """The layers that set something whose key begins so."""
    return tuple(layer.origin for layer in layers if any(key.startswith(prefix) for key in layer.values))


def _is_somewhere(server: McpServer, origins: Mapping[str, tuple[Origin, ...]], on_fault: OnFault) -> bool:
    if server.command is not None or server.url is not None:
        return True
    said = (origins[key][0] for key in origins if key.startswith(f"mcp.{server.name}."))
    named = next(origin for origin in said if origin != DEFAULT)
    on_fault(
        ConfigError(
            f"{named}: mcp.{server.name}: neither command nor url says where it is",
            hint="write a command to start it, the url of one that runs, or both",
        )
    )
    return False


def _section(
    section: str, layers: Sequence[Layer], origins: dict[str, tuple[Origin, ...]], agent: str = ""
) -> dict[str, Any]:
    """The values of one section, and as a by-product of where each comes from, in `origins`."""
    values = {}
    for row in TABLE[section]:
        key = f"{section}.{agent}.{row.name}" if agent else row.key
        values[row.name], origins[key] = _value(row, key, layers)
    return values


def _value(row: Setting, key: str, layers: Sequence[Layer]) -> tuple[object, tuple[Origin, ...]]:
    found = [
        (layer.origin, item.value)
        for layer in layers
        if (item := layer.values.get(key) or layer.values.get(row.key))
    ]
    if not found:
        return row.default, (DEFAULT,)
    if row.rule.adds:
        return _sum([value for _, value in found]), tuple(dict.fromkeys(origin for origin, _ in found))
    origin, value = found[-1]
    return value, (origin,)


def _sum(lists: Sequence[Any]) -> tuple[object, ...]:
    return tuple(dict.fromkeys(item for items in lists for item in items))


def _check_definition(
    agent: AgentConfig, origins: Mapping[str, tuple[Origin, ...]], on_fault: OnFault
) -> None:
    """A hidden file must not come back as somebody's definition."""
    if agent.definition is None:
        return
    key = f"agent.{agent.name}.definition" if agent.name else "agent.definition"
    for path in agent.hide:
        if PurePosixPath(agent.definition).is_relative_to(path):
            on_fault(
                ConfigError(
                    f"{origins[key][0]}: {key}: '{agent.definition}' is hidden from agents by "
                    f"hide = ['{path}']",
                    hint="put the definition elsewhere, or hide less",
                )
            )
