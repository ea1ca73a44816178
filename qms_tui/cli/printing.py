"""What is printed: lines of a result, and what went wrong.

All commands print here, so that no name or word from outside reaches the terminal as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from qms_tui.cli.streams import drop_output, write_complaint
from qms_tui.config import Config
from qms_tui.text.printable import json_text, plain

SET_IN = "\n  "  # between the lines of a message that has several


def echo(line: str) -> None:
    """Print a line; what a command does goes on if nobody reads any more what it prints."""
    try:
        click.echo(plain(line))
    except BrokenPipeError:
        drop_output()


def confirm(question: str) -> None:
    """Ask; raises Abort for any answer but yes."""
    if not agrees(question):
        raise click.exceptions.Abort


def agrees(question: str) -> bool:
    """Ask; whether the answer is yes. Raises Abort on Ctrl+C, which leaves the shell a line of its own."""
    try:
        return click.confirm(question)
    except click.exceptions.Abort:
        click.echo(err=True)
        raise


def echo_lines(lines: Iterable[str]) -> None:
    """Print lines that have no ends."""
    for line in lines:
        echo(line)


def echo_json(document: object) -> None:
    """Print JSON."""
    echo_lines(json_text(document, indent=2).split("\n"))


def write_out(lines: Iterable[str], *, at_once: bool = False) -> int:
    """Print lines that have no ends; a reader that has seen enough is no fault."""
    try:
        for line in lines:
            sys.stdout.buffer.write(plain(line).encode() + b"\n")
            if at_once:
                sys.stdout.buffer.flush()
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        drop_output()
    return 0


def note(line: str) -> None:
    """Print a line beside the result, on standard error."""
    write_complaint(plain(line.replace("\n", " ")))


def warn(message: str) -> None:
    """Say what does not stop the command."""
    note(f"qms-tui: {message}")


def print_notices(config: Config) -> None:
    """Say what is odd about the configuration."""
    for notice in config.notices:
        warn(notice)


def complain(message: str, hint: str) -> int:
    """Say what failed and what to do next; the exit status for it.

    A message may go on in lines that are set in, as a build's last lines are.
    """
    first, *further = message.split(SET_IN)
    warn(first)
    for line in further:
        note(f"  {line}")
    if hint:
        note(f"  {hint}")
    return 2
