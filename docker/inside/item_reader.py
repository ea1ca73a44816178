"""What a file in an inbox is, and the words in which an agent hears of it.

This module runs on both sides: in containers, and on the host as qms_tui/inbox/item_reader.py, a link to it.
So it needs nothing but the standard library of Python 3.9, and what a human sees of an item, what is typed to
an agent and what the waiter tells one are read in one way.

The front matter decides what an item is; where it is missing or broken, the file's name does, as far as it
has the form that the QMS gives it. What has neither is of unknown kind.

Anybody who may write into an inbox could otherwise speak to the agent in the system's name. So the words for
agents are kinds, documents and senders of narrow forms, and nothing else of a file's text or name.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

MOST_READ = 64 * 2**10  # bytes of a file: fifteen times what the QMS writes
MOST_NAMED = 5  # items that are named one by one; of more there is only the number
REVIEW, APPROVAL, MESSAGE, NOTICE, UNKNOWN = "review", "approval", "message", "notice", "unknown"
AGENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_WITHOUT_DEFINITION = ("claude", "lead")  # people of every project
_DOCUMENT = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", re.ASCII)
_LONGEST_DOCUMENT = 64
# CR-056, CR-056-VAR-001-TP-1, SDLC-QMS-RTM: nothing in which a sentence could stand.
DOCUMENT = re.compile(r"[A-Z]{2,6}-[0-9]{1,5}(-[A-Z]{1,5}-[0-9]{1,5}){0,4}|SDLC(-[A-Z]{2,6}){2}")
_EVENT = re.compile(r"[A-Za-z][A-Za-z_ -]{0,40}", re.ASCII)
_TASK_NAME = re.compile(
    r"task-(?P<document>[A-Za-z0-9-]{1,64})-(?:pre_|post_)?(?P<type>review|approval)-v\d{1,6}-\d{1,6}\.md",
    re.ASCII,
)
_MESSAGE_NAME = re.compile(r"msg-(?P<from>[a-z][a-z0-9_]{0,62})-\d{4}-\d\d-\d\d-\d{6}(?:-\d+)?\.md", re.ASCII)
_NOTICE_NAME = re.compile(
    r"notif-(?P<document>[A-Za-z0-9-]{1,64})-(?P<event>[A-Za-z_]{1,40})-\d{4}-\d\d-\d\d\.md", re.ASCII
)
_WORDS = {
    REVIEW: "review task",
    APPROVAL: "approval task",
    MESSAGE: "message",
    NOTICE: "notice",
    UNKNOWN: "item",
}


class Reading(NamedTuple):
    """What a file claims to be. `subject` is as it is written: whoever shows it makes it safe to show.

    The other texts have narrow forms: `sender` that of an agent's name, `document` that of an id, `event`
    small letters. Each may be empty.
    """

    kind: str
    document: str = ""
    sender: str = ""
    subject: str = ""
    event: str = ""


def is_item_name(name: str) -> bool:
    """Whether a file called so is an item: no hidden, temporary, backup or swap file."""
    return name.endswith(".md") and not name.startswith((".", "#"))


def read_item(file: str, fields: Mapping[str, str]) -> Reading:
    """The item that a file is, by its name and its front matter."""
    task = fields.get("task_type", "").casefold()
    if task in (REVIEW, APPROVAL):
        return _task(task, file, fields)
    said = fields.get("type", "").casefold()
    if said == "message":
        return _message(file, fields)
    if said == "notification":
        return _notice(file, fields)
    return _by_name(file)


def wake_line(items: Iterable[str], count: int, instruction: str, separator: str) -> str:
    """One line for `count` items, given their words; those of more than `MOST_NAMED` are not asked for."""
    what = f"{count} new items" if count > MOST_NAMED else separator.join(items)
    return f"New in your QMS inbox: {what}. {instruction}"


def words(kind: str, document: str, sender: str, senders: Collection[str]) -> str:
    """An item as far as an agent is told: `review task CR-056 from claude`, `notice on CR-057`, `item`."""
    known = document if DOCUMENT.fullmatch(document) else ""
    if kind == NOTICE:
        return f"{_WORDS[kind]} on {known}" if known else _WORDS[kind]
    return f"{_WORDS[kind]} {known}".strip() + (f" from {sender}" if sender in senders else "")


def is_sender(project: str, name: str) -> bool:
    """Whether agents may hear that something is from `name`: an agent that the project defines, or `lead`."""
    if not AGENT_NAME.fullmatch(name):
        return False
    if name in _WITHOUT_DEFINITION:
        return True
    try:
        status = os.lstat(os.path.join(project, ".claude", "agents", f"{name}.md"))
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode)


def _by_name(file: str) -> Reading:
    task = _TASK_NAME.fullmatch(file)
    if task:
        return _task(task["type"], file, {})
    if _MESSAGE_NAME.fullmatch(file):
        return _message(file, {})
    if _NOTICE_NAME.fullmatch(file):
        return _notice(file, {})
    return Reading(UNKNOWN)


def _task(kind: str, file: str, fields: Mapping[str, str]) -> Reading:
    document = _document(fields, _TASK_NAME.fullmatch(file))
    return Reading(kind, document, _agent(fields.get("assigned_by", "")))


def _message(file: str, fields: Mapping[str, str]) -> Reading:
    match = _MESSAGE_NAME.fullmatch(file)
    sender = _agent(fields.get("from", "")) or (match["from"] if match else "")
    return Reading(MESSAGE, sender=sender, subject=fields.get("subject", ""))


def _notice(file: str, fields: Mapping[str, str]) -> Reading:
    match = _NOTICE_NAME.fullmatch(file)
    event = fields.get("event", "") or (match["event"] if match else "")
    said = event.lower().replace("_", " ").strip() if _EVENT.fullmatch(event) else ""
    return Reading(NOTICE, _document(fields, match), event=said)


def _document(fields: Mapping[str, str], name: re.Match[str] | None) -> str:
    for text in (fields.get("doc_id", ""), name["document"] if name else ""):
        if len(text) <= _LONGEST_DOCUMENT and _DOCUMENT.fullmatch(text):
            return text
    return ""


def _agent(text: str) -> str:
    return text if AGENT_NAME.fullmatch(text) else ""
