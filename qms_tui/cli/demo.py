"""`qms-tui demo`: the screen on a sample project."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from qms_tui.cli.loading import log_to_file
from qms_tui.cli.names import DEFAULT_AGENTS, check_spelling
from qms_tui.cli.options import Common, common_options
from qms_tui.cli.screen import check_terminal, show
from qms_tui.config import Overrides, Trust, load_config, read_files
from qms_tui.errors import UsageError
from qms_tui.project import Project


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
    with tempfile.TemporaryDirectory(prefix="qms-tui-", ignore_cleanup_errors=True) as folder:
        return _show_demo(common, Path(folder).resolve() / "sample-project", names)


def _show_demo(common: Common, folder: Path, names: tuple[str, ...]) -> int:
    from qms_tui.demo import agent_command, agent_environment
    from qms_tui.demo.project import make_project
    from qms_tui.runtime.environment import inherited
    from qms_tui.runtime.local import LocalRuntime

    make_project(folder, names)
    config = load_config(
        read_files(folder, common.config), overrides=Overrides("local"), trust=Trust(project=True)
    )
    runtime = LocalRuntime(
        folder, lambda agent: agent_command(), lambda agent: agent_environment(agent, inherited(os.environ))
    )
    return show(Project(folder), config, names, runtime, "demo, local", sample=True)
