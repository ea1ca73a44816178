"""`qms-tui trust`: a project's file as it is now."""

from __future__ import annotations

from pathlib import Path

import click

from qms_tui.cli.options import Common, common_options
from qms_tui.cli.printing import echo
from qms_tui.config import read_project_file, settings_needing_trust, toml
from qms_tui.errors import ProjectError
from qms_tui.project import find_project
from qms_tui.trust import TrustStore


@click.command("trust")
@common_options
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
def trust(common: Common, folder: Path | None) -> int:
    """Let a project's qms-tui.toml set everything, until it changes."""
    project = find_project(folder or common.project, Path())
    file = read_project_file(project.root)
    if file is None:
        raise ProjectError(f"{project.root} has no qms-tui.toml", hint="there is nothing to trust")
    settings = settings_needing_trust(file)
    TrustStore.of_user().grant(project.root, file.content)
    echo(f"trusted until it changes: {project.root}/qms-tui.toml")
    for setting in settings:
        echo(f"  {setting.key} = {toml(setting.value)}")
    return 0
