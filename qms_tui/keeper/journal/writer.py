"""Writes an agent's journal: from an event loop, never raising into it, on a full disk into memory."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from qms_tui.errors import JournalError
from qms_tui.keeper.journal.files import Position, SegmentFile, last_position, prune
from qms_tui.keeper.journal.memory import Memory
from qms_tui.keeper.journal.records import (
    Ended,
    Fact,
    Gap,
    Header,
    Output,
    Resized,
    Snapshot,
    Started,
    encode,
    encode_header,
)
from qms_tui.keeper.paths import open_private, private_folder

LIMIT = 64 * 2**20  # bytes of one agent's files, all together
SEGMENT = 2 * 2**20  # bytes between two snapshots: what has to be replayed to know the present
IN_MEMORY = 2 * 2**20  # bytes kept while nothing can be written
_PIECE = 2**20  # bytes of output in one record at most
_log = logging.getLogger(__name__)


class JournalWriter:
    """The journal in `folder`. All methods return at once: what they write goes to the page cache.

    The owner calls `rotate` with the terminal's state when the journal is `full`, and `retry` from time to
    time while there is `trouble`. Files are at most `limit` bytes together, as long as that has room for two
    snapshots and twice `segment`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limit: int = LIMIT,
        segment: int = SEGMENT,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._path = folder
        self._limit, self._segment_size = limit, segment
        self._clock, self._wall = clock, wall
        self._run = os.urandom(8)
        self._folder: int | None = None
        self._segment: SegmentFile | None = None
        self._began = 0.0
        self._full_at = 0
        self._memory = Memory(IN_MEMORY)
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """Nothing, or why what comes is kept in memory only, and how much of it is lost already."""
        if not self._trouble or not self._memory.dropped:
            return self._trouble
        return f"{self._trouble}; {self._memory.dropped:,} bytes of output are lost"

    @property
    def full(self) -> bool:
        """Whether it is time for `rotate`."""
        return self._segment is not None and self._segment.size >= self._full_at

    @property
    def removed(self) -> bool:
        """Whether somebody has removed the folder, so that what is written is lost."""
        return self._folder is not None and not os.fstat(self._folder).st_nlink

    @property
    def position(self) -> Position:
        """Where the journal on disk ends."""
        if self._segment is not None:
            return Position(self._segment.number, self._segment.size)
        return last_position(self._path)

    def open(self, snapshot: bytes) -> None:
        """Begin, with the terminal's state."""
        self.rotate(snapshot)

    def rotate(self, snapshot: bytes) -> None:
        """Begin a new file with the terminal's state, and remove the oldest beyond the limit."""
        if not self.retry(snapshot):
            self._memory.add(self._clock(), Snapshot(snapshot))

    def retry(self, snapshot: bytes) -> bool:
        """Begin a new file with what memory holds and the terminal's state; whether that went well."""
        try:
            self._begin(snapshot)
        except (OSError, JournalError) as error:
            self._degrade(error)
            return False
        if self._trouble:
            _log.info("%s: can be written again", self._path)
        self._trouble, self._memory = "", Memory(IN_MEMORY)
        return True

    def output(self, data: bytes) -> None:
        """The program wrote this."""
        for at in range(0, len(data), _PIECE):
            self._add(Output(data[at : at + _PIECE]))

    def size(self, columns: int, lines: int) -> None:
        """The terminal has a new size in cells."""
        self._add(Resized(columns, lines))

    def start(self, container: str, image: str, at: float) -> None:
        """A container began to run, at this moment in seconds since the epoch."""
        self._add(Started(container, image, at))

    def end(self, exit_code: int | None, reason: str) -> None:
        """The program has ended."""
        self._add(Ended(exit_code, reason))

    def gap(self, since: float, until: float, *, filled: bool, size: int = 0, reason: str = "") -> None:
        """Output between two moments is missing, but for `size` bytes of it that follow."""
        self._add(Gap(since, until, filled, size, reason))

    def close(self) -> None:
        """Write no more; harmless twice."""
        self._leave_file()
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _add(self, fact: Fact) -> None:
        now = self._clock()
        if self._segment is None:
            self._memory.add(now, fact)
            return
        try:
            self._segment.append(encode(now - self._began, fact))
        except OSError as error:
            self._degrade(error)
            self._memory.add(now, fact)

    def _begin(self, snapshot: bytes) -> None:
        """Raises OSError, JournalError; then nothing has changed but perhaps the folder."""
        now, wall = self._clock(), self._wall()
        began = min([now, *(time for time, _ in self._memory)])
        content = [encode_header(Header(self._run, wall - (now - began), began))]
        content += [
            encode(time - began, fact) for time, fact in (*self._gap(began, wall - now), *self._memory)
        ]
        content.append(encode(now - began, Snapshot(snapshot)))
        folder = self._opened()
        segment = SegmentFile.new(folder)
        try:
            segment.append(b"".join(content))
        except OSError:
            segment.discard()
            raise
        self._leave_file()
        self._segment, self._began, self._full_at = segment, began, segment.size + self._segment_size
        with contextlib.suppress(OSError):  # a file more than wanted is no reason to write none
            prune(folder, segment.number, self._limit - self._full_at - min(_PIECE, self._segment_size))

    def _gap(self, at: float, epoch: float) -> list[tuple[float, Fact]]:
        """What memory has dropped, as a fact of that moment; `epoch` is the wall clock's lead."""
        lost = self._memory.lost
        if lost is None:
            return []
        since, until = (epoch + moment for moment in lost)
        return [(at, Gap(since, until, filled=False, size=0, reason=self._trouble))]

    def _opened(self) -> int:
        """The folder, made anew if somebody removed it."""
        if self._folder is not None and os.fstat(self._folder).st_nlink:
            return self._folder
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None
        self._folder = open_private(private_folder(self._path))
        return self._folder

    def _degrade(self, error: OSError | JournalError) -> None:
        self._leave_file()
        reason = os.strerror(error.errno or errno.EIO) if isinstance(error, OSError) else error.message
        if reason not in self._trouble:
            _log.warning("%s: cannot be written: %s", self._path, reason)
        self._trouble = f"the journal cannot be written: {reason}"  # a pane has little room

    def _leave_file(self) -> None:
        if self._segment is not None:
            self._segment.close()
            self._segment = None
