"""`qms-tui doctor`: what it looks at, and its exit status."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from qms_tui.config import Config
from qms_tui.doctor import Verdict, as_json, as_lines, examine
from qms_tui.project import Project


def doctor(project: Project | None, config: Config, json_wanted: bool, gateway: Path | None = None) -> int:
    """Print the report; status 1 if there are errors. A terminal is only asked where one shows the report."""
    on_terminal = not json_wanted and sys.stdin.isatty() and sys.stdout.isatty()
    descriptor = sys.stdin.fileno() if on_terminal else None
    findings = list(examine(project, config, os.environ, descriptor, gateway))
    if json_wanted:
        click.echo(json.dumps(as_json(findings), indent=2))
    else:
        click.echo("\n".join(as_lines(findings)))
    return int(any(finding.verdict is Verdict.ERROR for finding in findings))
