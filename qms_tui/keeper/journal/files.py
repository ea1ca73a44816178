"""A journal's files: their names, making one, and what may be pruned."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from qms_tui.files import make_file, open_regular_file

_NAME = re.compile(r"([0-9]{8,19})\.journal")


def numbers(folder: Path | int) -> list[int]:
    """Of the files of the journal in a folder (or its descriptor), oldest first. Raises OSError."""
    return sorted(int(match[1]) for name in os.listdir(folder) if (match := _NAME.fullmatch(name)))


def file_name(number: int) -> str:
    """Sorts as the numbers do."""
    return f"{number:08}.journal"


def open_segment(folder: Path, number: int) -> int:
    """A descriptor for reading. Raises OSError, also for what is not a regular file."""
    return open_regular_file(folder / file_name(number))


class Position(NamedTuple):
    """Where a journal ends: its newest file's number, and that file's size in bytes."""

    number: int = 0
    size: int = 0


def last_position(folder: Path) -> Position:
    """Of the journal in a folder; zeros where there is none."""
    try:
        number = max(numbers(folder), default=0)
        return Position(number, (folder / file_name(number)).lstat().st_size) if number else Position()
    except OSError:
        return Position()


@dataclass(slots=True)
class SegmentFile:
    """A file that is being written, and how long it is as far as it is whole."""

    folder: int
    number: int
    descriptor: int
    size: int = 0

    @classmethod
    def new(cls, folder: int) -> SegmentFile:
        """The file after the newest one in a folder (its descriptor stays the caller's). Raises OSError."""
        number = max(numbers(folder), default=0) + 1
        return cls(folder, number, make_file(file_name(number), folder))

    def append(self, data: bytes) -> None:
        """Write all of it, at once, or nothing. Raises OSError.

        One write(2) and no fsync: what has been written outlives a kill -9 of us, and a crash of the whole
        machine, which it may not outlive, ends the agents too. An fsync costs milliseconds, per read.
        """
        view = memoryview(data)
        try:
            if not os.fstat(self.descriptor).st_nlink:
                raise OSError(errno.ENOENT, "the file was deleted")
            while view:
                view = view[os.write(self.descriptor, view) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self.descriptor, self.size)
            raise
        self.size += len(data)

    def close(self) -> None:
        """No more is written to it."""
        with contextlib.suppress(OSError):
            os.close(self.descriptor)

    def discard(self) -> None:
        """It could not be begun."""
        self.close()
        with contextlib.suppress(OSError):
            os.unlink(file_name(self.number), dir_fd=self.folder)


def prune(folder: int, newest: int, room: int) -> None:
    """Remove the oldest files until those older than `newest` have `room` bytes at most. Raises OSError."""
    for number in reversed(numbers(folder)):
        if number >= newest:
            continue
        name = file_name(number)
        room -= os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
        if room < 0:
            os.unlink(name, dir_fd=folder)
