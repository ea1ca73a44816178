"""`qms-tui inbox`: what waits for agents and for the human, what comes and goes, and what is done with it."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import click

from qms_tui.cli.items import named_item
from qms_tui.cli.loading import load
from qms_tui.cli.options import Common, common_options, complete_mailboxes
from qms_tui.cli.printing import note, warn, write_out
from qms_tui.errors import UsageError
from qms_tui.inbox import (
    HUMAN,
    InboxClosed,
    InboxEvent,
    Initial,
    Item,
    ItemArrived,
    ItemChanged,
    ItemConsumed,
    Kind,
    mailboxes,
    preview,
    put_away,
    scan,
)
from qms_tui.project import Project
from qms_tui.text.columns import columns
from qms_tui.text.printable import json_text
from qms_tui.text.times import age, moment

TASKS = (Kind.REVIEW, Kind.APPROVAL)  # what the QMS itself waits for


@click.command("inbox")
@common_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--long", "-l", is_flag=True, help="With times and the names of files.")
@click.option("--watch", is_flag=True, help="Go on, and print what comes and goes as lines of JSON.")
@click.option("--read", metavar="ITEM", help="Print what an item of yours says, or of AGENT's.")
@click.option(
    "--done", multiple=True, metavar="ITEM", help="You are done with it: out of your inbox, archived."
)
@click.option(
    "--archive", multiple=True, metavar="ITEM", help="Archive it unanswered; of AGENT's inbox, too."
)
@click.argument("agent", required=False, metavar="[AGENT]", shell_complete=complete_mailboxes)
def inbox(
    common: Common,
    agent: str | None,
    as_json: bool,
    long: bool,
    watch: bool,
    read: str | None,
    done: Sequence[str],
    archive: Sequence[str],
) -> int:
    """List what lies in the inboxes, or in one, or follow them; read and put away what lies in yours.

    An ITEM is named by its file, as --long and --json list it, or by its document. What is put away moves to
    .claude/users/NAME/inbox-archive, by days. `qms-tui send --reply ITEM "MESSAGE"` answers one of yours.
    Ends with status 2 if an inbox could not be looked at.
    """
    if sum(map(bool, (watch, read, done, archive))) > 1:
        raise UsageError("these options do not go together", hint="see: qms-tui inbox --help")
    project, config = load(common)
    owner = agent if agent is not None or not (read or done or archive) else HUMAN
    roster = project.roster(config.agents)
    folders = _folders(project, roster, owner)
    if watch:
        return write_out(_follow(folders, config.inbox.rescan), at_once=True)
    if done and owner != HUMAN:
        raise UsageError(
            "--done is for your own inbox", hint=f"to take it from {owner} unanswered: --archive"
        )
    items, troubles = scan(folders)
    for trouble in troubles:
        warn(trouble)
    named = partial(named_item, project, roster, owner or HUMAN, items)
    if read:
        write_out(_text(folders, named(read)))
    elif done or archive:
        write_out(_put_away(project, map(named, done or archive), as_json))
    else:
        write_out(_listing(items, whole=not troubles, as_json=as_json, long=long))
    return 2 if troubles else 0


def _folders(project: Project, roster: Sequence[str], agent: str | None) -> dict[str, Path]:
    """The folders to look into."""
    known = mailboxes(project, roster)
    names = known if agent is None else (agent,)
    project.check_agents(names, known)
    return {name: project.folders(name).inbox for name in names}


def _put_away(project: Project, named: Iterable[Item], as_json: bool) -> Iterator[str]:
    """Move items into the archive, all of them known first; where they are then."""
    moved = [(item, put_away(project, item)) for item in list(dict.fromkeys(named))]
    for item, _ in moved:
        if item.kind in TASKS and item.agent == HUMAN:
            note(f"the QMS goes on to expect your {item.kind.value} of {item.document}, until you submit it")
    if as_json:
        documents = [{**_as_json(item), "archived": str(path)} for item, path in moved]
        yield from json_text(documents, indent=2).split("\n")
    else:
        yield from (str(path) for _, path in moved)


def _text(folders: Mapping[str, Path], item: Item) -> Iterator[str]:
    """What an item says."""
    said = preview(folders[item.agent], item)
    yield item.headline
    yield from (f"{name}: {value}" for name, value in (("arrived", moment(item.arrived)), *said.facts))
    if said.trouble:
        warn(said.trouble)
    if said.text:
        yield ""
        yield from (line.expandtabs() for line in said.text.split("\n"))


def _listing(items: Sequence[Item], *, whole: bool, as_json: bool, long: bool) -> Iterator[str]:
    """Lines without their ends; unless the listing is `whole`, nobody knows whether nothing is waiting."""
    if as_json:
        yield from json_text([_as_json(item) for item in items], indent=2).split("\n")
    elif not items:
        yield "nothing is waiting" if whole else "nothing is waiting where it could be looked"
    else:
        yield from _table(items, time.time(), long)


def _follow(folders: Mapping[str, Path], rescan: float) -> Iterator[str]:
    """Lines of JSON: what is there, then what comes and goes. Without end."""
    from qms_tui.inbox.watcher import InboxWatcher

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


def _table(items: Sequence[Item], now: float, long: bool) -> list[str]:
    rows: list[tuple[str, ...]] = [("AGENT", "KIND", "AGE", "WHAT")]
    rows += [(i.agent, i.kind.value, age(now - i.arrived), i.headline) for i in items]
    if long:
        more = [("ARRIVED", "FILE"), *((moment(i.arrived), i.file) for i in items)]
        rows = [(*row[:2], arrived, *row[3:], file) for row, (arrived, file) in zip(rows, more, strict=True)]
    return columns(rows)
