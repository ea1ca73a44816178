"""The newest read of a program's output, kept where a killed keeper's successor finds it.

What is read from a terminal of ours is nowhere else: between the read and the journal a `kill -9` would lose
it. So it is read into a file's pages, which the kernel keeps, behind a word on where the journal ended then.
If the journal still ends there, the read has not reached it.

Nobody can say how long a read was whose keeper was killed within it. The room is filled with a byte that no
text ends with, and as much as is something else has been read.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import struct
from pathlib import Path

from qms_tui.files import closing, open_or_make_file, open_regular_file
from qms_tui.ipc.stream import READ_SIZE
from qms_tui.keeper.journal.files import Position

_log = logging.getLogger(__name__)

FILE = "last-read"
_POSITION = struct.Struct("=QQ")
_FILLER = b"\xff"  # in no UTF-8
_EMPTY = _FILLER * READ_SIZE
_LENGTH = _POSITION.size + READ_SIZE


class LastRead:
    """In the folder of an agent's journal. Without a disk to write to it only reads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._pages: mmap.mmap | None = None
        self._room: memoryview | None = None
        self._used = 0

    def rest(self, position: Position) -> bytes:
        """What an earlier keeper had read that is not in the journal, which ends at `position`."""
        try:
            with closing(open_regular_file(self._path)) as descriptor:
                content = os.read(descriptor, _LENGTH)
        except OSError:
            return b""
        if len(content) != _LENGTH:
            return b""
        then = Position(*_POSITION.unpack_from(content))
        data = content[_POSITION.size :].rstrip(_FILLER)
        if then.number != position.number or not then.number:
            return b""
        # A record is longer than what it holds: so much and no more is one that was torn.
        return data if 0 <= position.size - then.size <= len(data) else b""

    def begin(self) -> None:
        """Have room for reads; the folder is there by now."""
        self.close()
        try:
            with closing(open_or_make_file(self._path)) as descriptor:
                os.ftruncate(descriptor, 0)
                os.write(descriptor, bytes(_POSITION.size) + _EMPTY)  # no hole: a full disk would kill us
                self._pages = mmap.mmap(descriptor, _LENGTH)
        except OSError as error:
            _log.warning("%s: %s", self._path, error)
            return
        self._room = memoryview(self._pages)[_POSITION.size :]

    def read(self, descriptor: int, most: int, position: Position) -> bytes:
        """Read; what was read before has reached the journal, which ends at `position`. Raises OSError."""
        if self._pages is None or self._room is None:
            return os.read(descriptor, most)
        self._room[: self._used] = _EMPTY[: self._used]  # first: then the position holds for nothing
        _POSITION.pack_into(self._pages, 0, *position)
        self._used = os.readv(descriptor, [self._room[:most]])
        return bytes(self._room[: self._used])

    def close(self) -> None:
        """Let go of the pages; idempotent."""
        pages, self._pages, room, self._room = self._pages, None, self._room, None
        self._used = 0
        if room is not None:
            room.release()
        if pages is not None:
            with contextlib.suppress(BufferError):
                pages.close()
