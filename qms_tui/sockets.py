"""Unix sockets at paths that are longer than a socket's address may be."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

LONGEST = 107  # bytes of a Unix socket's address (unix(7), without the closing NUL)


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[Path]:
    """The socket's path, or one that means the same and is short enough. Raises OSError."""
    if len(os.fsencode(path)) <= LONGEST:
        yield path
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
