"""The options and arguments that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from qms_tui.config import NO_TRUST, Faults, load_config, read_files
from qms_tui.errors import QmsTuiError
from qms_tui.project import find_project

LOG_LEVELS = ("debug", "info", "warning", "error")
Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Common:
    """The options that every command takes."""

    project: Path | None
    config: Path | None
    log_level: str


def common_options(command: Command) -> Command:
    """Add the options that every command takes; the command gets them as one value."""

    def with_common(
        *args: Any, project: Path | None, config_file: Path | None, log_level: str, **rest: Any
    ) -> Any:
        return command(Common(project, config_file, log_level), *args, **rest)

    with_common.__name__, with_common.__doc__ = command.__name__, command.__doc__
    with_common.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for option in (
        click.option("--log-level", type=click.Choice(LOG_LEVELS), default="info",
                     help="What goes to the log file."),
        click.option("--config", "config_file", type=click.Path(path_type=Path), metavar="FILE",
                     help="Read this file instead of the user's configuration."),
        click.option("--project", type=click.Path(path_type=Path), metavar="DIR",
                     help="The project's root, else the nearest parent with .claude/."),
    ):  # fmt: skip
        with_common = option(with_common)
    return with_common


def complete_agents(_ctx: click.Context, _param: click.Parameter | None, word: str) -> list[CompletionItem]:
    """The project's agents whose names begin so; none where there is no project."""
    try:
        project = find_project(None, Path())
        ignored = Faults()
        files = read_files(project.root, on_fault=ignored)
        names = project.roster(load_config(files, trust=NO_TRUST, on_fault=ignored).agents)
    except QmsTuiError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(word)]


agents_argument = click.argument("agents", nargs=-1, metavar="[AGENT]...", shell_complete=complete_agents)
