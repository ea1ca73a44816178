"""`qms-tui config`: what is in force here."""

from __future__ import annotations

from pathlib import Path

import click

from qms_tui.cli.loading import load_anywhere
from qms_tui.cli.options import Common, common_options
from qms_tui.cli.printing import echo_lines, print_notices
from qms_tui.config import format_config
from qms_tui.project import find_project


@click.command("config")
@common_options
def config(common: Common) -> int:
    """Print the configuration in force and where each value comes from."""
    if common.project is not None:
        find_project(common.project, Path())
    config = load_anywhere(common)
    echo_lines(format_config(config).rstrip("\n").split("\n"))
    print_notices(config)
    return 0
