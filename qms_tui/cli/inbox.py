"""What the commands `inbox` and `send` do; options are read in cli.py."""

from __future__ import annotations

import json
import queue
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from qms_tui.errors import UsageError
from qms_tui.inbox import (
    HUMAN,
    InboxEvent,
    InboxWatcher,
    Initial,
    Item,
    ItemArrived,
    ItemChanged,
    ItemConsumed,
    mailboxes,
    scan,
    write_message,
)
from qms_tui.inbox.words import age
from qms_tui.project import AGENT_NAME, Project

LARGEST_INPUT = 2**20  # bytes read of a file or a pipe; send.py says what of that is too much


def send(
    project: Project,
    roster: Sequence[str],
    words: Sequence[str],
    subject: str,
    sender: str | None,
    file: Path | None,
) -> int:
    """Send what the words say; prints the files."""
    known = mailboxes(project, roster)
    recipients, body = _split(words, known, file)
    project.check_agents(recipients, known)
    if not recipients:
        raise UsageError("send it to whom?", hint='write: qms-tui send AGENT --subject TEXT "MESSAGE"')
    text = _read(sys.stdin.fileno(), "standard input") if body == "-" else body
    for path in write_message(project, sender or HUMAN, recipients, subject, text):
        click.echo(str(path))
    return 0


def inboxes(project: Project, roster: Sequence[str], agent: str | None) -> dict[str, Path]:
    """The folders to look into."""
    known = mailboxes(project, roster)
    names = known if agent is None else (agent,)
    project.check_agents(names, known)
    return {name: project.folders(name).inbox for name in names}


def listing(folders: Mapping[str, Path], as_json: bool) -> Iterator[str]:
    """Lines with their ends."""
    items, troubles = scan(folders)
    for trouble in troubles:
        click.echo(f"qms-tui: {trouble}", err=True)
    if as_json:
        yield json.dumps([_as_json(item) for item in items], indent=2) + "\n"
    elif not items:
        yield "nothing is waiting\n"
    else:
        yield from _table(items, time.time())


def follow(folders: Mapping[str, Path], rescan: float) -> Iterator[str]:
    """Lines of JSON: what is there, then what comes and goes. Without end."""
    events: queue.Queue[InboxEvent] = queue.Queue()
    watcher = InboxWatcher(folders, events.put, rescan=rescan)
    watcher.start()
    try:
        while True:
            for document in _documents(events.get()):
                yield json.dumps(document) + "\n"
    finally:
        watcher.close()


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


def _documents(event: InboxEvent) -> Iterator[dict[str, object]]:
    if isinstance(event, Initial):
        yield from ({"event": "pending", **_as_json(item)} for item in event.items)
    elif isinstance(event, ItemArrived):
        yield {"event": "arrived", **_as_json(event.item)}
    elif isinstance(event, ItemChanged):
        yield {"event": "changed", **_as_json(event.item)}
    elif isinstance(event, ItemConsumed):
        yield {"event": "consumed", **_as_json(event.item), "consumed": event.at}
    else:
        yield {"event": "trouble", "text": event.text}


def _as_json(item: Item) -> dict[str, object]:
    return {
        "agent": item.agent,
        "kind": item.kind.value,
        "headline": item.headline,
        "document": item.document,
        "sender": item.sender,
        "arrived": item.arrived,
        "file": item.file,
    }


def _table(items: Sequence[Item], now: float) -> Iterator[str]:
    rows = [("AGENT", "KIND", "AGE", "WHAT")]
    rows += [(i.agent, i.kind.value, age(now - i.arrived), i.headline) for i in items]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip() + "\n"
