"""Where else on this machine a file or folder is seen: bind mounts show one under several paths.

Two paths of the same thing have different parents, so what lies in what is told by device and inode of each
parent, under each of the paths, and never by names.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MOUNTS = Path("/proc/self/mountinfo")  # see proc(5)
Identity = tuple[int, int]  # device and inode
_ESCAPE = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class View:
    """A mount of this machine: which folder of which file system it shows, and where."""

    device: bytes
    shown: Path
    place: Path


def views(mounts: Path = MOUNTS) -> tuple[View, ...]:
    """Every mount; none on a system that does not list them, which has no bind mounts either."""
    if sys.platform != "linux":
        return ()
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:
        return ()
    rows = (line.split(b" ") for line in lines)
    return tuple(View(row[2], _path(row[3]), _path(row[4])) for row in rows if len(row) > 4)


def _path(field: bytes) -> Path:
    return Path(os.fsdecode(_ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), field)))


def paths(path: Path, among: Sequence[View]) -> list[Path]:
    """The real path, every other one that it is seen under, and where parts of it are mounted alone.

    The path itself may be missing.
    """
    real = Path(os.path.realpath(path))
    around = [view for view in among if real.is_relative_to(view.place)]
    if not around:
        return [real]
    deepest = max(len(view.place.parts) for view in around)
    own = [view for view in around if len(view.place.parts) == deepest][-1]  # of several the last is seen
    stored = own.shown / real.relative_to(own.place)
    same = [view for view in among if view.device == own.device]
    others = [
        view.place / stored.relative_to(view.shown) for view in same if stored.is_relative_to(view.shown)
    ]
    seen = [other for other in others if identity(other) == identity(real)]  # else another mount covers it
    parts = [view.place for view in same if view.shown.is_relative_to(stored)]
    return list(dict.fromkeys([real, *seen, *parts]))


def identity(path: Path) -> Identity | None:
    """Of a file or folder, links followed; None if it cannot be looked at."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def above(path: Path) -> Iterator[tuple[Identity, PurePosixPath]]:
    """The thing itself and every folder above it, with where it lies seen from there."""
    for folder in (path, *path.parents):
        found = identity(folder)
        if found is not None:
            yield found, PurePosixPath(path.relative_to(folder))
