"""The last lines of the log files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from qms_tui.files import open_regular_file
from qms_tui.text.printable import plain

MOST_LINES = 200  # of the interface's own log
MOST_BYTES = 48 * 1024
OTHERS = 3  # logs of keepers and gateways, the newest
LINES_OF_OTHERS = 60


def last_lines(folder: Path) -> Iterator[str]:
    """Of qms-tui's own log, then of the newest others."""
    own = folder / "qms-tui.log"
    others = sorted((path for path in _logs(folder) if path != own), key=_written, reverse=True)
    for path, most in ((own, MOST_LINES), *((path, LINES_OF_OTHERS) for path in others[:OTHERS])):
        yield f"-- {plain(path.name)}"
        yield from _tail(path, most)


def _logs(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder) if name.endswith(".log")]
    except OSError:
        return []


def _written(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _tail(path: Path, most: int) -> list[str]:
    try:
        with open(open_regular_file(path), "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            stream.seek(max(0, size - MOST_BYTES))
            lines = stream.read(MOST_BYTES).decode("utf-8", "replace").split("\n")
    except OSError as error:
        return [f"({error.strerror})"]
    whole = lines[1:] if size > MOST_BYTES else lines
    return [plain(line) for line in whole if line][-most:]
