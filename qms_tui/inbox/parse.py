"""A file's name and bytes become an item that says what can be trusted. Never raises.

The front matter decides what an item is; where it is missing or broken, the file's name does, as far as it
has the form that the QMS gives it. What has neither is of unknown kind and shown by its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from qms_tui.inbox.front_matter import front_matter
from qms_tui.inbox.item import Identity, Item, Kind
from qms_tui.project import AGENT_NAME
from qms_tui.text.printable import plain

LONGEST_NAME = 120  # characters of a file's name that are shown
LONGEST_SUBJECT = 200  # two lines of a wide screen
_DOCUMENT = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", re.ASCII)
_LONGEST_DOCUMENT = 64
_EVENT = re.compile(r"[A-Za-z][A-Za-z_ -]{0,40}", re.ASCII)
_TASK_NAME = re.compile(
    r"task-(?P<document>[A-Za-z0-9-]{1,64})-(?:pre_|post_)?(?P<type>review|approval)-v\d{1,6}-\d{1,6}\.md",
    re.ASCII,
)
_MESSAGE_NAME = re.compile(r"msg-(?P<from>[a-z][a-z0-9_]{0,62})-\d{4}-\d\d-\d\d-\d{6}(?:-\d+)?\.md", re.ASCII)
_NOTICE_NAME = re.compile(
    r"notif-(?P<document>[A-Za-z0-9-]{1,64})-(?P<event>[A-Za-z_]{1,40})-\d{4}-\d\d-\d\d\.md", re.ASCII
)
_TASKS = {"REVIEW": (Kind.REVIEW, "Review"), "APPROVAL": (Kind.APPROVAL, "Approve")}


def parse(agent: str, file: str, content: bytes | None, arrived: float, identity: Identity) -> Item:
    """The item that a file is.

    Args:
        agent: whose inbox.
        file: the file's name as the system has it.
        content: its first bytes; None if it cannot or must not be read.
        arrived: seconds of wall time.
        identity: which file it is.
    """
    name = one_line(file, LONGEST_NAME)
    kind, headline, document, sender = _read(file, name, front_matter(content or b""))
    return Item(agent, name, kind, headline, document, sender, arrived, identity, file)


def one_line(text: str, longest: int) -> str:
    """Text that is safe to show: one line, bounded, what a terminal would obey replaced."""
    cut = text[: longest + 1]
    if not (cut.isascii() and cut.isprintable()):
        cut = plain(re.sub(r"\s+", " ", cut))
    return (cut if len(cut) <= longest else cut[: longest - 1] + "…").strip()


def _read(file: str, name: str, fields: Mapping[str, str]) -> tuple[Kind, str, str, str]:
    """Kind, headline, document and sender."""
    if fields.get("task_type", "").upper() in _TASKS:
        return _task(file, fields, fields["task_type"].upper())
    said = fields.get("type", "").casefold()
    if said == "message":
        return _message(file, fields)
    if said == "notification":
        return _notice(file, fields)
    return _by_name(file, name)


def _by_name(file: str, name: str) -> tuple[Kind, str, str, str]:
    if match := _TASK_NAME.fullmatch(file):
        return _task(file, {}, match["type"].upper())
    if _MESSAGE_NAME.fullmatch(file):
        return _message(file, {})
    if _NOTICE_NAME.fullmatch(file):
        return _notice(file, {})
    return Kind.UNKNOWN, f"New inbox item: {name}", "", ""


def _task(file: str, fields: Mapping[str, str], task: str) -> tuple[Kind, str, str, str]:
    kind, verb = _TASKS[task]
    document = _document(fields, _TASK_NAME.fullmatch(file))
    what = document or "(no document named)"
    return kind, f"New task: {verb} {what}", document, _agent(fields.get("assigned_by", ""))


def _message(file: str, fields: Mapping[str, str]) -> tuple[Kind, str, str, str]:
    match = _MESSAGE_NAME.fullmatch(file)
    sender = _agent(fields.get("from", "")) or (match["from"] if match else "")
    subject = one_line(fields.get("subject", ""), LONGEST_SUBJECT) or "(no subject)"
    return Kind.MESSAGE, f"Message from {sender or 'somebody'}: {subject}", "", sender


def _notice(file: str, fields: Mapping[str, str]) -> tuple[Kind, str, str, str]:
    match = _NOTICE_NAME.fullmatch(file)
    document = _document(fields, match)
    event = fields.get("event", "") or (match["event"] if match else "")
    said = event.lower().replace("_", " ").strip() if _EVENT.fullmatch(event) else ""
    words = f"{document} {said}".strip() or "(nothing said)"
    return Kind.NOTICE, f"Notice: {words}", document, ""


def _document(fields: Mapping[str, str], name: re.Match[str] | None) -> str:
    for text in (fields.get("doc_id", ""), name["document"] if name else ""):
        if len(text) <= _LONGEST_DOCUMENT and _DOCUMENT.fullmatch(text):
            return text
    return ""


def _agent(text: str) -> str:
    return text if AGENT_NAME.fullmatch(text) else ""
