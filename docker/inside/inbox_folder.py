"""The files of the agent's inbox, looked at again and again."""

from __future__ import annotations

import os
import stat
import time

from item_reader import is_item_name

SETTLE = 0.15  # seconds for which a file must stay as it is: it is made first and written then
PATIENCE = 2.0  # seconds after which what has settled is announced, whatever else still comes
LIST_SECONDS = 2.0  # between looks at all files, whatever the folder's time of change says
LIST_SHARE = 300  # times the time that such a look takes, in a folder that has many files
MOST_FILES = 10_000  # that are looked at


class Sighting:
    """A file as a look found it; `since` is when it was first found so, in seconds of the monotonic clock."""

    def __init__(self, status: os.stat_result, since: float) -> None:
        self.inode = str(status.st_ino)
        self.identity = f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"
        self.since = since


class Inbox:
    """What lies in a folder. `changed` is the folder's own time of change at the last look, in nanoseconds.

    `folder` is its device, inode and number of links, None while there is none. A folder that was replaced
    while it is mounted here has no link any more, and gets no files.
    """

    def __init__(self, path: str, changed: int) -> None:
        self.path = path
        self.changed = changed
        self.relisted = False
        self.folder: list[int] | None = None
        self.files: dict[str, Sighting] = {}
        self._due = 0.0
        self._moved = False  # the last look found a file that had just changed: it is to be seen settled

    @property
    def is_there(self) -> bool:
        """Whether what is not among the files is not in the inbox."""
        return self.folder is not None and self.folder[2] > 0

    def look(self, now: float) -> bool:
        """Look if there may be something new; `relisted` says whether files can have come or gone."""
        try:
            status = os.stat(self.path)
            self.folder = [status.st_dev, status.st_ino, status.st_nlink]
        except OSError:
            self.folder, self.files = None, {}
            return False
        self.relisted = status.st_mtime_ns != self.changed
        if not self.relisted and now < self._due and not self._moved:
            return False
        self.changed = status.st_mtime_ns
        self.files = self._list(now)
        self._due = now + max(LIST_SECONDS, LIST_SHARE * (time.monotonic() - now))
        self._moved = self.is_unsettled(now)
        return True

    def is_unsettled(self, now: float) -> bool:
        """Whether a file has changed a moment ago."""
        return any(now - sighting.since < SETTLE for sighting in self.files.values())

    def settled(self, names: list[str], now: float) -> list[str]:
        """Those to announce now: all when nothing moves any more, some when others go on for too long."""
        ages = {name: now - self.files[name].since for name in names}
        if self.is_unsettled(now) and max(ages.values(), default=0.0) < PATIENCE:
            return []
        return [name for name in names if ages[name] >= SETTLE]

    def _list(self, now: float) -> dict[str, Sighting]:
        found: dict[str, Sighting] = {}
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if is_item_name(entry.name) and (sighting := self._seen(entry, now)):
                        found[entry.name] = sighting
                    if len(found) >= MOST_FILES:
                        break
        except OSError:
            return self.files
        return found

    def _seen(self, entry: os.DirEntry[str], now: float) -> Sighting | None:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return None
        if stat.S_ISDIR(status.st_mode):
            return None
        sighting = Sighting(status, now)
        before = self.files.get(entry.name)
        return before if before and before.identity == sighting.identity else sighting
