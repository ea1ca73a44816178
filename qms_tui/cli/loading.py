"""The project and the configuration that hold here, and the log."""

from __future__ import annotations

from pathlib import Path

from qms_tui.cli.options import Common
from qms_tui.config import Config, Overrides, load_config
from qms_tui.errors import ProjectError
from qms_tui.project import Project, find_project
from qms_tui.trust import TrustStore


def load(common: Common, overrides: Overrides | None = None) -> tuple[Project, Config]:
    """The project around us, or the one that is named, and what holds in it; from here on the log is open."""
    project = find_project(common.project, Path())
    config = load_config(
        project.root,
        user_file=common.config,
        overrides=overrides or Overrides(),
        trust=TrustStore.of_user(),
    )
    log_to_file(common)
    return project, config


def load_anywhere(common: Common) -> Config:
    """What holds in the project, or without one where there is none."""
    try:
        root = find_project(common.project, Path()).root
    except ProjectError:
        root = None
    return load_config(root, user_file=common.config, trust=TrustStore.of_user())


def log_to_file(common: Common) -> None:
    """Open the log; without it, what is logged is lost."""
    from qms_tui.log import setup_logging

    setup_logging(common.log_level)
