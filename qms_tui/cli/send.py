"""`qms-tui send`: who gets it, and what it says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from qms_tui.cli.items import named_item
from qms_tui.cli.loading import load
from qms_tui.cli.options import Common, common_options, complete_mailboxes
from qms_tui.cli.printing import echo, warn
from qms_tui.errors import UsageError
from qms_tui.inbox import HUMAN, Item, mailboxes, reply_to, scan, subject_of, write_message
from qms_tui.project import AGENT_NAME, Project

LARGEST_INPUT = 2**20  # bytes read of a file or a pipe; inbox/send.py says what of that is too much
LEAST_LIKENESS = 0.8  # of a last word to a name: more likely that name with a slip in it than a message
_NO_MESSAGE = "say it as the last word, or with -m TEXT, --file FILE or -"


@click.command("send")
@common_options
@click.option("--subject", metavar="TEXT", help="What it is about; else the message's first line.")
@click.option("--from", "sender", metavar="NAME", help="Who it is from; lead if nobody is named.")
@click.option("-m", "--message", metavar="TEXT", help="The message; every word is a name then.")
@click.option("--file", "file", type=click.Path(path_type=Path), metavar="FILE", help="Send what is in FILE.")
@click.option("--reply", metavar="ITEM", help="To whoever sent that item of your inbox, about the same.")
@click.argument("words", nargs=-1, metavar="AGENT... [BODY | -]", shell_complete=complete_mailboxes)
def send(
    common: Common,
    subject: str | None,
    sender: str | None,
    message: str | None,
    file: Path | None,
    reply: str | None,
    words: Sequence[str],
) -> int:
    """Put a message into agents' inboxes.

    The words are names of agents, or of others with an inbox; the last one is the message, and - reads it
    from standard input.
    """
    project, config = load(common)
    known = mailboxes(project, project.roster(config.agents))
    if message is not None and file is not None:
        raise UsageError("-m and --file do not go together", hint="say the message once")
    names, body = _split(words, known) if message is None and file is None else (words, "")
    answer = None if reply is None else reply_to(_own_item(project, known, reply), known)
    recipients = (*names, answer.to) if answer else tuple(names)
    _check_recipients(project, recipients, known)
    text = message if message is not None else _text(body, file)
    about = subject if subject is not None else answer.subject if answer else subject_of(text)
    if subject is None and not about:
        raise UsageError("there is no message", hint=_NO_MESSAGE)
    for path in write_message(project, sender or HUMAN, recipients, about, text):
        echo(str(path))
    return 0


def _split(words: Sequence[str], known: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Who gets it, and the message: the last word, unless that is a name or nearly one."""
    from difflib import get_close_matches

    *names, last = words or ("",)
    if not last or last in known:
        raise UsageError("there is no message", hint=_NO_MESSAGE)
    if AGENT_NAME.fullmatch(last) and get_close_matches(last, known, 1, LEAST_LIKENESS):
        raise UsageError(
            f"there is no agent {last!r}, and no message", hint=f"if that is the message: -m {last}"
        )
    return tuple(names), last


def _own_item(project: Project, known: Sequence[str], word: str) -> Item:
    items, troubles = scan({HUMAN: project.folders(HUMAN).inbox})
    for trouble in troubles:
        warn(trouble)
    return named_item(project, known, HUMAN, items, word)


def _check_recipients(project: Project, recipients: Sequence[str], known: Sequence[str]) -> None:
    """Raises UsageError for nobody and for a message without quotes, UnknownAgentError."""
    unknown = [name for name in recipients if name not in known]
    if len(unknown) > 1:
        raise UsageError(f"there is no agent {unknown[0]!r}", hint='put the message into quotes: "..."')
    project.check_agents(recipients, known)
    if not recipients:
        raise UsageError("send it to whom?", hint='write: qms-tui send AGENT "MESSAGE"')


def _text(body: str, file: Path | None) -> str:
    if file is not None:
        return _read(file, str(file))
    return _read(sys.stdin.fileno(), "standard input") if body == "-" else body


def _read(source: int | Path, name: str) -> str:
    try:
        with open(source, "rb", closefd=isinstance(source, Path)) as stream:
            return stream.read(LARGEST_INPUT).decode()
    except UnicodeDecodeError:
        raise UsageError(f"{name}: not UTF-8", hint="only text can be sent") from None
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}", hint="name a file that can be read") from None
