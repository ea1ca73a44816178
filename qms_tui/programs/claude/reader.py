"""Reads what an agent's own folder says, again and again, cheaply and without trusting it. Blocking.

The folder is the agent's: it may plant links, pipes or huge files there, replace it, or change it a thousand
times a second. So nothing is watched, which would let it set our pace: a few files are looked at by number,
time and size, and read if those are new; regular files only, at most `LARGEST` bytes, no link followed.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from qms_tui.activity import parse
from qms_tui.activity.parse import Garbled
from qms_tui.activity.sessions import agents_own, in_background
from qms_tui.activity.values import NOT_ALLOWED, Birth, Report, Session, Waiter
from qms_tui.errors import ProjectError
from qms_tui.files import read_regular_file
from qms_tui.project import Project
from qms_tui.runtime.config_folder import ConfigFolder, container_folder
from qms_tui.runtime.logins import CREDENTIALS, SETTINGS, OwnLogin

LARGEST = 64 * 1024  # bytes of a file that are read
MOST_SESSIONS = 64  # files of the registry that are looked at
RACY = 50_000_000  # nanoseconds after a write in which another may leave the same mark, as in git's index
MOST_TRIES = 10  # times that a file which makes no sense is read before it has to change
SLOW = 0.5  # seconds between two looks at what nobody waits for
REOPEN = 2.0  # seconds after which folders that are there are opened anew: they may have been replaced
_SESSION = re.compile(r"[0-9]{1,10}\.json")
Mark = tuple[int, int, int]
T = TypeVar("T")


@dataclass(slots=True)
class _File:
    """What was read last from a file, and from which state of it."""

    mark: Mark | None = None
    value: Any = None
    tries: int = 0
    garbled: bool = False
    """Whether it made no sense when it was read last."""


class Reader:
    """One agent's folder. Not for two threads at once."""

    def __init__(self, project: Project, agent: str, folder: ConfigFolder | None = None) -> None:
        """`folder` is the agent's own: that of its container, unless another is given."""
        self._own = folder or container_folder(project, agent)
        self._config: int | None = None  # descriptors of folders
        self._ours: int | None = None
        self._sessions: int | None = None
        self._opened_at = self._slow_at = float("-inf")
        self._slow = Report()
        self._names: tuple[str, ...] = ()
        self._files: dict[str, _File] = {}
        self._report = Report()
        self._gone = 0.0
        self._trouble, self._forbidden = "", False
        self._inbox = project.folders(agent).inbox
        self._inbox_now: tuple[int, int] | None = None  # device and number; None if there is none

    def read(self, now: float) -> Report:
        """What is there; the very same object if nothing is new. `now` is monotonic."""
        if self._sessions is None or now - self._opened_at >= REOPEN:
            self._open(now)
        if now - self._slow_at >= SLOW:
            self._slow_at = now
            self._read_slow()
        birth = self._value(self._ours, "identity.json", parse.birth, None)
        session, others, garbled = self._registry(birth)
        if session is not None or birth != self._report.birth:
            self._gone = 0.0
        elif self._report.session is not None:
            self._gone = time.time()
        report = replace(
            self._slow,
            birth=birth,
            session=session,
            others=others,
            garbled=garbled,
            gone=self._gone,
            hooks=self._value(self._ours, "hooks.jsonl", parse.hooks, ()),
            trouble=self._trouble,
            forbidden=self._forbidden,
        )
        if report != self._report:
            self._report = report
        return self._report

    def _read_slow(self) -> None:
        """What nobody waits for."""
        waiter = self._value(self._ours, "waiter.json", parse.waiter, None)
        self._slow = Report(
            waiter=waiter,
            meter=self._value(self._ours, "status.json", parse.meter, None),
            announced=self._value(self._ours, "announced.json", parse.announced, Report().announced),
            inbox_replaced=self._is_replaced(waiter),
            own_login=self._written(CREDENTIALS),
            credentials=self._credentials(),
            settings_login=self._value(self._config, SETTINGS, parse.settings_login, ""),
        )

    def _written(self, name: str) -> float:
        """When a file was; 0 if there is none."""
        try:
            return _mark(self._config, name)[1] / 1e9
        except OSError:
            return 0.0

    def _credentials(self) -> OwnLogin | None:
        """Until when the client's login holds; nothing else of it leaves this function."""
        found: OwnLogin | None = self._value(self._config, CREDENTIALS, parse.own_login, None)
        return replace(found, at=self._written(CREDENTIALS)) if found is not None and found.usable else found

    def close(self) -> None:
        """Let go of the folders; idempotent."""
        for descriptor in (self._config, self._ours, self._sessions):
            if descriptor is not None:
                os.close(descriptor)
        self._config = self._ours = self._sessions = None

    def _open(self, now: float) -> None:
        self.close()
        self._opened_at = now
        trouble, forbidden = "", False
        try:
            self._config = self._folder()
            self._ours = self._folder("qms-tui")
            self._sessions = self._folder("sessions")
            self._names = self._listed()
        except PermissionError:
            trouble, forbidden = NOT_ALLOWED, True
        except (OSError, ProjectError) as error:
            trouble = str(error)
        self._trouble, self._forbidden = trouble, forbidden
        try:
            status = os.stat(self._inbox, follow_symlinks=False)
            self._inbox_now = status.st_dev, status.st_ino
        except OSError:
            self._inbox_now = None

    def _is_replaced(self, waiter: Waiter | None) -> bool:
        """Whether what is mounted in the container is no longer the inbox, as a removed folder is not.

        Another device says nothing: between machines, virtual ones too, the numbers differ anyway.
        """
        if waiter is None or waiter.inbox is None or not waiter.armed or self._inbox_now is None:
            return False
        device, number, links = waiter.inbox
        return links == 0 or (device == self._inbox_now[0] and number != self._inbox_now[1])

    def _folder(self, *names: str) -> int | None:
        """A descriptor; None if there is no such folder yet."""
        try:
            with self._own.open(*names) as descriptor:
                return os.dup(descriptor)
        except FileNotFoundError:
            return None

    def _listed(self) -> tuple[str, ...]:
        if self._sessions is None:
            return ()
        found = []
        with os.scandir(self._sessions) as entries:
            for number, entry in enumerate(entries):
                if number == 4 * MOST_SESSIONS:
                    break
                if _SESSION.fullmatch(entry.name):
                    found.append(entry.name)
        return tuple(sorted(found)[:MOST_SESSIONS])

    def _registry(self, birth: Birth | None) -> tuple[Session | None, tuple[Session, ...], bool]:
        """The agent's own session, the others in the background, and whether its registry makes no sense.

        Its own is that of the process which the entrypoint became, else the newest.
        """
        main: Session | None = None
        if birth is not None:
            name = f"{birth.pid}.json"
            main = self._value(self._sessions, name, parse.session, None)
            if main is None:
                return None, (), self._files[name].garbled
        found = [self._value(self._sessions, name, parse.session, None) for name in self._names]
        sessions = [one for one in found if one is not None]
        own = agents_own(main, sessions)
        if own is None:
            return None, (), any(self._files[name].garbled for name in self._names)
        return own, in_background(main or own, own, sessions), False

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


def _mark(folder: int | None, name: str) -> Mark:
    if folder is None:
        raise FileNotFoundError(name)
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", name)
    return status.st_ino, status.st_mtime_ns, status.st_size
