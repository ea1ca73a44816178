"""The user ids under which agents of root's projects run: no account has them, and no two projects the same.

Root's files are closed to such an agent, and what it writes belongs to nobody else. An id is chosen when a
project is first asked for one, and remembered in the user's state folder, by the project's path and by its
folder's device and inode: a project that moves keeps it. Entries of projects that are gone stay until there
are too many: what their agents have left somewhere shall not become another project's.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from qms_tui.errors import ProjectError, state_remedy
from qms_tui.files import locked, make_own_folder, read_regular_file, replace_file
from qms_tui.ownership import SPANS, has_account

FILE = "account_ids.json"
MOST = 1000  # projects that are remembered
LARGEST = 8 * 2**20  # bytes: as many paths of 4,096 bytes, written as JSON
TRIES = 1000  # ids of a span that are tried
RANGES = (Path("/etc/subuid"), Path("/etc/subgid"))  # of users' own containers: NAME:FIRST:COUNT
MAPS = (Path("/proc/self/uid_map"), Path("/proc/self/gid_map"))  # in a user namespace: FIRST OUTSIDE COUNT
LOGIN_DEFS = Path("/etc/login.defs")  # where useradd's ranges are
LONGEST_TABLE = 2**20  # bytes that are read of one of those
_LIMIT = re.compile(r"^\s*((?:SYS_|SUB_)?[UG]ID_(?:MIN|MAX))\s+(\d+)\s*$", re.MULTILINE)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A project's id; `device` and `inode` are those of its root."""

    project: str
    device: int
    inode: int
    id: int


def account_id(root: Path) -> int:
    """The id of the project's agents, chosen and remembered if it has none.

    Raises ProjectError if it cannot be remembered, OSError if the project is gone.
    """
    status = root.stat()
    path = _folder() / FILE
    try:
        entries = _read(path)
        mine = _entry(entries, root, status)
        if mine is not None and (mine.project, mine.inode) == (str(root), status.st_ino):
            return mine.id
        make_own_folder(path.parent)
        # Nobody else chooses meanwhile.
        with locked(os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)):
            entries = _read(path)
            mine = _entry(entries, root, status)
            number = mine.id if mine else _free_id({entry.id for entry in entries})
            others = [entry for entry in entries if entry != mine]
            if len(others) >= MOST:
                others = [entry for entry in others if os.path.exists(entry.project)][-MOST:]
            entries = [*others, Entry(str(root), status.st_dev, status.st_ino, number)]
            replace_file(path, json.dumps([asdict(entry) for entry in entries]).encode())
    except OSError as error:
        raise ProjectError(
            f"{path}: {error.strerror}",
            hint=state_remedy(
                error,
                "as which user agents of root's project run is kept there: make it readable",
            ),
        ) from error
    return number


def _folder() -> Path:
    import platformdirs

    return platformdirs.user_state_path("qms-tui")


def _entry(entries: Sequence[Entry], root: Path, status: os.stat_result) -> Entry | None:
    """By its folder if that is known, wherever it is now; else by its path, where it was restored."""
    same = [entry for entry in entries if (entry.device, entry.inode) == (status.st_dev, status.st_ino)]
    same += [entry for entry in entries if entry.project == str(root)]
    return next(iter(same), None)


def _free_id(used: Collection[int]) -> int:
    taken, mapped = [*_ranges(), *_login_ranges()], [list(_mapped(path)) for path in MAPS]
    for span in SPANS:
        for _ in range(TRIES):
            number = span[secrets.randbelow(len(span))]
            free = number not in used and not any(number in one for one in taken)
            there = all(any(number in one for one in ranges) for ranges in mapped if ranges)
            if free and there and not has_account(number):
                return number
    raise ProjectError(
        "no user id is free for the agents of root's project",
        hint="accounts, /etc/subuid and /etc/login.defs leave none; or give the project to a user: chown -R",
    )


def _ranges() -> Iterator[range]:
    for path in RANGES:
        for line in _text(path).splitlines():
            fields = line.split(":")
            if len(fields) == 3 and fields[1].isdecimal() and fields[2].isdecimal():
                yield range(int(fields[1]), int(fields[1]) + int(fields[2]))


def _mapped(path: Path) -> Iterator[range]:
    """What is an id at all in this user namespace; nothing where there are none."""
    for line in _text(path).splitlines():
        first, _, count = map(int, line.split())
        yield range(first, first + count)


def _login_ranges() -> Iterator[range]:
    """What useradd and groupadd choose from on this machine."""
    limits = {name: int(value) for name, value in _LIMIT.findall(_text(LOGIN_DEFS))}
    for kind in ("UID", "GID", "SYS_UID", "SYS_GID", "SUB_UID", "SUB_GID"):
        first, last = limits.get(f"{kind}_MIN"), limits.get(f"{kind}_MAX")
        if first is not None and last is not None:
            yield range(first, last + 1)


def _text(path: Path) -> str:
    try:
        with open(path, "rb") as stream:
            return stream.read(LONGEST_TABLE).decode("ascii", "replace")
    except FileNotFoundError:
        return ""


def _read(path: Path) -> list[Entry]:
    """What is remembered; nothing without a file, and nothing if it is broken: then ids are chosen again."""
    try:
        content = read_regular_file(path, LARGEST)
    except FileNotFoundError:
        return []
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        content = b""  # a pipe or device, which is replaced
    try:
        return [_checked(row) for row in json.loads(content)]
    except (ValueError, TypeError, RecursionError) as error:
        _log.warning("%s is broken, ids are chosen again: %r", path, error)
        return []


def _checked(row: dict[str, object]) -> Entry:
    """Raises TypeError or ValueError for what this module does not write."""
    entry = Entry(**row)  # type: ignore[arg-type]
    numbers = (entry.device, entry.inode, entry.id)
    if not isinstance(entry.project, str) or not all(type(number) is int for number in numbers):
        raise ValueError("not an entry")
    if not any(entry.id in span for span in SPANS):
        raise ValueError(f"{entry.id} is no id of ours")
    return entry
