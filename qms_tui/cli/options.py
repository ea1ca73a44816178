"""The options and arguments that several commands take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem
from msgspec import Struct

from qms_tui.config import NO_TRUST, Faults, RuntimeKind, load_config, read_files
from qms_tui.errors import QmsTuiError
from qms_tui.project import find_project

LOG_LEVELS = ("debug", "info", "warning", "error")
Command = Callable[..., Any]


class Common(Struct, frozen=True):
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


def program_options(command: Command) -> Command:
    """Add the options that say what agents run, and where, beside the configuration."""
    for option in (
        click.option("--image", metavar="NAME", help="The image of the agents' containers."),
        click.option("--command", metavar="TEXT",
                     help="What an agent runs, split as a shell would, given to none."),
        click.option("--runtime", type=click.Choice([kind.value for kind in RuntimeKind]),
                     help="Where agents run: docker (default); local is not isolated."),
    ):  # fmt: skip
        command = option(command)
    return command


def known_agents(project: Path | None, config_file: Path | None = None) -> tuple[str, ...]:
    """The agents of the project that is named or around us; none where there is no project."""
    try:
        here = find_project(project, Path())
    except QmsTuiError:
        return ()
    ignored = Faults()
    try:
        files = read_files(here.root, config_file, on_fault=ignored)
        return here.roster(load_config(files, trust=NO_TRUST, on_fault=ignored).agents)
    except QmsTuiError:  # a file that is not there: those with a definition are known all the same
        return here.roster()


def complete_agents(ctx: click.Context, param: click.Parameter | None, word: str) -> list[CompletionItem]:
    """The agents whose names begin so and that are not named yet, of the project that `--project` names."""
    return _items(ctx, param, word, known_agents(ctx.params.get("project"), ctx.params.get("config_file")))


def complete_mailboxes(ctx: click.Context, param: click.Parameter | None, word: str) -> list[CompletionItem]:
    """As `complete_agents`, with everybody else who has an inbox."""
    from qms_tui.inbox import mailboxes

    agents = known_agents(ctx.params.get("project"), ctx.params.get("config_file"))
    try:
        return _items(ctx, param, word, mailboxes(find_project(ctx.params.get("project"), Path()), agents))
    except QmsTuiError:
        return []


def _items(
    ctx: click.Context, param: click.Parameter | None, word: str, names: Sequence[str]
) -> list[CompletionItem]:
    already = (ctx.params.get(param.name or "") if param else None) or ()
    return [CompletionItem(name) for name in names if name.startswith(word) and name not in already]


agents_argument = click.argument("agents", nargs=-1, metavar="[AGENT]...", shell_complete=complete_agents)
