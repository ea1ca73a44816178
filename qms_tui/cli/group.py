"""`qms-tui` itself: words that are no command of ours open the screen on these agents."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from qms_tui import __version__
from qms_tui.cli.options import complete_agents

OPEN = "open"  # the command that a person has to write only before names that are a command's
_BARE = "qms-tui.bare"  # in a context's `meta`: no command stands there


class Commands(click.Group):
    """A group in which words that are no command open the screen on these agents."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:
            args = _joined(args)
            if not args:
                return super().parse_args(ctx, args)  # completing the first word: agents and commands
        if args[:1] in (["--help"], ["-h"], ["--version"], ["-V"]):
            return super().parse_args(ctx, args)
        return super().parse_args(ctx, self._command_first(ctx, args))

    def _command_first(self, ctx: click.Context, args: list[str]) -> list[str]:
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
        ctx.meta[_BARE] = True
        return [OPEN, *args]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        options = self.commands[OPEN].shell_complete(ctx, incomplete) if incomplete.startswith("-") else []
        found = [*complete_agents(ctx, None, incomplete), *options, *super().shell_complete(ctx, incomplete)]
        return list({item.value: item for item in found}.values())

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


def complete_words(ctx: click.Context, param: click.Parameter | None, word: str) -> list[CompletionItem]:
    """Agents; and commands where none of both stands yet, as behind `qms-tui --project P`."""
    commands: list[CompletionItem] = []
    if ctx.meta.get(_BARE) and not ctx.params.get("agents"):
        commands = [
            CompletionItem(name, help=command.get_short_help_str())
            for name, command in cli.commands.items()
            if name.startswith(word) and not command.hidden
        ]
    return [*complete_agents(ctx, param, word), *commands]


def _joined(args: list[str]) -> list[str]:
    """Options with their values: bash breaks `--project=P` into three words."""
    joined: list[str] = []
    for word in args:
        if joined and joined[-1].startswith("--") and (word == "=" or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
