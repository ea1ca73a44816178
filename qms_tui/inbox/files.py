"""Looking into an inbox without being led out of it, held up or flooded.

Folders are reached component by component, files relative to their folder's descriptor. A link, FIFO or
device is never opened. A file of 1 GB costs one read of 64 kB.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from qms_tui import files
from qms_tui.files import closing, open_below, open_regular_file
from qms_tui.inbox.item import Identity
from qms_tui.inbox.item_reader import MOST_READ, is_item_name

MOST_ENTRIES = 200_000  # of a folder that are looked at: a scan of that many takes a second or two
MOST_ITEMS = 50_000  # of an inbox: some 50 MB here, and more than anybody works off


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file as one look found it; times in nanoseconds of the file system's clock."""

    identity: Identity
    size: int
    written: int
    changed: int
    regular: bool = True

    @property
    def content(self) -> tuple[int, int]:
        """Differs if the file was written to in between, as well as two looks can tell."""
        return self.size, self.written


class Listing(Struct, frozen=True):
    """All files of a folder that are items; `complete` is False if there were too many."""

    files: dict[str, Sighting]
    complete: bool = True


@contextmanager
def open_folder(path: Path) -> Iterator[int]:
    """A descriptor of an absolute folder, no component of its path being a link. Raises OSError."""
    with open_below("/", path.parts[1:-1], search=True) as parent:
        descriptor = files.open_folder(path.name or "/", parent)
    with closing(descriptor):
        yield descriptor


@contextmanager
def open_nearest(path: Path) -> Iterator[tuple[int, str]]:
    """The nearest folder above `path` that is there, and what is missing in it. Raises OSError."""
    for depth in range(len(path.parts) - 1, 0, -1):
        try:
            reached = open_below("/", path.parts[1:depth], search=True)
            descriptor = reached.__enter__()
        except OSError:
            continue
        try:
            yield descriptor, path.parts[depth]
        finally:
            reached.__exit__(None, None, None)
        return
    raise FileNotFoundError(f"{path}: nothing of it is there")


def identity(descriptor: int) -> Identity:
    """Which folder or file a descriptor is of."""
    status = os.fstat(descriptor)
    return Identity(status.st_dev, status.st_ino)


def list_items(folder: int) -> Listing:
    """Every file with an item's name. Raises OSError."""
    items: dict[str, Sighting] = {}
    with os.scandir(folder) as entries:
        for count, entry in enumerate(entries):
            if count >= MOST_ENTRIES or len(items) >= MOST_ITEMS:
                return Listing(items, complete=False)
            if is_item_name(entry.name) and (sighting := look(folder, entry.name)):
                items[entry.name] = sighting
    return Listing(items)


def look(folder: int, name: str) -> Sighting | None:
    """The file of that name; None if there is none, or a folder. Raises OSError for what cannot be told."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return None
    return Sighting(
        Identity(status.st_dev, status.st_ino),
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        stat.S_ISREG(status.st_mode),
    )


def read_start(folder: int, name: str, sighting: Sighting) -> bytes | None:
    """The first 64 kB; None for what is not a regular file, may not be read, or has become another file."""
    if not sighting.regular:  # opening a FIFO would already let a writer go on
        return None
    try:
        with open(open_regular_file(name, folder), "rb", buffering=0) as stream:
            return stream.read(MOST_READ) if identity(stream.fileno()) == sighting.identity else None
    except OSError:
        return None
