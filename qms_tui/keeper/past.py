"""What an earlier keeper knew of an agent, from its journal."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from msgspec import Struct

from qms_tui.files import read_regular_file, replace_file
from qms_tui.keeper.journal.reader import latest, read_entries, read_segments, replay
from qms_tui.keeper.journal.records import Output
from qms_tui.terminal import Terminal

_log = logging.getLogger(__name__)

CONTAINER, TAIL = "container", "tail"
_LONGEST_ID = 128  # bytes of a container's id; the engines' have 64


class Past(Struct, frozen=True):
    """The terminal as it was, whose, its newest output, and when that was (seconds since 1970)."""

    terminal: Terminal
    container: str
    tail: bytes
    until: float


def read_past(folder: Path, tail: int) -> Past | None:
    """What the journal in `folder` says, with at most `tail` bytes of output; None if it says nothing."""
    try:
        found = latest(folder, say=_log.warning)
    except OSError as error:
        _log.warning("the journal cannot be read: %s", error)
        return None
    if found is None:
        return None
    replay(found.terminal, found.entries)
    found.terminal.take_events()
    return Past(found.terminal, _container(folder), _tail(folder, tail), found.wall)


def note_container(folder: Path, container: str) -> None:
    """Remember of which container the journal is from here on; without it a gap cannot be mended."""
    _note(folder / CONTAINER, container.encode())
    with contextlib.suppress(OSError):
        (folder / TAIL).unlink(missing_ok=True)


def note_tail(folder: Path, tail: bytes) -> None:
    """Remember the newest output where the journal begins anew, with a state only."""
    _note(folder / TAIL, tail)


def _note(path: Path, content: bytes) -> None:
    try:
        replace_file(path, content)
    except OSError as error:
        _log.warning("%s", error)
        with contextlib.suppress(OSError):
            path.unlink()  # what stands there holds no longer


def _container(folder: Path) -> str:
    try:
        return read_regular_file(folder / CONTAINER, _LONGEST_ID).decode()
    except (OSError, ValueError):
        return ""


def _tail(folder: Path, most: int) -> bytes:
    """The newest output; the newest file alone may have too little."""
    entries = read_entries(read_segments(folder)[-2:])
    tail = bytearray(_noted_tail(folder, most))
    for entry in entries:
        if isinstance(entry.fact, Output):
            tail += entry.fact.data
            del tail[:-most]
    return bytes(tail)


def _noted_tail(folder: Path, most: int) -> bytes:
    try:
        return read_regular_file(folder / TAIL, most)
    except OSError:
        return b""
