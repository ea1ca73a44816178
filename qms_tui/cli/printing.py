"""What is printed: lines of a result, and what went wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

import click

from qms_tui.config import Config


def echo_lines(lines: Sequence[str]) -> None:
    """Print lines that have no ends."""
    for line in lines:
        click.echo(line)


def write_out(lines: Iterable[str], *, at_once: bool = False) -> int:
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


def warn(message: str) -> None:
    """Say what does not stop the command."""
    click.echo(f"qms-tui: {message}", err=True)


def print_notices(config: Config) -> None:
    """Say what is odd about the configuration."""
    for notice in config.notices:
        warn(notice)


def complain(message: str, hint: str) -> int:
    """Say what failed and what to do next; the exit status for it."""
    click.echo(f"qms-tui: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)
    return 2
