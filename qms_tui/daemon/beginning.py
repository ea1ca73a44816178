"""What an application begins with."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from qms_tui.armed import Armed, ArmedFile
from qms_tui.daemon.settings import Reading, Wishes, held_items, read_settings
from qms_tui.project import Project


class Beginning(Struct, frozen=True):
    """What an application begins with, read before its loop runs."""

    project: Project
    armed_file: ArmedFile
    armed: Armed | None
    wishes: Wishes
    reading: Reading
    held: frozenset[tuple[str, str, int]]
    log_level: str = "info"
    lifeline: int = -1
    """A pipe with whose end the application is to end, and agents that are programs of this machine."""


def read_beginning(
    project: Project, config_file: Path | None, log_level: str, lifeline: int = -1
) -> Beginning:
    """Read it. Blocking. Raises QmsTuiError for a configuration that cannot be used."""
    file = ArmedFile.of(project.root)
    armed = file.read()
    if config_file is None and armed is not None and armed.config_file:
        config_file = Path(armed.config_file)
    wishes = Wishes(armed.agents if armed is not None else {}, config_file)
    reading = read_settings(project, wishes)
    held = held_items(project, reading.config)
    return Beginning(project, file, armed, wishes, reading, held, log_level, lifeline)
