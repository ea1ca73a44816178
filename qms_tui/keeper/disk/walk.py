"""What folders take on disk, counted without trusting anything in them. As a program, it answers requests.

Whoever owns the folders is hostile and at work in them meanwhile. So everything is reached by descriptors, no
link is followed, nothing but folders is opened, other file systems are left out, and all that is kept or
waited for is bounded. What cannot be counted is said (`hidden`), never taken for nothing: files could be put
where nobody may list them, or deeper than anybody looks.

Standard library only: the program is started alone, without the package, at a low priority.

A request is a line of JSON, `{"folders": [[ROOT, [PART...]], ...], "most": FILES}`; so is the answer,
`{"used": BYTES, "files": FILES, "hidden": WHY}`.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

DEEPEST = 128  # folders in folders; each costs two descriptors while it is looked at
MOST_LINKED = 200_000  # files with several names that are remembered (20 MB); further ones count each time
LONGEST = 300.0  # seconds for one request
SLICE = 500  # entries between two rests
NICE = 10  # lower, an agent that keeps the processors busy could put off being counted
BLOCK = 512  # bytes, whatever the file system's own blocks are (stat(2))
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_GONE = (FileNotFoundError, NotADirectoryError)

LOCKED = "a folder is closed to us"
DEEP = f"folders lie deeper than {DEEPEST}"
SLOW = "counting took too long"
MANY = "there are too many files"
BROKEN = "a folder cannot be read"


@dataclass(frozen=True, slots=True)
class Folder:
    """`parts` below `root`; no link is followed after that."""

    root: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """Bytes on disk and files; `hidden` says why that may not be all."""

    used: int
    files: int
    hidden: str = ""


@dataclass(slots=True)
class _Level:
    """A folder that is being looked at."""

    descriptor: int
    entries: Iterator[os.DirEntry[str]]

    def close(self) -> None:
        close = getattr(self.entries, "close", None)
        if close is not None:
            close()
        os.close(self.descriptor)


class Walk:
    """Counts folders together. A file with several names counts once."""

    def __init__(
        self,
        most: int,
        clock: Callable[[], float] = time.monotonic,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        """`most`: files after which counting ends. It rests as long as it works."""
        self._most, self._clock, self._rest = most, clock, rest
        self._used = self._files = 0
        self._hidden = ""
        self._linked: set[tuple[int, int]] = set()
        self._began = self._worked = clock()

    def measure(self, folders: Sequence[Folder]) -> Measure:
        """Count them. One that is not there takes nothing."""
        for folder in folders:
            try:
                descriptor = _open_below(folder)
            except _GONE:
                continue
            except OSError:
                self._hide(BROKEN)
                continue
            self._count_tree(descriptor)
        return Measure(self._used, self._files, self._hidden)

    def _count_tree(self, descriptor: int) -> None:
        device = os.fstat(descriptor).st_dev
        self._add(os.fstat(descriptor))
        levels: list[_Level] = []
        try:
            self._enter(levels, descriptor)
            while levels and not self._is_over():
                entry = self._next(levels)
                if entry is not None:
                    self._look(levels, entry, device)
        finally:
            for level in levels:
                level.close()

    def _enter(self, levels: list[_Level], descriptor: int) -> None:
        try:
            levels.append(_Level(descriptor, os.scandir(descriptor)))
        except OSError:
            os.close(descriptor)
            self._hide(BROKEN)

    def _next(self, levels: list[_Level]) -> os.DirEntry[str] | None:
        """The next entry of the innermost folder; at its end that is left."""
        try:
            entry = next(levels[-1].entries, None)
        except OSError:
            self._hide(BROKEN)
            entry = None
        if entry is None:
            levels.pop().close()
        return entry

    def _look(self, levels: list[_Level], entry: os.DirEntry[str], device: int) -> None:
        above = levels[-1].descriptor
        try:
            status = os.stat(entry.name, dir_fd=above, follow_symlinks=False)
        except _GONE:
            return
        except OSError as error:
            self._hide(LOCKED if isinstance(error, PermissionError) else BROKEN)
            return
        if status.st_dev != device:
            return
        self._add(status)
        if stat.S_ISDIR(status.st_mode):
            self._descend(levels, entry.name, status)

    def _descend(self, levels: list[_Level], name: str, status: os.stat_result) -> None:
        if len(levels) >= DEEPEST:
            self._hide(DEEP)
            return
        try:
            below = os.open(name, _FOLDER, dir_fd=levels[-1].descriptor)
        except _GONE:
            return
        except PermissionError:
            if status.st_uid == os.geteuid():  # its owner may put something there at any time
                self._hide(LOCKED)
            return
        except OSError as error:
            if error.errno != errno.ELOOP:  # a link by now
                self._hide(BROKEN)
            return
        if os.fstat(below).st_dev != status.st_dev:
            os.close(below)
            return
        self._enter(levels, below)

    def _add(self, status: os.stat_result) -> None:
        self._files += 1
        if self._files % SLICE == 0:
            self._rest(max(0.0, self._clock() - self._worked))
            self._worked = self._clock()
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode) and self._is_known(status):
            return
        self._used += status.st_blocks * BLOCK

    def _is_known(self, status: os.stat_result) -> bool:
        which = status.st_dev, status.st_ino
        if which in self._linked:
            return True
        if len(self._linked) < MOST_LINKED:
            self._linked.add(which)
        return False

    def _is_over(self) -> bool:
        if self._files > self._most:
            self._hide(MANY)
        elif self._clock() - self._began > LONGEST:
            self._hide(SLOW)
        else:
            return False
        return True

    def _hide(self, why: str) -> None:
        self._hidden = self._hidden or why


def _open_below(folder: Folder) -> int:
    descriptor = os.open(folder.root, _FOLDER)
    try:
        for part in folder.parts:
            below = os.open(part, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def answer(line: str) -> str:
    """What to answer to a request."""
    asked = json.loads(line)
    folders = [Folder(root, tuple(parts)) for root, parts in asked["folders"]]
    return json.dumps(asdict(Walk(asked["most"]).measure(folders)))


def main() -> int:
    """Answer until nobody asks any more; the exit status."""
    os.nice(NICE)
    for line in sys.stdin:
        print(answer(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
