"""`qms-tui demo`: the screen on a sample project."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qms_tui.cli.loading import config_of, examine_here, log_to_file
from qms_tui.cli.names import DEFAULT_AGENTS, check_spelling
from qms_tui.cli.options import Common, common_options
from qms_tui.cli.screen import check_terminal, show
from qms_tui.cli.wish import config_file_of, environment_of, wish_to_open
from qms_tui.config import Config, Overrides
from qms_tui.errors import QmsTuiError, UsageError
from qms_tui.project import Project
from qms_tui.trust import Answer, TrustStore

if TYPE_CHECKING:
    from qms_tui.cli.opening import Opening


@click.command("demo")
@common_options
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep the sample project there.")
@click.argument("agents", nargs=-1, metavar="[AGENT]...")
def demo(common: Common, agents: Sequence[str], keep: Path | None) -> int:
    """Play with a sample project: no Docker, no login, no network."""
    if common.project is not None:
        raise UsageError("demo makes a project of its own", hint="say where with --keep DIR")
    names = tuple(agents or DEFAULT_AGENTS)
    check_spelling(names)
    check_terminal()  # before anything is made
    log_to_file(common)
    if keep is not None:
        return _show_demo(common, keep.expanduser().resolve(), names)
    return _show_demo(common, None, names)


def _show_demo(common: Common, kept: Path | None, names: tuple[str, ...]) -> int:
    """Its processes have all their files in a temporary folder, and end with us, however that happens: then
    the kernel closes the pipe that they watch.
    """
    lifeline, ours = os.pipe()
    with tempfile.TemporaryDirectory(prefix="qms-tui-", ignore_cleanup_errors=True) as name:
        place = Path(name).resolve()
        os.environ["XDG_STATE_HOME"] = str(place / "state")
        folder = kept or place / "sample-project"
        try:
            return _show(common, folder, names, lifeline)
        finally:
            os.close(ours)
            _end(folder)
            os.close(lifeline)


def _show(common: Common, folder: Path, names: tuple[str, ...], lifeline: int) -> int:
    from qms_tui.demo import agent_command, agent_environment
    from qms_tui.demo.project import make_project

    make_project(folder, names)
    os.environ["PYTHONPATH"] = agent_environment("", os.environ)["PYTHONPATH"]
    project, overrides = Project(folder), Overrides("local", shlex.join(agent_command()))
    config = _trusted(common, project, overrides)
    opening = _opening(common, names, project, config, overrides, lifeline)
    return show(project, config, names, opening, where="demo, local", outlives=False)


def _trusted(common: Common, project: Project, overrides: Overrides) -> Config:
    """What holds there, where everything is ours."""
    store, standing = TrustStore.of_user(), examine_here(project, common, overrides)
    store.remember(standing.answered(Answer.TRUST))
    return config_of(examine_here(project, common, overrides), overrides)


def _opening(
    common: Common,
    names: tuple[str, ...],
    project: Project,
    config: Config,
    overrides: Overrides,
    lifeline: int,
) -> Opening:
    from qms_tui.cli.opening import Opening

    return Opening(
        project,
        partial(wish_to_open, names, overrides, common),
        partial(environment_of, config),
        config_file=config_file_of(common),
        log_level=common.log_level,
        lifeline=lifeline,
    )


def _end(folder: Path) -> None:
    """All that was started for it."""
    from qms_tui.api.daemon import Daemon
    from qms_tui.keeper.local_processes import LocalProcesses

    with suppress(QmsTuiError):  # then the end of the pipe ends them
        Daemon(folder).end()
        LocalProcesses(folder).stop()
