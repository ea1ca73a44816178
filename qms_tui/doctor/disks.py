"""Where qms-tui and the project keep files: whether they can be written, and whether there is room."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from qms_tui.doctor.finding import Finding, error, ok, warning
from qms_tui.errors import remedy, state_remedy

LEAST_ROOM = 50 * 2**20  # bytes: what agents print, a few conversations
LEAST_FILES = 500
_OTHERWISE = "look at it"


def disks(root: Path | None, state: Path) -> Iterator[Finding]:
    """The state folder, which need not be there yet, and the project's own disk."""
    yield _judged("state", state, "qms-tui keeps its files in")
    if root is not None:
        yield _judged("project", root, "items and documents are written to")


def _judged(subject: str, folder: Path, meaning: str) -> Finding:
    hint = state_remedy if subject == "state" else remedy
    try:
        here = _nearest(folder)
        status = os.statvfs(here)
        if status.f_flag & os.ST_RDONLY:
            raise _error(errno.EROFS)
        if subject == "state" and not os.access(here, os.W_OK | os.X_OK):
            raise _error(errno.EACCES)
    except OSError as why:
        return error(subject, f"{meaning} {folder}: {why.strerror}", hint(why, _OTHERWISE))
    free = status.f_bavail * status.f_frsize
    said = f"{meaning} {folder}: {free // 2**20:,} MB free"
    full = _error(errno.ENOSPC)
    if free < status.f_frsize or (status.f_files and not status.f_favail):
        return error(subject, f"{meaning} {folder}: {full.strerror}", hint(full, _OTHERWISE))
    if free < LEAST_ROOM or 0 < status.f_favail < LEAST_FILES:
        return warning(subject, said, hint(full, _OTHERWISE))
    return ok(subject, said)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _nearest(folder: Path) -> Path:
    """The folder, or the first above it that is there. Raises OSError for what is none."""
    for each in (folder, *folder.parents):
        try:
            mode = os.stat(each).st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(mode):
            raise _error(errno.ENOTDIR)
        return each
    return Path("/")
