"""The inboxes of a project: who has one, what lies in it.

Every folder and file may be missing, broken or hostile.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from qms_tui.demo.files import MAX_ITEM, write_inside
from qms_tui.demo.ink import clean
from qms_tui.demo.items import Item, Kind, parse_item
from qms_tui.demo.workflow import check_agent
from qms_tui.errors import ProjectError, UnknownAgentError, UsageError
from qms_tui.files import read_regular_file

MAX_ITEMS = 1000  # items of an inbox that are looked at: more than anybody reads


class Inboxes:
    """The inboxes of the project at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._users = self._root / ".claude" / "users"

    def owners(self) -> list[str]:
        """Everybody who has a folder, the human `lead` included, sorted."""
        names = []
        with contextlib.suppress(OSError):  # no users folder: then nobody
            for user in self._users.iterdir():
                with contextlib.suppress(UnknownAgentError):  # a folder that is called like nobody
                    names.append(check_agent(user.name))
        return sorted(names)

    def check_owner(self, name: str) -> str:
        """`name`, when somebody is called so.

        Raises:
            UnknownAgentError: nobody is.
        """
        if check_agent(name) not in self.owners():
            raise UnknownAgentError(f"there is no agent {name}", hint=f"here are: {', '.join(self.owners())}")
        return name

    def count(self, owner: str) -> int:
        """How many items `owner` has. Cheap: opens none of them."""
        return len(self._files(owner))

    def items(self, owner: str) -> list[Item]:
        """The items of `owner`, by file name. What cannot be read is an item of unknown kind."""
        return [_item(path) for path in self._files(owner)]

    def text(self, owner: str, file_name: str) -> str:
        """One item of `owner`, clean, at most 64 kB of it.

        Raises:
            UsageError: `owner` has no such item.
            ProjectError: it cannot be read.
        """
        path = self._file(owner, file_name)
        try:
            return clean(read_regular_file(path, MAX_ITEM).decode("utf-8", "replace"))
        except OSError as error:
            reason = error.strerror or str(error)
            raise ProjectError(f"this item cannot be read: {reason}", hint="'done' puts it away") from error

    def discard(self, owner: str, file_name: str) -> None:
        """Put away a message, a notice or an unknown item of `owner`.

        Raises:
            UsageError: `owner` has no such item, or it is a task.
        """
        path = self._file(owner, file_name)
        item = _item(path)
        if item.kind is Kind.TASK and item.workflow:
            verb = "approve" if item.workflow.is_approval else "review"
            raise UsageError("a task stays until it is answered", hint=f"write: {verb} {item.doc_id}")
        path.unlink(missing_ok=True)

    def put(self, owner: str, file_name: str, text: str) -> None:
        """Write an item, the way the QMS does. The folder is made when it is missing."""
        write_inside(self._root, self._folder(owner) / file_name, text)

    def has(self, owner: str, file_name: str) -> bool:
        return os.path.lexists(self._folder(owner) / file_name)

    def remove(self, owner: str, file_name: str) -> None:
        """Take an item away, if it is there."""
        (self._folder(owner) / file_name).unlink(missing_ok=True)

    def _folder(self, owner: str) -> Path:
        return self._users / check_agent(owner) / "inbox"

    def _files(self, owner: str) -> list[Path]:
        found: list[Path] = []
        with contextlib.suppress(OSError):  # the folder may be missing, and may go while we look
            found.extend(islice(_item_files(self._folder(owner)), MAX_ITEMS))
        return sorted(found)

    def _file(self, owner: str, file_name: str) -> Path:
        for path in self._files(owner):  # compared with what is there: what is typed never becomes a path
            if path.name == file_name:
                return path
        raise UsageError("there is no such item", hint="'inbox' lists them with their numbers")


def _item_files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix == ".md" and not path.name.startswith(".") and not path.is_dir():
            yield path


def _item(path: Path) -> Item:
    try:
        text = read_regular_file(path, MAX_ITEM).decode("utf-8", "replace")
    except OSError:
        text = ""  # an item nevertheless: shown by its name
    return parse_item(path.name, text)
