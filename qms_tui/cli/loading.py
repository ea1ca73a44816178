"""The project and the configuration that hold here, and the log."""

from __future__ import annotations

from pathlib import Path

from qms_tui.cli.options import Common
from qms_tui.config import (
    NO_OVERRIDES,
    NO_TRUST,
    Config,
    Overrides,
    load_config,
    override_assignments,
    read_files,
)
from qms_tui.errors import ProjectError
from qms_tui.project import Project, find_project
from qms_tui.trust import Standing, examine


def load(common: Common) -> tuple[Project, Config]:
    """The project around us, or the one that is named, and what holds in it; from here on the log is open."""
    project = find_project(common.project, Path())
    config = config_of(examine_here(project, common))
    log_to_file(common)
    return project, config


def load_anywhere(common: Common, *, starting: bool = False) -> Config:
    """What holds in the project, or without one where there is none; `starting` as above."""
    try:
        project = find_project(common.project, Path())
    except ProjectError:
        return load_config(read_files(None, common.config), trust=NO_TRUST)
    if starting:
        check_rights(project)
    return config_of(examine_here(project, common))


def check_rights(project: Project) -> None:
    """Raise OwnerError, ProjectError where we must start nothing."""
    from qms_tui.cli import rights

    rights.check_rights(project)


def log_to_file(common: Common) -> None:
    """Open the log; without it, what is logged is lost."""
    from qms_tui.log import setup_logging

    setup_logging(common.log_level)


def examine_here(project: Project, common: Common, overrides: Overrides = NO_OVERRIDES) -> Standing:
    """How a project stands, with the files and options of this command."""
    return examine(project, user_file=common.config, command=override_assignments(overrides))


def config_of(standing: Standing, overrides: Overrides = NO_OVERRIDES) -> Config:
    """What holds in a project that stands so."""
    return standing.config(overrides)
