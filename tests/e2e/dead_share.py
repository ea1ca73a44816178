"""A file system whose server never answers, as a network share whose server is gone."""

from __future__ import annotations

import ctypes
import os
import select
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

_FUSE = Path("/dev/fuse")
_LIBC = ctypes.CDLL(None, use_errno=True)
_VERSION = 7, 12  # of FUSE's protocol: an old one, of which every kernel takes the short answer
_LARGEST = 2**17  # bytes of a question
_DETACH = 2  # MNT_DETACH: also while somebody hangs in it


class DeadShare:
    """Mounted over a folder; whoever looks into it waits until `close`. FUSE without anybody who serves."""

    def __init__(self, folder: Path) -> None:
        """Skips the test where it cannot be mounted: that takes root and FUSE."""
        self._folder = os.fsencode(folder)
        try:
            self._server = os.open(_FUSE, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            pytest.skip(f"{_FUSE}: {error.strerror}")
        options = f"fd={self._server},rootmode=40000,user_id={os.geteuid()},group_id={os.getegid()}"
        if _LIBC.mount(b"dead", self._folder, b"fuse.dead", 0, options.encode()) != 0:
            os.close(self._server)
            pytest.skip(f"a file system cannot be mounted: {os.strerror(ctypes.get_errno())}")
        self._greet()

    def _greet(self) -> None:
        """Answer the kernel's first question (FUSE_INIT), so that the next is somebody's."""
        (number,) = struct.unpack_from("8xQ", os.read(self._server, _LARGEST))
        limits = struct.pack("IIIIHHI", *_VERSION, 0, 0, 0, 0, _LARGEST)
        os.write(self._server, struct.pack("IiQ", 16 + len(limits), 0, number) + limits)

    def is_asked(self) -> bool:
        """Whether somebody waits for it."""
        return bool(select.select([self._server], [], [], 0)[0])

    def close(self) -> None:
        """Unmount it; whoever waits gets an error."""
        if self._server >= 0:
            _LIBC.umount2(self._folder, _DETACH)
            os.close(self._server)
            self._server = -1


MakeShare = Callable[[Path], DeadShare]
