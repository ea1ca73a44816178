"""`qms-tui trust`: the answer to a project's question, from the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from qms_tui.cli.loading import check_own_places, warn_of
from qms_tui.cli.options import Common, common_options, complete_agents
from qms_tui.cli.printing import echo, echo_json, echo_lines
from qms_tui.cli.trust_listing import NOT_COVERED, claim_lines, summary
from qms_tui.config import NO_TRUST, PROJECT_FILE, Faults, load_config, read_files
from qms_tui.errors import ProjectError, UsageError
from qms_tui.inbox import mailboxes, scan
from qms_tui.project import find_project
from qms_tui.trust import Answer, ConfigFolders, Standing, TrustStore, examine


@click.command("trust")
@common_options
@click.option("--show", is_flag=True, help="Only list what it would like to do, and how it stands.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --show.")
@click.option("--revoke", is_flag=True, help="Look only from now on: nothing of it has an effect.")
@click.option("--adopt", metavar="AGENT", shell_complete=complete_agents,
              help="Take an agent's config folder that came with it, or was set aside.")  # fmt: skip
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
def trust(
    common: Common, folder: Path | None, show: bool, as_json: bool, revoke: bool, adopt: str | None
) -> int:
    """Let a project do what its files say, until they change."""
    if show + revoke + (adopt is not None) > 1 or (as_json and not show):
        raise UsageError("these options do not go together", hint="see: qms-tui trust --help")
    project = find_project(folder or common.project, Path())
    if not show:
        check_own_places()
    store = TrustStore.of_user()
    if adopt is not None:
        project.check_agents([adopt], project.roster([*_known(project.root), adopt]))
        name = ConfigFolders(project, store).adopt(adopt)
        echo(f".claude/users/{adopt}/{name} is {adopt}'s config folder from now on")
        return 0
    faults = Faults()
    standing = examine(project, user_file=common.config, store=store, on_fault=faults)
    warn_of(faults)
    standing = _without_faulty(standing, faults)
    if show:
        return _show(standing, as_json)
    if revoke:
        store.remember(standing.answered(Answer.LOOK_ONLY))
        echo(f"look only from now on: {project.root}")
        echo("  agents that run keep what they were started with, until they are started again")
        return 0
    return _grant(standing, store, faults)


def _known(root: Path) -> tuple[str, ...]:
    ignored = Faults()
    return load_config(read_files(root, on_fault=ignored), trust=NO_TRUST, on_fault=ignored).agents


def _without_faulty(standing: Standing, faults: Faults) -> Standing:
    """What this qms-tui cannot read, a newer one may: nobody has seen what trust would let it do."""
    unread = tuple(each.message for each in faults if each.message.startswith(f"{PROJECT_FILE}: "))
    claims = replace(standing.claims, unjudged=(*standing.claims.unjudged, *unread))
    return replace(standing, claims=claims)


def _grant(standing: Standing, store: TrustStore, faults: Faults) -> int:
    if standing.claims.unjudged:
        why = standing.claims.unjudged[0]
        faulty = any(fault.message == why for fault in faults)
        raise ProjectError(
            f"{standing.project.root} cannot be trusted: {why}",
            hint="mend that, then: qms-tui trust"
            if faulty
            else "what trust covers must be a regular file that you and this qms-tui can read",
        )
    store.remember(standing.answered(Answer.TRUST))
    lines = list(claim_lines(standing, ()))
    if not lines:
        echo(f"trusted; nothing in it needs that: {standing.project.root}")
        return 0
    echo(f"trusted until a file of these changes: {standing.project.root}")
    echo_lines([*lines, NOT_COVERED])
    return 0


def _show(standing: Standing, as_json: bool) -> int:
    if as_json:
        echo_json(summary(standing))
        return 0
    project = standing.project
    names = mailboxes(project, project.roster(_known(project.root)))
    waiting, _ = scan({name: project.folders(name).inbox for name in names})
    echo(f"{project.root}: {standing.word.value}")
    lines = list(claim_lines(standing, waiting))
    echo_lines([*lines, NOT_COVERED] if lines else ["  nothing in it needs trust"])
    return 0
