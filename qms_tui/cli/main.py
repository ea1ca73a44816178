"""Commands and options; the only place that prints and exits.

`qms-tui AGENT...` is the main command; words that are commands of ours cannot be agent names there.
"""

from __future__ import annotations

import dataclasses
import functools
import gc
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from qms_tui import __version__
from qms_tui.config import (
    Config,
    Overrides,
    RuntimeKind,
    format_config,
    load_config,
    read_project_file,
    settings_needing_trust,
    toml,
)
from qms_tui.config.text import plain
from qms_tui.errors import ProjectError, QmsTuiError, UsageError
from qms_tui.inbox.past import Past, past_folder
from qms_tui.project import AGENT_NAME, Project, find_project
from qms_tui.remembered import Memory, View, views_folder
from qms_tui.trust import TrustStore

if TYPE_CHECKING:
    from qms_tui.keeper.client import KeeperClient
    from qms_tui.keeper.journal import Journal
    from qms_tui.leftovers import Thing
    from qms_tui.mcp.lights import Shown
    from qms_tui.runtime import Runtime
    from qms_tui.runtime.docker import DockerRuntime
    from qms_tui.runtime.docker.engine import Engine

DEFAULT_AGENTS = ("claude", "qa")
SMALLEST = (40, 10)  # columns and lines of the outer terminal
LOG_LEVELS = ("debug", "info", "warning", "error")
_OPEN = "open"
Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Common:
    """The options that every command takes."""

    project: Path | None
    config: Path | None
    log_level: str


class _Commands(click.Group):
    """A group in which words that are no command open the screen on these agents."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing and not args:
            return super().parse_args(ctx, args)  # completing the first word: agents and commands
        if args[:1] in (["--help"], ["-h"], ["--version"], ["-V"]):
            return super().parse_args(ctx, args)
        return super().parse_args(ctx, self._command_first(args))

    def _command_first(self, args: list[str]) -> list[str]:
        """Move the command to the front: `qms-tui --project P ps` means `qms-tui ps --project P`."""
        options = {
            name: option.is_flag
            for option in self.commands[_OPEN].params
            if isinstance(option, click.Option)
            for name in option.opts
        }
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] != "--":
            name, _, value = args[at].partition("=")
            at += 1 if value or options.get(name, True) else 2
        if at < len(args) and args[at] in self.commands:
            return [args[at], *args[:at], *args[at + 1 :]]
        return [_OPEN, *args]

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in super().list_commands(ctx) if name != _OPEN]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return [*_complete_agents(ctx, None, incomplete), *super().shell_complete(ctx, incomplete)]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage("qms-tui", "[OPTIONS] [AGENT]...\n       qms-tui COMMAND [ARGS]...")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shown = [*self.commands[_OPEN].get_params(ctx), *super().get_params(ctx)]
        options = [param for param in shown if isinstance(param, click.Option)]
        records = [record for option in options if (record := option.get_help_record(ctx))]
        with formatter.section("Options"):
            formatter.write_dl(list(dict(records).items()))
        self.format_commands(ctx, formatter)


def _complete_agents(_ctx: click.Context, _param: click.Parameter | None, word: str) -> list[CompletionItem]:
    try:
        project = find_project(None, Path())
        names = project.roster(load_config(project.root, trust=TrustStore.of_user()).agents)
    except QmsTuiError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(word)]


def _common(command: Command) -> Command:
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


_agents_argument = click.argument("agents", nargs=-1, metavar="[AGENT]...", shell_complete=_complete_agents)


@click.group(
    cls=_Commands,
    name="qms-tui",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=False,
)
@click.version_option(__version__, "-V", "--version", message="qms-tui %(version)s")
def _cli() -> None:
    """Claude Code agents side by side, each in its own container.

    Opens a live terminal for each AGENT of the project, starting those that do not run: the named ones, else
    those that were open last, else claude and qa. Leaving with Ctrl+Q stops none of them. No Docker at hand?
    Try: qms-tui demo
    """


@_cli.command(_OPEN, hidden=True)
@_common
@click.option("--runtime", type=click.Choice([kind.value for kind in RuntimeKind]),
              help="Where agents run: docker (default); local is not isolated.")  # fmt: skip
@click.option("--command", metavar="TEXT", help="What an agent runs, split as a shell would, given to none.")
@click.option("--image", metavar="NAME", help="The image of the agents' containers.")
@_agents_argument
def _open(
    common: Common, agents: Sequence[str], runtime: str | None, command: str | None, image: str | None
) -> int:
    """Open the screen on these agents."""
    project, config = _load(common, Overrides(runtime, command, image))
    memory = Memory(project.root, views_folder())
    past = Past(project.root, past_folder())
    names, view = _to_open(project, project.roster(config.agents), agents, memory.read())
    if config.engine.runtime is RuntimeKind.LOCAL:
        local = _local(project, config)
        return _show(project, config, names, local, "local, not isolated", (), view, memory, past)
    from qms_tui.runtime.logins import shared_logins

    config = _with_gateway(project, config, names)
    where = _docker(project, config)
    try:
        where.check_images(names)
    except QmsTuiError:
        where.close_now()
        raise
    kept = _kept(project, config, where, common)
    remarks = (*where.remarks, *shared_logins(map(config.agent, names), os.environ))
    servers = _lights(project, config)
    return _show(
        project, config, names, kept, f"docker {where.version}", remarks, view, memory, past, servers
    )


def _to_open(
    project: Project, roster: Sequence[str], named: Sequence[str], remembered: View | None
) -> tuple[tuple[str, ...], View | None]:
    """The named agents, else those that were open last, else the usual ones; and how they stood.

    Agents that left the roster are dropped. Named ones stand as they did if they are the same, in whatever
    order.
    """
    if named:
        names = _check_names(project, named, roster)
        return names, remembered.ordered(names) if remembered else None
    view = remembered.only(roster) if remembered else None
    return _check_names(project, view.agents if view else DEFAULT_AGENTS, roster), view


@_cli.command("demo")
@_common
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep the sample project there.")
@click.argument("agents", nargs=-1, metavar="[AGENT]...")
def _demo(common: Common, agents: Sequence[str], keep: Path | None) -> int:
    """Play with a sample project: no Docker, no login, no network."""
    if common.project is not None:
        raise UsageError("demo makes a project of its own", hint="say where with --keep DIR")
    names = tuple(agents or DEFAULT_AGENTS)
    _check_spelling(names)
    _log_to_file(common)
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
        folder, user_file=common.config, overrides=Overrides("local"), trust=TrustStore.of_user()
    )
    runtime = LocalRuntime(
        folder, lambda agent: agent_command(), lambda agent: agent_environment(agent, inherited(os.environ))
    )
    return _show(Project(folder), config, names, runtime, "demo, local")


@_cli.command("build")
@_common
@click.option("--base", metavar="IMAGE", help="The image to build on, with apt; else build.base.")
@click.option("--client-version", metavar="V", help="The version of Claude Code in it.")
@click.option("--tag", metavar="NAME", help="The name of what is built; else qms-tui-agent.")
@click.option("--no-cache", is_flag=True, help="Build every step anew, with the newest packages.")
def _build(
    common: Common, base: str | None, client_version: str | None, tag: str | None, no_cache: bool
) -> int:
    """Build the image that agents run in, with Claude Code."""
    from qms_tui.cli.building import Report, build, recipe

    wanted = recipe(_load_anywhere(common).build, base, client_version, tag)
    engine = _engine(common)
    try:
        live = sys.stdout.isatty()
        build(engine, wanted, Report(live, shutil.get_terminal_size().columns), use_cache=not no_cache)
    finally:
        engine.close()
    return 0


@_cli.command("doctor")
@_common
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def _doctor(common: Common, as_json: bool) -> int:
    """Say what may hinder agents here, and what to do about it."""
    from qms_tui.cli.doctor import doctor

    _log_to_file(common)
    try:
        project = find_project(common.project, Path())
    except ProjectError:
        if common.project is not None:
            raise
        return doctor(None, _load_anywhere(common), as_json)
    config, gateway = _as_started(project, _load_anywhere(common))
    return doctor(project, config, as_json, gateway)


@_cli.command("ps")
@_common
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--all-projects", is_flag=True, help="Everything of qms-tui's, of every project.")
def _ps(common: Common, as_json: bool, all_projects: bool) -> int:
    """List the project's containers, or all there is."""
    if all_projects:
        return _ps_everything(common, as_json)
    project, config = _load(common)
    runtime = _docker(project, config)
    try:
        found = runtime.all_now()
    finally:
        runtime.close_now()
    from qms_tui.cli.ps_listing import listing

    _echo_lines(listing(project, found, as_json=as_json))
    return 0


def _ps_everything(common: Common, as_json: bool) -> int:
    from qms_tui import leftovers

    engine = _engine(common)
    try:
        things = _everything(engine)
    finally:
        engine.close()
    if as_json:
        click.echo(json.dumps(leftovers.as_json(things), indent=2))
    else:
        _echo_lines(leftovers.as_table(things) if things else ["there is nothing of qms-tui's"])
    return 0


@_cli.command("prune")
@_common
@click.option("--yes", is_flag=True, help="Do not ask.")
def _prune(common: Common, yes: bool) -> int:
    """Remove what is dead or orphaned, after asking.

    Of every project, or with --project of that one only, even if it is gone.

    Ended containers, networks that nobody uses, what dead keepers left; and everything of projects that are
    no longer there, their running containers too. What runs for a project that is there stays, and so does
    what other users or machines have made.
    """
    from qms_tui import leftovers

    engine = _engine(common)
    try:
        things = [thing for thing in _everything(engine) if leftovers.why_to_go(thing)]
        if common.project is not None:
            root = os.path.realpath(os.path.expanduser(common.project))
            things = [thing for thing in things if thing.project == root]
        if not things:
            click.echo("there is nothing to remove")
            return 0
        _echo_lines(leftovers.as_table(things))
        if not yes:
            _ask_to_prune(len(things))
        return _remove(engine, things)
    finally:
        engine.close()


def _ask_to_prune(count: int) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "prune asks before it removes anything, and standard input is no terminal",
            hint="say --yes if what is listed here may go",
        )
    click.confirm(f"Remove {'it' if count == 1 else f'these {count}'}?", abort=True)


def _remove(engine: Engine, things: Sequence[Thing]) -> int:
    """Say what became of each; status 2 if something could not be removed."""
    from qms_tui import leftovers

    kinds = (leftovers.Kind.CONTAINER, leftovers.Kind.NETWORK)
    outcomes = leftovers.remove_from_engine(engine, [thing for thing in things if thing.kind in kinds])
    # Keepers last: they hold on to containers.
    outcomes += leftovers.remove_from_state([thing for thing in things if thing.kind not in kinds])
    for outcome in outcomes:
        said = f": {outcome.said}" if outcome.said else ""
        what = "removed" if outcome.removed else "left alone"
        click.echo(f"{what} {outcome.thing.kind} {plain(outcome.thing.name)}{plain(said)}")
    return 0 if all(outcome.removed for outcome in outcomes) else 2


def _everything(engine: Engine) -> list[Thing]:
    from qms_tui import leftovers

    return leftovers.find_on_engine(engine) + leftovers.find_in_state(leftovers.state_folder())


def _engine(common: Common) -> Engine:
    """The engine that holds here, in a project or outside of any."""
    from qms_tui.runtime.docker import connect

    _log_to_file(common)
    return connect(_load_anywhere(common).engine.host)


def _echo_lines(lines: Sequence[str]) -> None:
    for line in lines:
        click.echo(line)


@_cli.command("stop")
@_common
@click.option("--all", "every", is_flag=True, help="Every agent of this project.")
@_agents_argument
def _stop(common: Common, agents: Sequence[str], every: bool) -> int:
    """End agents and remove their containers; their files stay."""
    if bool(agents) == every:
        raise UsageError("stop which agents?", hint="name them, or say --all for every agent of this project")
    from concurrent.futures import ThreadPoolExecutor

    project, config = _load(common)
    runtime = _docker(project, config)
    try:
        found = runtime.all_now()
        if not every:
            project.check_agents(agents, sorted({*project.roster(config.agents), *found}))
        wanted = sorted(found) if every else list(dict.fromkeys(agents))
        click.echo(
            f"stopping {', '.join(wanted)} ..." if wanted else f"no agent of {project.name} has a container"
        )
        # Each may take its seconds to end, so all at once.
        with ThreadPoolExecutor(max_workers=8) as pool:
            for agent, stopped in zip(wanted, pool.map(runtime.stop_now, wanted), strict=True):
                click.echo(f"{agent}: {'stopped' if stopped else 'has no container'}")
        if every:
            _keeper(project, config, runtime.host).stop()
            runtime.remove_network_now()
    finally:
        runtime.close_now()
    return 0


@_cli.command("mcp")
@_common
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def _mcp(common: Common, as_json: bool) -> int:
    """Show the MCP servers, and each agent's connections to them."""
    from qms_tui.cli.mcp import report

    project, config = _load(common)
    click.echo(report(project, config, _gateway_folder(project, config), as_json=as_json))
    _print_notices(config)
    return 0


_agent_argument = click.argument("agent", metavar="AGENT", shell_complete=_complete_agents)
_since_option = click.option(
    "--since", metavar="TIME", help="Only what was from then on: 10m, 2h, 1d ago, or 14:30, or an ISO time."
)


@_cli.command("record")
@_common
@click.option("--output", "-o", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE.cast",
              required=True, help="Where to; - is standard output.")  # fmt: skip
@_since_option
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@_agent_argument
def _record(common: Common, agent: str, output: Path, since: str | None, force: bool) -> int:
    """Save what an agent has shown as a recording for asciinema; what was typed is not in it."""
    from qms_tui.keeper.journal import cast_lines, read_entries, write_file

    journal, moment = _journal(common, agent, since)
    title = f"{agent} in {journal.project}"
    lines = journal.must(cast_lines(read_entries(journal.segments, _warn), title, moment or 0.0, _warn))
    if str(output) == "-":
        return _write_out(lines)
    write_file(output, lines, force=force)
    click.echo(f"play it with: asciinema play {output}", err=True)
    return 0


@_cli.command("log")
@_common
@click.option("--grep", "expression", metavar="RE", help="Only lines with this regular expression in them.")
@_since_option
@_agent_argument
def _log(common: Common, agent: str, expression: str | None, since: str | None) -> int:
    """Print what an agent has shown as text, also of full-screen programs."""
    from qms_tui.keeper.journal import grep, read_entries, text_lines

    journal, moment = _journal(common, agent, since)
    lines = journal.must(text_lines(read_entries(journal.segments, _warn), moment, _warn))
    return _write_out(f"{line}\n" for line in (grep(lines, expression) if expression else lines))


@_cli.command("send")
@_common
@click.option("--subject", required=True, metavar="TEXT", help="What it is about, in one line.")
@click.option("--from", "sender", metavar="NAME", help="Who it is from; lead if nobody is named.")
@click.option("--file", "file", type=click.Path(path_type=Path), metavar="FILE", help="Send what is in FILE.")
@click.argument("words", nargs=-1, metavar="AGENT... [BODY | -]", shell_complete=_complete_agents)
def _send(common: Common, subject: str, sender: str | None, file: Path | None, words: Sequence[str]) -> int:
    """Put a message into agents' inboxes.

    The words that are names of agents, or of others with an inbox, get it; a last one that is none is the
    message. - reads it from standard input.
    """
    from qms_tui.cli import inbox as cli_inbox

    project, config = _load(common)
    return cli_inbox.send(project, project.roster(config.agents), words, subject, sender, file)


@_cli.command("inbox")
@_common
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--watch", is_flag=True, help="Go on, and print what comes and goes as lines of JSON.")
@click.argument("agent", required=False, metavar="[AGENT]", shell_complete=_complete_agents)
def _inbox(common: Common, agent: str | None, as_json: bool, watch: bool) -> int:
    """List what lies in the inboxes, or in one, or follow them."""
    from qms_tui.cli import inbox as cli_inbox

    project, config = _load(common)
    inboxes = cli_inbox.inboxes(project, project.roster(config.agents), agent)
    if watch:
        return _write_out(cli_inbox.follow(inboxes, config.inbox.rescan), at_once=True)
    return _write_out(cli_inbox.listing(inboxes, as_json))


@_cli.command("trust")
@_common
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
def _trust(common: Common, folder: Path | None) -> int:
    """Let a project's qms-tui.toml set everything, until it changes."""
    project = find_project(folder or common.project, Path())
    file = read_project_file(project.root)
    if file is None:
        raise ProjectError(f"{project.root} has no qms-tui.toml", hint="there is nothing to trust")
    settings = settings_needing_trust(file)
    TrustStore.of_user().grant(project.root, file.content)
    click.echo(f"trusted until it changes: {project.root}/qms-tui.toml")
    for setting in settings:
        click.echo(f"  {setting.key} = {toml(setting.value)}")
    return 0


@_cli.command("config")
@_common
def _config(common: Common) -> int:
    """Print the configuration in force and where each value comes from."""
    if common.project is not None:
        find_project(common.project, Path())
    config = _load_anywhere(common)
    click.echo(format_config(config), nl=False)
    _print_notices(config)
    return 0


@_cli.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def _completion(shell: str) -> int:
    """Print a shell's completion script; for bash: eval "$(qms-tui completion bash)"."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(_cli, {}, "qms-tui", _COMPLETE_VARIABLE).source())
    return 0


_COMPLETE_VARIABLE = "_QMS_TUI_COMPLETE"


def run(args: Sequence[str]) -> int:
    """Run the command line; the process's exit status: 0, 1 for a fault of ours, 2 for what you can mend."""
    try:
        status = _cli.main(list(args), "qms-tui", standalone_mode=False, complete_var=_COMPLETE_VARIABLE)
    except QmsTuiError as error:
        return _complain(error.message, error.hint)
    except click.exceptions.Abort:
        return 130
    except click.UsageError as error:
        return _complain(error.format_message(), "see: qms-tui --help")
    except click.ClickException as error:
        return _complain(error.format_message(), "")
    except Exception as error:  # the outermost boundary: a user never sees a traceback
        if not logging.getLogger().handlers:  # it went wrong early: logging would print the traceback
            from qms_tui.log import setup_logging

            setup_logging("info")
        logging.getLogger(__name__).exception("unexpected")
        click.echo(f"qms-tui: something unexpected went wrong: {type(error).__name__}: {error}", err=True)
        click.echo("  agents in containers are not affected; the log file has the details", err=True)
        return 1
    return status if isinstance(status, int) else 0


def _complain(message: str, hint: str) -> int:
    click.echo(f"qms-tui: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)
    return 2


def _load(common: Common, overrides: Overrides | None = None) -> tuple[Project, Config]:
    project = find_project(common.project, Path())
    config = load_config(
        project.root,
        user_file=common.config,
        overrides=overrides or Overrides(),
        trust=TrustStore.of_user(),
    )
    _log_to_file(common)
    return project, config


def _load_anywhere(common: Common) -> Config:
    """What holds in the project, or without one where there is none."""
    try:
        root = find_project(common.project, Path()).root
    except ProjectError:
        root = None
    return load_config(root, user_file=common.config, trust=TrustStore.of_user())


def _journal(common: Common, agent: str, since: str | None) -> tuple[Journal, float | None]:
    """What is kept of an agent, and from which moment on; no engine has to answer for that."""
    from datetime import datetime

    from qms_tui.keeper.journal import find_journal, parse_since
    from qms_tui.runtime.docker.address import find_address

    moment = parse_since(since, datetime.now()) if since else None
    project, config = _load(common)
    _check_spelling([agent])
    address = find_address(config.engine.host, os.environ, Path.home())
    journal = find_journal(project.root, address.host, agent, moment)
    if not journal.segments:
        project.check_agents([agent], project.roster(config.agents))
    return journal, moment


def _write_out(lines: Iterable[str], *, at_once: bool = False) -> int:
    """Print lines that have their ends; a reader that has seen enough is no fault."""
    try:
        for line in lines:
            sys.stdout.buffer.write(line.encode(errors="replace"))
            if at_once:
                sys.stdout.buffer.flush()
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
    return 0


def _warn(message: str) -> None:
    click.echo(f"qms-tui: {message}", err=True)


def _log_to_file(common: Common) -> None:
    from qms_tui.log import setup_logging

    setup_logging(common.log_level)


def _print_notices(config: Config) -> None:
    for notice in config.notices:
        click.echo(f"qms-tui: {notice}", err=True)


def _check_spelling(names: Sequence[str]) -> None:
    for name in names:
        if name in _cli.commands:
            raise UsageError(
                f"{name!r} is a command of qms-tui, not an agent", hint=f"write: qms-tui {name} ..."
            )
        if not AGENT_NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot be an agent's name", hint="small letters, digits and _, like tu_ui"
            )
        if names.count(name) > 1:
            raise UsageError(f"agent {name!r} is named twice", hint="name each agent once")


def _check_names(project: Project, names: Sequence[str], roster: Sequence[str]) -> tuple[str, ...]:
    _check_spelling(names)
    project.check_agents(names, roster)
    return tuple(names)


def _docker(project: Project, config: Config) -> DockerRuntime:
    from qms_tui.runtime.docker import DockerRuntime, connect

    return DockerRuntime(connect(config.engine.host), project, config, os.environ)


def _keeper(
    project: Project, config: Config, engine: str, log_level: str = "info", config_file: Path | None = None
) -> KeeperClient:
    from qms_tui.keeper.client import KeeperClient

    setting = ("--engine-setting", config.engine.host) if config.engine.host else ()
    if config_file is not None:
        setting = (*setting, "--config", str(config_file.absolute()))
    options = (*setting, "--scrollback", str(config.terminal.scrollback), "--log-level", log_level)
    return KeeperClient(project.root, engine, options)


def _with_gateway(project: Project, config: Config, names: Sequence[str]) -> Config:
    """Agents' containers get their way to the MCP servers, as far as there are any."""
    if not config.servers:
        return config
    from qms_tui.mcp.mounting import with_gateway
    from qms_tui.runtime.docker.address import find_address

    host = find_address(config.engine.host, os.environ, Path.home()).host
    if not host.startswith("unix://") and config.engine.mcp_listen is None:
        notice = "MCP servers cannot be reached by agents on another machine: engine.mcp_listen says where to"
        return dataclasses.replace(config, notices=(*config.notices, notice))
    agents = dict.fromkeys((*project.roster(config.agents), *names))
    return with_gateway(config, _gateway_folder(project, config), tuple(agents), project.owner())


def _as_started(project: Project, config: Config) -> tuple[Config, Path | None]:
    """The configuration as agents are started with it, and the gateway's folder if they can reach it."""
    from qms_tui.mcp.mounting import with_mounts
    from qms_tui.runtime.docker.address import find_address

    try:
        host = find_address(config.engine.host, os.environ, Path.home()).host
    except QmsTuiError:
        return config, None  # the report will say it
    if not config.servers or (not host.startswith("unix://") and config.engine.mcp_listen is None):
        return config, None
    folder = _gateway_folder(project, config)
    return with_mounts(config, folder, project.roster(config.agents)), folder


def _gateway_folder(project: Project, config: Config) -> Path:
    from qms_tui.keeper.paths import keeper_folder
    from qms_tui.mcp.places import gateway_folder
    from qms_tui.runtime.docker.address import find_address

    address = find_address(config.engine.host, os.environ, Path.home())
    return gateway_folder(keeper_folder(project.root, address.host))


def _lights(project: Project, config: Config) -> Callable[[], Awaitable[Sequence[Shown]]] | None:
    """What tells how the MCP servers stand, where there are any."""
    if not config.servers:
        return None
    from qms_tui.mcp.lights import look

    return functools.partial(look, _gateway_folder(project, config), [each.name for each in config.servers])


def _kept(project: Project, config: Config, docker: DockerRuntime, common: Common) -> Runtime:
    """The keeper takes its time to start, and the screen too: let them do so side by side."""
    from qms_tui.keeper.runtime import KeptRuntime

    keeper = _keeper(project, config, docker.host, common.log_level, common.config)
    keeper.start_early()
    return KeptRuntime(docker, keeper)


def _local(project: Project, config: Config) -> Runtime:
    from qms_tui.runtime.client import command_line
    from qms_tui.runtime.environment import passed_on
    from qms_tui.runtime.local import LocalRuntime
    from qms_tui.runtime.resume import resuming

    def command(agent: str) -> Sequence[str]:
        return command_line(config.agent(agent), None)

    def again(agent: str) -> Sequence[str]:
        wanted = dataclasses.replace(config.agent(agent), command=tuple(command(agent)))
        return resuming(project, agent, wanted, str(project.root))

    def environment(agent: str) -> dict[str, str]:
        folders = project.prepare(agent, project.owner())
        own = {"CLAUDE_CONFIG_DIR": str(folders.config)}
        return _local_environment(agent) | passed_on(config.agent(agent), os.environ) | own

    return LocalRuntime(project.root, command, environment, again)


def _local_environment(agent: str) -> dict[str, str]:
    from qms_tui.runtime.environment import inherited

    return inherited(os.environ) | {"QMS_USER": agent}


def _show(
    project: Project,
    config: Config,
    names: Sequence[str],
    runtime: Runtime,
    engine: str,
    remarks: Sequence[str] = (),
    view: View | None = None,
    memory: Memory | None = None,
    past: Past | None = None,
    servers: Callable[[], Awaitable[Sequence[Shown]]] | None = None,
) -> int:
    _check_terminal()
    gc.disable()  # until the first painting: what is made before that is hardly ever garbage
    from qms_tui.ui.app import QmsTuiApp
    from qms_tui.ui.session import Session

    roster = project.roster((*config.agents, *names))
    notices = (*config.notices, *remarks)
    session = Session(
        project, config, tuple(names), roster, runtime, engine, notices, view, memory, past, servers
    )
    app = QmsTuiApp(session)
    app.run()
    if app.return_code:
        click.echo("qms-tui: the screen failed; the log file says how", err=True)
        click.echo("  agents in containers go on: start qms-tui again to get back to them", err=True)
    return app.return_code or 0


def _check_terminal() -> None:
    for stream, name in ((sys.stdin, "input"), (sys.stdout, "output")):
        if not stream.isatty():
            raise UsageError(
                f"standard {name} is no terminal", hint="run qms-tui in a terminal, without pipes"
            )
    size = shutil.get_terminal_size()
    if size.columns < SMALLEST[0] or size.lines < SMALLEST[1]:
        raise UsageError(
            f"the terminal is too small: {size.columns}x{size.lines}",
            hint=f"make it at least {SMALLEST[0]} columns by {SMALLEST[1]} lines",
        )
