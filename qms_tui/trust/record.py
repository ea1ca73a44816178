"""What the user has answered for one project, and for which bytes: a small file per project.

Whatever is wrong with the file, nothing is trusted then, and the user is asked again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

from qms_tui.config.files import PROJECT_FILE
from qms_tui.errors import QmsTuiError, state_remedy
from qms_tui.files import locked, open_or_make_file, read_regular_file, replace_file
from qms_tui.remembered import project_of
from qms_tui.text.names import path_word

LARGEST = 16 * 2**20  # bytes of a record: as many texts as are judged
LARGEST_TEXT = 64 * 2**10  # bytes of a file that are kept for the next diff
LARGEST_FIRST_EDITION = 4 * 2**20  # bytes of the one file that the first edition kept
LOCK = ".lock"
_log = logging.getLogger(__name__)


class Answer(StrEnum):
    """What a human has said of a project."""

    TRUST = "trust"
    LOOK_ONLY = "look only"


@dataclass(frozen=True, slots=True)
class FolderIdentity:
    """Which folder a path stands for, whatever is in it: its file system's id and its inode.

    A device number would not do: many file systems get another one at every mount.
    """

    filesystem: int
    inode: int

    @classmethod
    def of(cls, folder: int | Path) -> FolderIdentity:
        """The identity of a folder, by its descriptor or its path. Raises OSError."""
        return cls(os.statvfs(folder).f_fsid, os.stat(folder).st_ino)


class FileRecord(Struct, frozen=True):
    """A file as it was judged: its SHA-256, and its text if that is short enough for a diff."""

    sha256: str
    text: str | None = None

    @classmethod
    def of(cls, content: bytes) -> FileRecord:
        """The record of a file with this content."""
        text = None
        if len(content) <= LARGEST_TEXT:
            try:
                text = content.decode()
            except UnicodeDecodeError:
                text = None
        return cls(hashlib.sha256(content).hexdigest(), text)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of the project at `root`.

    Attributes:
        folder: which folder that path stood for when the user answered; None from the first edition.
        answer: None if nobody has answered yet.
        files: the files that were judged, by their path in the project.
        named: the kinds of what is not covered that were named to the user.
        folders: the agents' config folders that were made here or adopted.
    """

    root: Path
    folder: FolderIdentity | None = None
    answer: Answer | None = None
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    folders: Mapping[str, FolderIdentity] = field(default_factory=dict)
    named: frozenset[str] = frozenset()

    def with_folder(self, agent: str, identity: FolderIdentity) -> Record:
        """The same, knowing one more config folder."""
        return replace(self, folders={**self.folders, agent: identity})


class TrustStore:
    """The records of one user, in a folder that only the user may enter."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of_user(cls) -> TrustStore:
        """The store of whoever runs this."""
        import platformdirs

        return cls(platformdirs.user_state_path("qms-tui") / "trust")

    def path(self, root: Path) -> Path:
        """The file of the project at `root` (absolute, free of links)."""
        return self._folder / f"{path_word(root, leading='.')}.json"

    def read(self, root: Path) -> Record | None:
        """The record of the project at `root`; None if there is none that makes sense."""
        path = self.path(root)
        try:
            return _record(root, json.loads(read_regular_file(path, LARGEST)))
        except FileNotFoundError:
            return self._first_edition(root)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            _log.warning("%s is broken, the project is not trusted: %r", path, error)
            return None

    def earlier_roots(self, root: Path, folder: FolderIdentity) -> list[Path]:
        """Other paths that stood for that folder when the user answered, and do no longer."""
        records = [
            self.read(Path(each)) for each in map(project_of, sorted(self._folder.glob("*.json"))) if each
        ]
        known = (record.root for record in records if record is not None and record.folder == folder)
        return [each for each in known if each != root and not _stands_for(each, folder)]

    def write(self, record: Record) -> None:
        """Remember a record, whole or not at all. Raises QmsTuiError if it cannot be written."""
        path = self.path(record.root)
        try:
            self._make_folder()
            replace_file(path, json.dumps(_document(record)).encode(), durable=True)
        except OSError as error:
            raise _unwritable(path, error) from error

    def remember(self, record: Record) -> Record:
        """Write a record with the config folders that others have made meanwhile. Raises QmsTuiError."""
        with self.locked():
            if known := self.read(record.root):
                record = replace(record, folders={**known.folders, **record.folders})
            self.write(record)
        return record

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else changes a record meanwhile. Raises QmsTuiError."""
        path = self._folder / LOCK
        try:
            self._make_folder()
            descriptor = open_or_make_file(path)
        except OSError as error:
            raise _unwritable(path, error) from error
        with locked(descriptor):
            yield

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)

    def _first_edition(self, root: Path) -> Record | None:
        """The first edition trusted one file of a project, and kept its hash in `trust.json`."""
        path = self._folder.with_suffix(".json")
        try:
            digest = json.loads(read_regular_file(path, LARGEST_FIRST_EDITION))["projects"][str(root)]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return Record(root, answer=Answer.TRUST, files={PROJECT_FILE: FileRecord(str(digest))})


def _stands_for(root: Path, folder: FolderIdentity) -> bool:
    try:
        return FolderIdentity.of(root) == folder
    except OSError:
        return False


def _document(record: Record) -> dict[str, Any]:
    return {
        "version": 2,
        "project": str(record.root),
        "folder": _numbers(record.folder),
        "answer": record.answer,
        "files": {path: {"sha256": file.sha256, "text": file.text} for path, file in record.files.items()},
        "folders": {agent: _numbers(folder) for agent, folder in record.folders.items()},
        "named": sorted(record.named),
    }


def _record(root: Path, document: Any) -> Record:
    """Raises KeyError, TypeError, ValueError or AttributeError for what this module does not write."""
    if document["version"] != 2 or document["project"] != str(root):
        raise ValueError("not a record of this project")
    return Record(
        root,
        _identity(document["folder"]),
        Answer(document["answer"]) if document["answer"] is not None else None,
        {str(path): _file(value) for path, value in document["files"].items()},
        {str(agent): FolderIdentity(*map(int, numbers)) for agent, numbers in document["folders"].items()},
        frozenset(map(str, document["named"])),
    )


def _file(value: Any) -> FileRecord:
    text = value["text"]
    return FileRecord(str(value["sha256"]), text if isinstance(text, str) else None)


def _identity(numbers: Any) -> FolderIdentity | None:
    return FolderIdentity(*map(int, numbers)) if numbers is not None else None


def _numbers(folder: FolderIdentity | None) -> list[int] | None:
    return [folder.filesystem, folder.inode] if folder else None


def _unwritable(path: Path, error: OSError) -> QmsTuiError:
    return QmsTuiError(
        f"{path}: cannot be written: {error.strerror}",
        hint=state_remedy(error, "what you trust is kept there; check the folder's permissions"),
    )
