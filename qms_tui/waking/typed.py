"""Which items have been typed to whom: a bounded file per project in the user's state folder.

Beside what was consumed (qms_tui/inbox/past.py), with the same first line, then a line of JSON per item. An
item is known by its agent, its file's name and which file that is, and only if it came before it was typed:
what was written to since, while nobody watched, is taken for a new one. Several interfaces read and write it;
whatever is wrong with a line, it is left out; not to be able to write is no reason to fail.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from qms_tui.files import locked, make_own_folder, read_regular_file, replace_file
from qms_tui.inbox import Identity, Item, Past
from qms_tui.project import AGENT_NAME

MOST = 5000  # items that are remembered, the newest
LARGEST = 16 * 2**20  # bytes: that many of the longest names, all of them escaped
_log = logging.getLogger(__name__)


class _Mark(Struct, frozen=True):
    identity: Identity
    at: float


_Marks = dict[tuple[str, str], _Mark]  # by agent and file


class Typed:
    """What has been typed for the project; without a place for the file only this interface knows."""

    def __init__(self, past: Past | None) -> None:
        self._past = past
        self._marks: _Marks = {}
        self._seen = 0, 0  # which file was read last, and as of when
        self.read()

    @property
    def path(self) -> Path | None:
        """The file."""
        return self._past.path.with_suffix(".typed.jsonl") if self._past else None

    def at(self, item: Item) -> float | None:
        """When it was typed, in seconds since 1970; None if it was not."""
        mark = self._marks.get((item.agent, item.file))
        return mark.at if mark and mark.identity == item.identity and item.arrived <= mark.at else None

    def read(self) -> None:
        """Learn what other interfaces have typed. Blocking, for a moment."""
        if self.path is None:
            return
        try:
            status = self.path.stat()
            seen = status.st_ino, status.st_mtime_ns
            if seen == self._seen:
                return
            # Beside what could not be written: that must not be typed again and again.
            self._marks |= dict(_marks(read_regular_file(self.path, LARGEST)))
            self._seen = seen
        except FileNotFoundError:
            pass
        except OSError as error:
            _log.warning("%s cannot be read: %s", self.path, error)

    def add(self, items: Sequence[Item], waiting: Sequence[Item], at: float) -> None:
        """These have been typed to an agent; of its items none but those that wait are remembered."""
        agents = {item.agent for item in items}
        there = {(item.agent, item.file) for item in waiting}

        def add() -> None:
            marks = {key: mark for key, mark in self._marks.items() if key[0] not in agents or key in there}
            marks |= {(item.agent, item.file): _Mark(item.identity, at) for item in items}
            self._marks = dict(sorted(marks.items(), key=lambda pair: pair[1].at)[-MOST:])

        try:
            with self._held():
                add()
                if self._past is not None and self.path is not None:
                    replace_file(self.path, _written(self._past.root, self._marks))
        except OSError as error:
            add()
            _log.warning("%s: what was typed cannot be remembered: %s", self.path, error)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """No other interface writes meanwhile, and what it wrote is known."""
        if self._past is None:
            yield
            return
        make_own_folder(self._past.folder)
        with locked(os.open(self._past.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)):
            self.read()
            yield


def _written(root: Path, marks: _Marks) -> bytes:
    lines: list[dict[str, object]] = [{"project": str(root)}]
    for (agent, file), mark in marks.items():
        lines.append({"agent": agent, "file": file, "identity": mark.identity.numbers, "at": mark.at})
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def _marks(content: bytes) -> Iterator[tuple[tuple[str, str], _Mark]]:
    for line in content.splitlines()[1:]:
        try:
            yield _mark(json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue


def _mark(document: dict[str, object]) -> tuple[tuple[str, str], _Mark]:
    """Raises KeyError, TypeError or ValueError for what this module does not write."""
    agent, file, identity, at = (document[key] for key in ("agent", "file", "identity", "at"))
    if not isinstance(agent, str) or not AGENT_NAME.fullmatch(agent) or not isinstance(file, str):
        raise ValueError("not an item")
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise ValueError("not a time")
    return (agent, file), _Mark(Identity.of(identity), float(at))
