"""`qms-tui send`: who gets it, and what it says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from qms_tui.cli.loading import load
from qms_tui.cli.options import Common, common_options, complete_mailboxes
from qms_tui.cli.printing import echo
from qms_tui.errors import UsageError
from qms_tui.inbox import HUMAN, mailboxes, write_message
from qms_tui.project import AGENT_NAME

LARGEST_INPUT = 2**20  # bytes read of a file or a pipe; inbox/send.py says what of that is too much


@click.command("send")
@common_options
@click.option("--subject", required=True, metavar="TEXT", help="What it is about, in one line.")
@click.option("--from", "sender", metavar="NAME", help="Who it is from; lead if nobody is named.")
@click.option("--file", "file", type=click.Path(path_type=Path), metavar="FILE", help="Send what is in FILE.")
@click.argument("words", nargs=-1, metavar="AGENT... [BODY | -]", shell_complete=complete_mailboxes)
def send(common: Common, subject: str, sender: str | None, file: Path | None, words: Sequence[str]) -> int:
    """Put a message into agents' inboxes.

    The words that are names of agents, or of others with an inbox, get it; a last one that is none is the
    message. - reads it from standard input.
    """
    project, config = load(common)
    known = mailboxes(project, project.roster(config.agents))
    recipients, body = _split(words, known, file)
    project.check_agents(recipients, known)
    if not recipients:
        raise UsageError("send it to whom?", hint='write: qms-tui send AGENT --subject TEXT "MESSAGE"')
    text = _read(sys.stdin.fileno(), "standard input") if body == "-" else body
    for path in write_message(project, sender or HUMAN, recipients, subject, text):
        echo(str(path))
    return 0


def _split(words: Sequence[str], known: Sequence[str], file: Path | None) -> tuple[tuple[str, ...], str]:
    """Who gets it, and the message."""
    if file is not None:
        return tuple(words), _read(file, str(file))
    *names, last = words or ("",)
    if not last or last in known:
        raise UsageError("there is no message", hint="say it as the last word, or with --file FILE or -")
    if AGENT_NAME.fullmatch(last):  # more likely a name with a slip in it than a message of one such word
        raise UsageError(
            f"there is no agent {last!r}, and no message", hint="a message of one word comes with --file or -"
        )
    return tuple(names), last


def _read(source: int | Path, name: str) -> str:
    try:
        with open(source, "rb", closefd=isinstance(source, Path)) as stream:
            return stream.read(LARGEST_INPUT).decode()
    except UnicodeDecodeError:
        raise UsageError(f"{name}: not UTF-8", hint="only text can be sent") from None
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}", hint="name a file that can be read") from None
