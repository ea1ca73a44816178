"""`qms-tui doctor`: what it looks at, and its exit status."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import click

from qms_tui.cli.gateway import as_started, with_repository
from qms_tui.cli.loading import load_anywhere, log_to_file
from qms_tui.cli.options import Common, common_options
from qms_tui.cli.printing import echo_json, echo_lines
from qms_tui.config import Config, Faults
from qms_tui.errors import ProjectError, QmsTuiError
from qms_tui.project import Project, find_project


@click.command("doctor")
@common_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(common: Common, as_json: bool) -> int:
    """Say what may hinder agents here, and what to do about it."""
    log_to_file(common)
    try:
        project = find_project(common.project, Path())
    except ProjectError:
        if common.project is not None:
            raise
        project = None
    faults = Faults()
    config, gateway = load_anywhere(common, on_fault=faults), None
    if project is not None:
        config, gateway = as_started(project, config)
        with contextlib.suppress(QmsTuiError):  # of the engine's address: the report will say it
            config = with_repository(project, config)
    return _report(project, config, faults, as_json, gateway)


def _report(
    project: Project | None, config: Config, faults: Faults, json_wanted: bool, gateway: Path | None
) -> int:
    """Print the report; status 1 if there are errors. A terminal is only asked where one shows the report."""
    from qms_tui.doctor import Verdict, as_json, as_lines, examine, failed

    on_terminal = not json_wanted and sys.stdin.isatty() and sys.stdout.isatty()
    descriptor = sys.stdin.fileno() if on_terminal else None
    findings = [failed("config", fault) for fault in faults]
    findings += examine(project, config, os.environ, descriptor, gateway)
    if json_wanted:
        echo_json(as_json(findings))
    else:
        echo_lines(as_lines(findings))
    return int(any(finding.verdict is Verdict.ERROR for finding in findings))
