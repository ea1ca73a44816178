"""Taking an item out of an inbox without losing it: it moves into the archive beside the inbox.

The QMS itself deletes a task that was submitted. Where projects keep what has left an inbox, they keep it in
`.claude/users/NAME/inbox-archive/YYYY-MM-DD/`, under the file's own name; so does this. A file moves whole or
not at all, first to a hidden name and then to its own, which is never another file's. Agents see no archive:
of `.claude/users` each sees only its own inbox and workspace.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from qms_tui.errors import ProjectError, UsageError
from qms_tui.inbox.files import look
from qms_tui.inbox.item import Item
from qms_tui.project import ARCHIVE, Project

MOST_NAMES = 1000  # tried for one file: a document that is routed again has the same name each time
_LEFT = "it has been taken out, or another file has its name: look again"


def pick(items: Sequence[Item], word: str) -> Item:
    """The item that a person names: by its file, with or without `.md`, or by its document.

    Raises UsageError if there is none, or more than one of that document.
    """
    found = matching(items, word)
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(item.name for item in found)
        raise UsageError(f"{word!r} has several items there", hint=f"name one by its file: {names}")
    raise UsageError(f"no item {word!r} waits there", hint="qms-tui inbox --long lists the files")


def matching(items: Sequence[Item], word: str) -> list[Item]:
    """Items of that file, else of that document."""
    of_file = [item for item in items if word in (item.file, item.file.removesuffix(".md"))]
    return of_file or [item for item in items if item.document and item.document == word]


def put_away(project: Project, item: Item, now: float | None = None) -> Path:
    """Move an item's file into the archive; where it is then. Blocking.

    Raises UsageError if the file is no longer that item, ProjectError for what the file system refuses.
    """
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() if now is None else now))
    base = project.folders(item.agent).inbox.parent
    try:
        with (
            project.open_folder((".claude", "users", item.agent, "inbox")) as inbox,
            project.open_archive(item.agent, day, project.owner()) as archive,
        ):
            return base / ARCHIVE / day / _move(item, inbox, archive)
    except OSError as error:
        raise ProjectError(
            f"{item.name} cannot be moved into {base / ARCHIVE}: {error.strerror}",
            hint="both must be real folders (no links) of one file system that you may write",
        ) from error


def _move(item: Item, inbox: int, archive: int) -> str:
    """The name that it has got. Raises OSError, UsageError."""
    sighting = look(inbox, item.file)
    if sighting is None or sighting.identity != item.identity:
        raise UsageError(f"{item.name} is not in the inbox any more", hint=_LEFT)
    hidden = f".{secrets.token_hex(8)}.tmp"
    os.rename(item.file, hidden, src_dir_fd=inbox, dst_dir_fd=archive)
    moved = look(archive, hidden)
    if moved is None or moved.identity != item.identity:  # another file got the name in between
        _give_name(hidden, archive, iter((item.file,)), inbox)
        raise UsageError(f"{item.name} was replaced at this very moment", hint=_LEFT)
    return _give_name(hidden, archive, _names(item.file), archive)


def _names(file: str) -> Iterator[str]:
    yield file
    path = PurePath(file)
    for number in range(2, MOST_NAMES):
        yield f"{path.stem}-{number}{path.suffix}"


def _give_name(hidden: str, archive: int, names: Iterator[str], folder: int) -> str:
    """Give a hidden file the first name that is free in a folder. Raises OSError; it stays hidden then."""
    for name in names:
        with contextlib.suppress(FileExistsError):
            os.link(hidden, name, src_dir_fd=archive, dst_dir_fd=folder, follow_symlinks=False)
            os.unlink(hidden, dir_fd=archive)
            return name
    raise FileExistsError(errno.EEXIST, "every name that it might get is taken", hidden)
