"""`qms-tui record` and `qms-tui log`: what agents have shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from qms_tui.cli.loading import load
from qms_tui.cli.names import check_spelling
from qms_tui.cli.options import Common, common_options, complete_agents
from qms_tui.cli.printing import note, warn, write_out
from qms_tui.config import Config, RuntimeKind
from qms_tui.errors import EngineError
from qms_tui.project import Project
from qms_tui.runtime.engines import engine_host, project_containers
from qms_tui.text.printable import plain

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

    request = _request(common, agent, since)
    journal, title = request.journal, plain(f"{agent} in {request.journal.project}")
    lines = journal.must(cast_lines(read_entries(journal.segments, warn), title, request.moment or 0.0, warn))
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

    request = _request(common, agent, since)
    segments = request.journal.segments
    found = (
        text_lines(read_entries(segments, warn), request.moment, warn) if segments else _engine_lines(request)
    )
    lines = request.journal.must(found)
    return write_out(grep(lines, expression) if expression else lines)


class _Request(Struct, frozen=True):
    """What is kept of an agent, and from which moment on it is wanted (seconds since 1970)."""

    project: Project
    config: Config
    journal: Journal
    moment: float | None


def _request(common: Common, agent: str, since: str | None) -> _Request:
    """No engine has to answer for that."""
    from datetime import datetime

    from qms_tui.keeper.journal import find_journal, parse_since
    from qms_tui.keeper.paths import LOCAL

    moment = parse_since(since, datetime.now()) if since else None
    project, config = load(common)
    check_spelling([agent])
    engines = [engine_host(config), LOCAL]
    if config.engine.runtime is RuntimeKind.LOCAL:
        engines.reverse()
    found = [find_journal(project.root, engine, agent, moment) for engine in engines]
    # Of one that has been both a container and a program of this machine, what it has shown last.
    journal = max(found, key=lambda journal: journal.newest)
    if not journal.segments:
        project.check_agents([agent], project.roster(config.agents))
    return _Request(project, config, journal, moment)


def _engine_lines(request: _Request) -> Iterator[str]:
    """Lines of the engine's log, where no keeper of this user's has listened to the agent; none without an
    engine or a container.
    """
    from qms_tui.keeper.journal import log_lines

    agent = request.journal.agent
    try:
        containers = project_containers(request.project, request.config)
    except EngineError:
        return
    try:
        log = containers.log(agent, request.moment or 0.0)
    finally:
        containers.close()
    if log is not None and log.content:
        warn(f"nothing is recorded of {agent} here; this is from the engine's log")
        yield from log_lines(log.content, log.size.columns, log.size.lines)
