"""`qms-tui completion`: the script that makes a shell ask us for words."""

from __future__ import annotations

import click

from qms_tui.cli.group import cli

COMPLETE_VARIABLE = "_QMS_TUI_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print a shell's completion script; for bash: eval "$(qms-tui completion bash)"."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(cli, {}, "qms-tui", COMPLETE_VARIABLE).source())
    return 0
