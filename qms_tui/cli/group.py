"""`qms-tui` itself: words that are no command of ours open the screen on these agents."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from qms_tui import __version__
from qms_tui.cli.options import complete_agents

OPEN = "open"  # the command that a person never has to write


class Commands(click.Group):
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
            for option in self.commands[OPEN].params
            if isinstance(option, click.Option)
            for name in option.opts
        }
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] != "--":
            name, _, value = args[at].partition("=")
            at += 1 if value or options.get(name, True) else 2
        if at < len(args) and args[at] in self.commands:
            return [args[at], *args[:at], *args[at + 1 :]]
        return [OPEN, *args]

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in super().list_commands(ctx) if name != OPEN]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return [*complete_agents(ctx, None, incomplete), *super().shell_complete(ctx, incomplete)]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage("qms-tui", "[OPTIONS] [AGENT]...\n       qms-tui COMMAND [ARGS]...")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shown = [*self.commands[OPEN].get_params(ctx), *super().get_params(ctx)]
        options = [param for param in shown if isinstance(param, click.Option)]
        records = [record for option in options if (record := option.get_help_record(ctx))]
        with formatter.section("Options"):
            formatter.write_dl(list(dict(records).items()))
        self.format_commands(ctx, formatter)


@click.group(
    cls=Commands,
    name="qms-tui",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=False,
)
@click.version_option(__version__, "-V", "--version", message="qms-tui %(version)s")
def cli() -> None:
    """Claude Code agents side by side, each in its own container.

    Opens a live terminal for each AGENT of the project, starting those that do not run: the named ones, else
    those that were open last, else claude and qa. Leaving with Ctrl+Q stops none of them. No Docker at hand?
    Try: qms-tui demo
    """
