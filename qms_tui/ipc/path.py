"""Unix sockets at paths that are longer than a socket's address may be."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

LONGEST = 103  # bytes of a Unix socket's address without the closing NUL: macOS's; Linux takes 107 (unix(7))


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[Path]:
    """The socket's path, or one that is short enough and means the same meanwhile. Raises OSError."""
    if len(os.fsencode(path)) <= LONGEST:
        yield path
        return
    with (_opened if sys.platform == "linux" else _linked)(path.parent) as folder:
        yield folder / path.name


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[Path]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _linked(folder: Path) -> Iterator[Path]:
    """For systems whose descriptors have no paths. Not in $TMPDIR, half a socket's address on macOS."""
    with tempfile.TemporaryDirectory(prefix="qms-tui-", dir="/tmp") as place:
        link = Path(place) / "f"
        link.symlink_to(folder)
        yield link
