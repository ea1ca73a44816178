"""The project and the configuration that hold here, and the log."""

from __future__ import annotations

from pathlib import Path

from qms_tui.cli.options import Common
from qms_tui.cli.printing import note, warn
from qms_tui.config import (
    NO_OVERRIDES,
    NO_TRUST,
    Config,
    Faults,
    OnFault,
    Overrides,
    load_config,
    override_assignments,
    read_files,
    refuse,
)
from qms_tui.errors import ProjectError
from qms_tui.project import Project, find_project
from qms_tui.trust import Standing, examine


def load(common: Common) -> tuple[Project, Config]:
    """The project around us, or the one that is named, and what holds in it; from here on the log is open.

    For what must work however the configuration files are: what is wrong in them is said, the rest holds.
    """
    project, faults = find_project(common.project, Path()), Faults()
    log_to_file(common)
    config = config_of(examine_here(project, common, on_fault=faults), on_fault=faults)
    warn_of(faults)
    return project, config


def load_whole(common: Common) -> tuple[Project, Config]:
    """The same for what gives agents something: raises ConfigError for what is wrong in a file."""
    project = find_project(common.project, Path())
    log_to_file(common)
    return project, config_of(examine_here(project, common))


def load_anywhere(common: Common, *, starting: bool = False, on_fault: OnFault = refuse) -> Config:
    """What holds in the project, or without one where there is none.

    `starting`: raises OwnerError, ProjectError where we must start nothing. `on_fault` is called for each
    thing that is wrong in a file.
    """
    try:
        project = find_project(common.project, Path())
    except ProjectError:
        if starting:
            check_own_places()
        files = read_files(None, common.config, on_fault)
        return load_config(files, trust=NO_TRUST, on_fault=on_fault)
    if starting:
        check_rights(project)
    return config_of(examine_here(project, common, on_fault=on_fault), on_fault=on_fault)


def warn_of(faults: Faults) -> None:
    """Say what is wrong in configuration files to somebody for whom the rest of them is enough."""
    for fault in faults:
        warn(fault.message)
        note(f"  {fault.hint}")


def check_rights(project: Project) -> None:
    """Raise OwnerError, ProjectError where we must start nothing."""
    from qms_tui.cli import rights

    rights.check_rights(project)


def check_own_places() -> None:
    """Raise OwnerError where root would start something with another user's files."""
    from qms_tui.cli import rights

    rights.check_own_places()


def log_to_file(common: Common) -> None:
    """Open the log; without it, what is logged is lost."""
    from qms_tui.log import setup_logging

    setup_logging(common.log_level)


def examine_here(
    project: Project, common: Common, overrides: Overrides = NO_OVERRIDES, on_fault: OnFault = refuse
) -> Standing:
    """How a project stands, with the files and options of this command."""
    command = override_assignments(overrides)
    return examine(project, user_file=common.config, command=command, on_fault=on_fault)


def config_of(standing: Standing, overrides: Overrides = NO_OVERRIDES, on_fault: OnFault = refuse) -> Config:
    """What holds in a project that stands so."""
    return standing.config(overrides, on_fault)
