"""What is mounted where on this machine, from /proc/self/mountinfo (proc(5))."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

TABLE = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(rb"\\([0-7]{3})")


class MountPoint(Struct, frozen=True):
    """A file system and where it is mounted; `kind` as in `mount -t`, `options` those of the file system."""

    path: Path
    kind: str
    options: frozenset[str] = frozenset()

    @property
    def private(self) -> bool:
        """Whether it shows itself to nobody but the user who mounted it, root included."""
        return self.kind.partition(".")[0] in ("fuse", "fuseblk") and "allow_other" not in self.options


def mount_points(table: Path = TABLE) -> list[MountPoint]:
    """All that this process sees, one for each path; none where the machine has no such table."""
    try:
        lines = table.read_bytes().splitlines()
    except OSError:
        return []
    return list({point.path: point for point in _parsed(lines)}.values())  # the last one covers the others


def _parsed(lines: list[bytes]) -> Iterator[MountPoint]:
    for line in lines:
        before, _, after = line.partition(b" - ")
        place, system = before.split(b" "), after.split(b" ")
        if len(place) > 4 and len(system) > 2:
            options = frozenset(os.fsdecode(system[2]).split(","))
            yield MountPoint(_path(place[4]), os.fsdecode(system[0]), options)


def _path(escaped: bytes) -> Path:
    """Blanks, tabs, newlines and backslashes stand there as octal numbers."""
    return Path(os.fsdecode(_ESCAPE.sub(lambda found: bytes([int(found[1], 8)]), escaped)))
