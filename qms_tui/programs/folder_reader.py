"""Reads what an agent's own folder says, again and again, cheaply and without trusting it. Blocking.

The folder is the agent's: it may plant links, pipes or huge files there, replace it, or change it a thousand
times a second. So nothing is watched, which would let it set our pace: a few files are looked at by number,
time and size, and read if those are new; regular files only, at most `LARGEST` bytes, no link followed.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from qms_tui.errors import ProjectError
from qms_tui.files import open_folder, read_regular_file
from qms_tui.programs import parse
from qms_tui.programs.config_folder import ConfigFolder, container_folder
from qms_tui.programs.parse import Garbled
from qms_tui.programs.report import Report
from qms_tui.programs.values import NOT_ALLOWED, Birth, Waiter
from qms_tui.project import Project

LARGEST = 64 * 1024  # bytes of a file that are read
RACY = 50_000_000  # nanoseconds after a write in which another may leave the same mark, as in git's index
MOST_TRIES = 10  # times that a file which makes no sense is read before it has to change
SLOW = 0.5  # seconds between two looks at what nobody waits for
REOPEN = 2.0  # seconds after which folders that are there are opened anew: they may have been replaced
Mark = tuple[int, int, int]
T = TypeVar("T")
R = TypeVar("R", bound=Report)


@dataclass(slots=True)
class _File:
    """What was read last from a file, and from which state of it."""

    mark: Mark | None = None
    value: Any = None
    tries: int = 0
    garbled: bool = False
    """Whether it made no sense when it was read last."""


class FolderReader(ABC, Generic[R]):
    """One agent's folder, as one program fills it. Not for two threads at once."""

    def __init__(self, project: Project, agent: str, folder: ConfigFolder | None, nothing: R) -> None:
        """`folder` is the agent's own: that of its container, unless another is given. `nothing` is what an
        empty one says."""
        self.nothing: R = nothing
        self._own = folder or container_folder(project, agent)
        self._path = str(self._own.path)
        self._config: int | None = None  # descriptors of folders
        self._ours: int | None = None
        self._number: tuple[int, int] | None = None  # device and number of the folder that is open
        self._opened_at = self._slow_at = float("-inf")
        self._files: dict[str, _File] = {}
        self._report: R = nothing
        self._trouble, self._forbidden = "", False
        self._inbox = project.folders(agent).inbox
        self._inbox_now: tuple[int, int] | None = None  # device and number; None if there is none

    def read(self, now: float) -> R:
        """What is there; the very same object if nothing is new. `now` is monotonic."""
        if now - self._opened_at >= REOPEN or self._config is None:
            self._open(now)
        elif not self._is_open():  # the folder of a program that writes nothing is looked at all the time
            self._open_more(now)
        if now - self._slow_at >= SLOW:
            self._slow_at = now
            self._read_slow()
        report = self._fresh()
        if report != self._report:
            self._report = report
        return self._report

    def close(self) -> None:
        """Let go of the folders; idempotent."""
        for descriptor in (self._config, self._ours):
            if descriptor is not None:
                os.close(descriptor)
        self._config = self._ours = None

    @abstractmethod
    def _fresh(self) -> R:
        """What is there now, with what was read of late where nobody waits for it."""

    @abstractmethod
    def _read_slow(self) -> None:
        """Read what nobody waits for."""

    def _is_open(self) -> bool:
        """Whether all folders were there the last time."""
        return self._ours is not None

    def _open_folders(self) -> None:
        """Open those that are there and not open yet. Raises OSError, ProjectError."""
        if self._ours is None:
            self._ours = self._folder("qms-tui")

    def _open(self, now: float) -> None:
        self.close()
        self._opened_at = now
        self._open_what_is_there()
        try:
            status = os.stat(self._inbox, follow_symlinks=False)
            self._inbox_now = status.st_dev, status.st_ino
        except OSError:
            self._inbox_now = None

    def _open_more(self, now: float) -> None:
        """What was missing may be there now, if the agent's folder is still the one that is open."""
        try:
            status = os.stat(self._path, follow_symlinks=False)
        except OSError:
            self._open(now)
            return
        if (status.st_dev, status.st_ino) == self._number:
            self._open_what_is_there()
        else:
            self._open(now)

    def _open_what_is_there(self) -> None:
        trouble, forbidden = "", False
        try:
            if self._config is None:
                self._open_own()
            self._open_folders()
        except PermissionError:
            trouble, forbidden = NOT_ALLOWED, True
        except (OSError, ProjectError) as error:
            trouble = str(error)
        self._trouble, self._forbidden = trouble, forbidden

    def _open_own(self) -> None:
        with suppress(FileNotFoundError), self._own.open() as descriptor:
            status = os.fstat(descriptor)
            self._number = status.st_dev, status.st_ino
            self._config = os.dup(descriptor)

    def _folder(self, name: str) -> int | None:
        """A descriptor of one in the agent's; None if there is no such folder yet."""
        try:
            return None if self._config is None else open_folder(name, self._config)
        except FileNotFoundError:
            return None

    def _birth(self) -> Birth | None:
        return self._value(self._ours, "identity.json", parse.birth, None)

    def _of_the_inbox(self) -> dict[str, Any]:
        """What tells how the agent hears of its inbox, by the report's fields."""
        waiter = self._value(self._ours, "waiter.json", parse.waiter, None)
        return {
            "waiter": waiter,
            "announced": self._value(self._ours, "announced.json", parse.announced, self.nothing.announced),
            "inbox_replaced": self._is_replaced(waiter),
        }

    def _is_replaced(self, waiter: Waiter | None) -> bool:
        """Whether what is mounted in the container is no longer the inbox, as a removed folder is not.

        Another device says nothing: between machines, virtual ones too, the numbers differ anyway.
        """
        if waiter is None or waiter.inbox is None or not waiter.armed or self._inbox_now is None:
            return False
        device, number, links = waiter.inbox
        return links == 0 or (device == self._inbox_now[0] and number != self._inbox_now[1])

    def _written(self, name: str) -> float:
        """When a file of the agent's was; 0 if there is none."""
        try:
            return _mark(self._config, name)[1] / 1e9
        except OSError:
            return 0.0

    def _value(self, folder: int | None, name: str, read: Callable[[bytes], T], missing: T) -> T:
        """What a file says; what it said before if it makes no sense now, which a torn read does not."""
        known = self._files.setdefault(name, _File(value=missing))
        try:
            mark = _mark(folder, name)
            if mark != known.mark:
                known.value = read(read_regular_file(name, LARGEST, folder))
                known.mark = mark if time.time_ns() - mark[1] > RACY else None
                known.tries, known.garbled = 0, False
        except FileNotFoundError:
            known.value, known.mark, known.garbled = missing, None, False
        except OSError:
            known.mark = None
        except Garbled:
            known.tries = (known.tries + 1) % MOST_TRIES
            known.mark = None if known.tries else mark
            known.garbled = True
        value: T = known.value
        return value

    def _is_garbled(self, name: str) -> bool:
        """Whether a file that was read made no sense."""
        return self._files[name].garbled


def _mark(folder: int | None, name: str) -> Mark:
    if folder is None:
        raise FileNotFoundError(name)
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", name)
    return status.st_ino, status.st_mtime_ns, status.st_size
