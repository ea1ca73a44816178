"""`qms-tui demo`: the screen on a sample project."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qms_tui.cli.loading import log_to_file
from qms_tui.cli.names import DEFAULT_AGENTS, check_spelling
from qms_tui.cli.options import Common, common_options
from qms_tui.cli.screen import check_terminal, show
from qms_tui.config import Overrides, Trust, load_config, read_files
from qms_tui.errors import UsageError
from qms_tui.project import Project

if TYPE_CHECKING:
    from qms_tui.keeper.local_processes import LocalProcesses


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
    """Its processes have their files in a temporary folder, and end with us, however that happens: then the
    kernel closes the pipe that they watch.
    """
    lifeline, ours = os.pipe()
    with tempfile.TemporaryDirectory(prefix="qms-tui-", ignore_cleanup_errors=True) as name:
        place = Path(name).resolve()
        folder = kept or place / "sample-project"
        processes = _make(common, folder, place / "demo", lifeline, names)
        try:
            return _show(common, folder, names, processes)
        finally:
            os.close(ours)
            processes.stop()
            os.close(lifeline)


def _make(common: Common, folder: Path, place: Path, lifeline: int, names: tuple[str, ...]) -> LocalProcesses:
    from qms_tui.demo.project import make_project
    from qms_tui.keeper.local_processes import LocalProcesses

    processes = LocalProcesses(folder, ("--log-level", common.log_level), folder=place, lifeline=lifeline)
    processes.start_early()
    make_project(folder, names)
    return processes


def _show(common: Common, folder: Path, names: tuple[str, ...], processes: LocalProcesses) -> int:
    from qms_tui.demo import agent_command, agent_environment
    from qms_tui.keeper.local_runtime import LocalRuntime
    from qms_tui.runtime.environment import inherited

    config = load_config(
        read_files(folder, common.config), overrides=Overrides("local"), trust=Trust(project=True)
    )
    runtime = LocalRuntime(
        folder, lambda agent: agent_command(), lambda agent: agent_environment(agent, inherited(os.environ)),
        processes=processes,
    )  # fmt: skip
    return show(Project(folder), config, names, runtime, "demo, local")
