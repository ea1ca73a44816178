"""The project and the configuration that hold here, and the log."""

from __future__ import annotations

from pathlib import Path

from qms_tui.cli.options import Common
from qms_tui.config import Config, Overrides, load_config
from qms_tui.errors import ProjectError
from qms_tui.project import Project, find_project
from qms_tui.trust import TrustStore


def load(
    common: Common, overrides: Overrides | None = None, *, starting: bool = False
) -> tuple[Project, Config]:
    """The project around us, or the one that is named, and what holds in it; from here on the log is open.

    `starting`: something is to be started there. Raises OwnerError, ProjectError where we must not.
    """
    project = find_project(common.project, Path())
    if starting:
        _check_rights(project)
    config = load_config(
        project.root,
        user_file=common.config,
        overrides=overrides or Overrides(),
        trust=TrustStore.of_user(),
    )
    log_to_file(common)
    return project, config


def load_anywhere(common: Common, *, starting: bool = False) -> Config:
    """What holds in the project, or without one where there is none; `starting` as above."""
    try:
        project = find_project(common.project, Path())
    except ProjectError:
        return load_config(None, user_file=common.config, trust=TrustStore.of_user())
    if starting:
        _check_rights(project)
    return load_config(project.root, user_file=common.config, trust=TrustStore.of_user())


def _check_rights(project: Project) -> None:
    from qms_tui.cli.rights import check_rights

    check_rights(project)


def log_to_file(common: Common) -> None:
    """Open the log; without it, what is logged is lost."""
    from qms_tui.log import setup_logging

    setup_logging(common.log_level)
