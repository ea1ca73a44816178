"""Messages of one's own: files in the recipients' inboxes, as the QMS writes them.

A file appears whole under its name or not at all, and never in another's place: it is written under a hidden
name and linked to its own.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from qms_tui.errors import ProjectError, UsageError, refused, remedy
from qms_tui.files import make_file
from qms_tui.inbox.subject import LONGEST_SUBJECT, is_blank
from qms_tui.project import AGENT_NAME, Owner, Project
from qms_tui.text.amounts import amount
from qms_tui.text.printable import plain

LARGEST_BODY = 60 * 2**10  # bytes: with its front matter within the 64 kB that are read of an item
MOST_NAMES = 1000  # tried for one message: one sender's messages of as many seconds


def mailboxes(project: Project, roster: Sequence[str]) -> tuple[str, ...]:
    """Everybody who has an inbox or will have one: the roster, and who has a folder, such as `lead`."""
    try:
        with project.open_folder((".claude", "users")) as users:
            found = sorted(name for name in os.listdir(users) if AGENT_NAME.fullmatch(name))
    except OSError:
        found = []
    return tuple(dict.fromkeys((*roster, *found)))


def write_message(
    project: Project,
    sender: str,
    recipients: Sequence[str],
    subject: str,
    body: str,
    now: float | None = None,
) -> list[Path]:
    """Put a message into each recipient's inbox; an inbox that is missing is made.

    Args:
        project: where.
        sender: who it is from, a name like an agent's.
        recipients: who gets it; whether they exist is the caller's to check.
        subject: one line.
        body: Markdown.
        now: seconds of wall time.

    Returns the files, in the order of the recipients. Raises UsageError for what cannot be sent,
    ProjectError for what the file system refuses; nothing is sent to those after.
    """
    for name in (sender, *recipients):
        _check_name(name)
    _check_text(subject, body)
    sent = time.time() if now is None else now
    return [_deliver(project, sender, name, subject, body, sent) for name in dict.fromkeys(recipients)]


def _deliver(project: Project, sender: str, to: str, subject: str, body: str, sent: float) -> Path:
    folder, content = project.folders(to).inbox, _message(sender, to, subject, body, sent)
    owner = project.owner()
    try:
        with project.open_inbox(to, owner) as inbox:
            return folder / _put(inbox, _names(sender, sent), content, owner)
    except OSError as error:
        raise ProjectError(
            refused(error, folder),
            hint=remedy(error, "it must be a real folder that you may write"),
        ) from error


def _message(sender: str, to: str, subject: str, body: str, sent: float) -> bytes:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(sent))
    quoted = json.dumps(subject, ensure_ascii=False)  # a JSON string is a YAML string too
    front = f"type: message\nfrom: {sender}\nto: {to}\ntimestamp: {stamp}\nsubject: {quoted}\n"
    return f"---\n{front}---\n\n{body.rstrip()}\n".encode()


def _names(sender: str, sent: float) -> Iterator[str]:
    """The names that a message may get: that of its second, else of the next free one."""
    for later in range(MOST_NAMES):
        yield time.strftime(f"msg-{sender}-%Y-%m-%d-%H%M%S.md", time.gmtime(sent + later))


def _put(inbox: int, names: Iterator[str], content: bytes, owner: Owner) -> str:
    """Raises OSError, FileExistsError if all names are taken."""
    hidden = f".{secrets.token_hex(8)}.tmp"
    descriptor = make_file(hidden, inbox, mode=0o644)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
            if os.geteuid() == 0:
                os.fchown(descriptor, owner.uid, owner.gid)
        return _linked(inbox, hidden, names)
    finally:
        os.unlink(hidden, dir_fd=inbox)


def _linked(inbox: int, hidden: str, names: Iterator[str]) -> str:
    for name in names:
        with contextlib.suppress(FileExistsError):
            os.link(hidden, name, src_dir_fd=inbox, dst_dir_fd=inbox, follow_symlinks=False)
            return name
    raise FileExistsError(errno.EEXIST, "too many messages at once", hidden)


def _check_name(name: str) -> None:
    if not AGENT_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a sender or recipient", hint="small letters, digits and _, like tu_ui"
        )


def _check_text(subject: str, body: str) -> None:
    if not subject.strip() or len(subject) > LONGEST_SUBJECT or plain(subject) != subject:
        raise UsageError(
            "that cannot be a subject",
            hint=f"one line of at most {LONGEST_SUBJECT} visible characters",
        )
    if is_blank(body):
        raise UsageError("there is no message", hint="write some text")
    if len(body.encode("utf-8", "surrogatepass")) > LARGEST_BODY:
        raise UsageError(
            f"the message is larger than {amount(LARGEST_BODY)}", hint="put it into a file of the project"
        )
    if "\0" in body or not _is_text(body):
        raise UsageError("the message is no text", hint="only UTF-8 text can be sent")


def _is_text(body: str) -> bool:
    try:
        body.encode()
    except UnicodeEncodeError:
        return False
    return True
