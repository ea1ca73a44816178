"""Where else on this machine a file or folder is seen: bind mounts show one under several paths.

Two paths of the same thing have different parents, so what lies in what is told by device and inode of each
parent, under each of the paths, and never by names.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct

MOUNTS = Path("/proc/self/mountinfo")  # see proc(5)
Identity = tuple[int, int]  # device and inode
_ESCAPE = re.compile(rb"\\([0-7]{3})")


class View(Struct, frozen=True):
    """A mount of this machine: which folder of which file system it shows, and where.

    Texts, which are compared ten times as fast as paths: every start of an agent compares hundreds.
    """

    device: bytes
    shown: str
    place: str
    kind: bytes = b""
    """The kernel's word for its file system."""


def views(mounts: Path = MOUNTS) -> tuple[View, ...]:
    """Every mount; none on a system that does not list them, which has no bind mounts either."""
    if sys.platform != "linux":
        return ()
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:
        return ()
    rows = (line.split(b" ") for line in lines)
    return tuple(View(row[2], _text(row[3]), _text(row[4]), _kind(row)) for row in rows if len(row) > 4)


def _kind(row: Sequence[bytes]) -> bytes:
    """It stands behind a lone hyphen, after fields whose number varies."""
    return row[row.index(b"-") + 1] if b"-" in row[6:-1] else b""


def process_views(among: Sequence[View]) -> list[View]:
    """Mounts that show the processes of this machine: through /proc/PID/root each shows all files again."""
    return [view for view in among if view.kind == b"proc"]


def _text(field: bytes) -> str:
    return os.fsdecode(_ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), field))


def _below(path: str, folder: str) -> str | None:
    """The rest of the path, with its slash; None if it is not in the folder."""
    folder = folder.rstrip("/")
    return path[len(folder) :] if path == folder or path.startswith(f"{folder}/") else None


def paths(path: Path, among: Sequence[View]) -> list[Path]:
    """The real path, every other one that it is seen under, and where parts of it are mounted alone.

    The path itself may be missing.
    """
    real = os.path.realpath(path)
    around = [view for view in among if _below(real, view.place) is not None]
    if not around:
        return [Path(real)]
    deepest = max(len(view.place) for view in around)
    own = [view for view in around if len(view.place) == deepest][-1]  # of several the last is seen
    stored = own.shown.rstrip("/") + (_below(real, own.place) or "")
    seen = [Path(real)]
    for view in among:
        if view.device != own.device:
            continue
        rest = _below(stored, view.shown)
        if rest is not None:
            other = Path(view.place.rstrip("/") + rest)
            if identity(other) == identity(seen[0]):  # else another mount covers it
                seen.append(other)
        elif _below(view.shown, stored) is not None:
            seen.append(Path(view.place))  # a part of it
    return list(dict.fromkeys(seen))


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
