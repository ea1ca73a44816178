"""`qms-tui inbox`: what waits for agents, and what comes and goes."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from qms_tui.cli.loading import load
from qms_tui.cli.options import Common, common_options, complete_mailboxes
from qms_tui.cli.printing import warn, write_out
from qms_tui.inbox import (
    InboxEvent,
    InboxWatcher,
    Initial,
    Item,
    ItemArrived,
    ItemChanged,
    ItemConsumed,
    mailboxes,
    scan,
)
from qms_tui.inbox.words import age
from qms_tui.printable import json_text
from qms_tui.project import Project


@click.command("inbox")
@common_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--watch", is_flag=True, help="Go on, and print what comes and goes as lines of JSON.")
@click.argument("agent", required=False, metavar="[AGENT]", shell_complete=complete_mailboxes)
def inbox(common: Common, agent: str | None, as_json: bool, watch: bool) -> int:
    """List what lies in the inboxes, or in one, or follow them."""
    project, config = load(common)
    folders = _folders(project, project.roster(config.agents), agent)
    if watch:
        return write_out(_follow(folders, config.inbox.rescan), at_once=True)
    return write_out(_listing(folders, as_json))


def _folders(project: Project, roster: Sequence[str], agent: str | None) -> dict[str, Path]:
    """The folders to look into."""
    known = mailboxes(project, roster)
    names = known if agent is None else (agent,)
    project.check_agents(names, known)
    return {name: project.folders(name).inbox for name in names}


def _listing(folders: Mapping[str, Path], as_json: bool) -> Iterator[str]:
    """Lines without their ends."""
    items, troubles = scan(folders)
    for trouble in troubles:
        warn(trouble)
    if as_json:
        yield from json_text([_as_json(item) for item in items], indent=2).split("\n")
    elif not items:
        yield "nothing is waiting"
    else:
        yield from _table(items, time.time())


def _follow(folders: Mapping[str, Path], rescan: float) -> Iterator[str]:
    """Lines of JSON: what is there, then what comes and goes. Without end."""
    events: queue.Queue[InboxEvent] = queue.Queue()
    watcher = InboxWatcher(folders, events.put, rescan=rescan)
    watcher.start()
    try:
        while True:
            for document in _documents(events.get()):
                yield json_text(document)
    finally:
        watcher.close()


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
        yield "  ".join(cells).rstrip()
