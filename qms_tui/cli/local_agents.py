"""Agents that are programs of this machine, beside those in containers: what there is, and their end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qms_tui.cli.printing import warn
from qms_tui.config import Config, RuntimeKind
from qms_tui.errors import EngineError, KeeperError

if TYPE_CHECKING:
    from qms_tui.keeper.local_processes import LocalProcesses
    from qms_tui.runtime import Found

LOOK_PATIENCE = 3.0  # seconds until a spawner must have said what runs; one that works takes milliseconds


def local_agents(processes: LocalProcesses) -> dict[str, Found]:
    """By name. A spawner that does not answer is said; nothing is started."""
    from qms_tui.keeper.local_found import find_local

    try:
        return find_local(processes, LOOK_PATIENCE)
    except KeeperError as error:
        warn(f"what runs on this machine is not known: {error.message}")
        return {}


def stop_local(processes: LocalProcesses, agent: str) -> bool:
    """End one; whether there was something to end. Raises KeeperError."""
    from qms_tui.keeper.ending import forget_ending
    from qms_tui.keeper.local_found import ABSENT, find_one

    found = find_one(processes, agent)
    processes.spawner.end(agent)
    forget_ending(processes.folder / agent)
    return found is not ABSENT


def is_enough(config: Config, local: Mapping[str, Found], error: EngineError) -> bool:
    """Whether something can be said without an engine; the reason is printed then, unless none is wanted."""
    if config.engine.runtime is RuntimeKind.LOCAL:
        return True
    if local:
        warn(f"agents in containers are left out: {error.message}")
    return bool(local)
