"""`qms-tui inbox`: what waits for agents, and what comes and goes."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from qms_tui.cli.loading import load
from qms_tui.cli.options import Common, common_options, complete_agents
from qms_tui.cli.printing import warn, write_out
from qms_tui.inbox import (
    InboxClosed,
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
@click.argument("agent", required=False, metavar="[AGENT]", shell_complete=complete_agents)
def inbox(common: Common, agent: str | None, as_json: bool, watch: bool) -> int:
    """List what lies in the inboxes, or in one, or follow them.

    Ends with status 2 if an inbox could not be looked at.
    """
    project, config = load(common)
    folders = _folders(project, project.roster(config.agents), agent)
    if watch:
        return write_out(_follow(folders, config.inbox.rescan), at_once=True)
    items, troubles = scan(folders)
    for trouble in troubles:
        warn(trouble)
    write_out(_listing(items, whole=not troubles, as_json=as_json))
    return 2 if troubles else 0


def _folders(project: Project, roster: Sequence[str], agent: str | None) -> dict[str, Path]:
    """The folders to look into."""
    known = mailboxes(project, roster)
    names = known if agent is None else (agent,)
    project.check_agents(names, known)
    return {name: project.folders(name).inbox for name in names}


def _listing(items: Sequence[Item], *, whole: bool, as_json: bool) -> Iterator[str]:
    """Lines without their ends; unless the listing is `whole`, nobody knows whether nothing is waiting."""
    if as_json:
        yield from json_text([_as_json(item) for item in items], indent=2).split("\n")
    elif not items:
        yield "nothing is waiting" if whole else "nothing is waiting where it could be looked"
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
    elif isinstance(event, InboxClosed):
        yield {"event": "closed" if event.why else "open", "agent": event.agent, "why": event.why}
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
