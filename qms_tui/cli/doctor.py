"""`qms-tui doctor`: what it looks at, and its exit status."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qms_tui.armed import ArmedFile
from qms_tui.cli.daemon import daemon_status, describe
from qms_tui.cli.loading import load_anywhere, log_to_file
from qms_tui.cli.local_agents import local_agents
from qms_tui.cli.options import Common, common_options
from qms_tui.cli.printing import echo, echo_json, echo_lines, note
from qms_tui.config import Config, Faults
from qms_tui.errors import ProjectError, QmsTuiError, UsageError
from qms_tui.keeper.runtimes import local_processes
from qms_tui.keeper.servers import as_started, with_repository
from qms_tui.project import Project, find_project

if TYPE_CHECKING:
    from qms_tui.doctor import Finding


@click.command("doctor")
@common_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--report", "to_file", is_flag=True, help="Write all of it, without secrets, into a file to send."
)
def doctor(common: Common, as_json: bool, to_file: bool) -> int:
    """Say what may hinder agents here, and what to do about it."""
    log_to_file(common)
    if to_file:
        if as_json:
            raise UsageError("--report and --json do not go together", hint="see: qms-tui doctor --help")
        return _write_report(common)
    try:
        project = find_project(common.project, Path())
    except ProjectError:
        if common.project is not None:
            raise
        project = None
    return _report(project, common, as_json)


def _findings(project: Project | None, common: Common, descriptor: int | None) -> list[Finding]:
    from qms_tui.doctor import examine, failed

    faults = Faults()
    config, gateway = load_anywhere(common, on_fault=faults), None
    if project is not None:
        config, gateway = as_started(project, config)
        with contextlib.suppress(QmsTuiError):  # of the engine's address: the report will say it
            config = with_repository(project, config)
    findings = [failed("config", fault) for fault in faults]
    findings += examine(project, config, os.environ, descriptor, gateway)
    if project is not None:
        findings += _local(project, config)
        findings += _daemon(project)
    return findings


def _local(project: Project, config: Config) -> Iterator[Finding]:
    """Agents that are programs of this machine."""
    from qms_tui.doctor import Finding, Verdict

    for agent, found in local_agents(local_processes(project, config)).items():
        if found.alive:
            yield Finding(agent, Verdict.OK, f"runs on this machine, not isolated: {found.container}")
        else:
            said = f"its program on this machine has ended: {found.ending}"
            yield Finding(agent, Verdict.WARNING, said, "start it anew")


def _daemon(project: Project) -> Iterator[Finding]:
    """What holds agents and applies their policies, with or without a screen."""
    from qms_tui.doctor import Finding, Verdict, failed

    armed = ArmedFile.of(project.root).read() is not None
    try:
        status = daemon_status(project)
    except QmsTuiError as error:
        yield failed("daemon", error)
        return
    if status is not None:
        yield Finding("daemon", Verdict.OK, describe(status))
    elif armed:
        yield Finding("daemon", Verdict.WARNING, "policies hold here, and it does not run", "qms-tui start")


def _write_report(common: Common) -> int:
    """What doctor finds, as far as it gets, in a report; status 2 if that cannot be written."""
    from qms_tui.report.full import report_doctor

    words = click.get_current_context().find_root().obj or ()
    try:
        path = report_doctor(words, lambda: _lines(common))
    except OSError as error:
        raise ProjectError(
            f"the report cannot be written: {error.strerror}: {error.filename}",
            hint="XDG_STATE_HOME may name another folder for it",
        ) from error
    echo(str(path))
    note("secrets are left out; please read it all the same before you send it")
    return 0


def _lines(common: Common) -> Iterator[str]:
    from qms_tui.doctor import as_lines

    try:
        project = find_project(common.project, Path())
    except ProjectError as error:
        yield str(error)
        project = None
    yield from as_lines(_findings(project, common, None))


def _report(project: Project | None, common: Common, json_wanted: bool) -> int:
    """Print the report; status 1 if there are errors. A terminal is only asked where one shows the report."""
    from qms_tui.doctor import Verdict, as_json, as_lines

    on_terminal = not json_wanted and sys.stdin.isatty() and sys.stdout.isatty()
    findings = _findings(project, common, sys.stdin.fileno() if on_terminal else None)
    if json_wanted:
        echo_json(as_json(findings))
    else:
        echo_lines(as_lines(findings))
    return int(any(finding.verdict is Verdict.ERROR for finding in findings))
