"""`qms-tui record` and `qms-tui log`: what agents have shown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qms_tui.cli.loading import load
from qms_tui.cli.names import check_spelling
from qms_tui.cli.options import Common, common_options, complete_agents
from qms_tui.cli.printing import note, warn, write_out
from qms_tui.printable import plain

if TYPE_CHECKING:
    from qms_tui.keeper.journal import Journal

_agent_argument = click.argument("agent", metavar="AGENT", shell_complete=complete_agents)

_since_option = click.option(
    "--since", metavar="TIME", help="Only what was from then on: 10m, 2h, 1d ago, or 14:30, or an ISO time."
)


@click.command("record")
@common_options
@click.option("--output", "-o", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE.cast",
              required=True, help="Where to; - is standard output.")  # fmt: skip
@_since_option
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@_agent_argument
def record(common: Common, agent: str, output: Path, since: str | None, force: bool) -> int:
    """Save what an agent has shown as a recording for asciinema; what was typed is not in it."""
    from qms_tui.keeper.journal import cast_lines, read_entries, write_file

    journal, moment = _journal(common, agent, since)
    title = plain(f"{agent} in {journal.project}")
    lines = journal.must(cast_lines(read_entries(journal.segments, warn), title, moment or 0.0, warn))
    if str(output) == "-":
        return write_out(line.rstrip("\n") for line in lines)
    write_file(output, lines, force=force)
    note(f"play it with: asciinema play {output}")
    return 0


@click.command("log")
@common_options
@click.option("--grep", "expression", metavar="RE", help="Only lines with this regular expression in them.")
@_since_option
@_agent_argument
def log(common: Common, agent: str, expression: str | None, since: str | None) -> int:
    """Print what an agent has shown as text, also of full-screen programs."""
    from qms_tui.keeper.journal import grep, read_entries, text_lines

    journal, moment = _journal(common, agent, since)
    lines = journal.must(text_lines(read_entries(journal.segments, warn), moment, warn))
    return write_out(grep(lines, expression) if expression else lines)


def _journal(common: Common, agent: str, since: str | None) -> tuple[Journal, float | None]:
    """What is kept of an agent, and from which moment on; no engine has to answer for that."""
    from datetime import datetime

    from qms_tui.keeper.journal import find_journal, parse_since
    from qms_tui.runtime.docker.address import find_address

    moment = parse_since(since, datetime.now()) if since else None
    project, config = load(common)
    check_spelling([agent])
    address = find_address(config.engine.host, os.environ, Path.home())
    journal = find_journal(project.root, address.host, agent, moment)
    if not journal.segments:
        project.check_agents([agent], project.roster(config.agents))
    return journal, moment
