"""The log: a small rotating file of the user's, never the screen, which belongs to the agents."""

from __future__ import annotations

import logging
import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from qms_tui.files import make_own_folder, open_or_make_file
from qms_tui.text.printable import plain

LEVELS = ("debug", "info", "warning", "error")
LARGEST_LOG = 2 * 2**20  # bytes per file, of which there are OLDER_LOGS + 1
OLDER_LOGS = 2
_TALKATIVE = ("docker", "urllib3", "asyncio", "watchdog")


class _PrivateFile(RotatingFileHandler):
    """Made 0600 from the start; a link planted in its place is not followed."""

    def _open(self) -> TextIOWrapper:
        descriptor = open_or_make_file(self.baseFilename)
        os.fchmod(descriptor, 0o600)  # also one that was there before
        return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")


class _OneEntry(logging.Formatter):
    """What agents and engines say is data: no control characters, and no line that looks like an entry."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record).encode(errors="backslashreplace").decode()
        return "\n    ".join(map(plain, text.split("\n")))


def setup_logging(level: str, name: str = "qms-tui") -> Path | None:
    """Log to `name`.log in the user's log folder; the file, or None if it cannot be written.

    `level` is one of LEVELS. Without a file nothing is logged: a log is no reason to fail.
    Programs that run for long beside the interface take a `name` of their own, since rotation is per process.
    """
    import platformdirs

    root = logging.getLogger()
    logging.raiseExceptions = False  # a full disk would print a traceback over the agents
    root.addHandler(logging.NullHandler())  # without a handler, logging would print on the screen
    path = platformdirs.user_log_path("qms-tui") / f"{name}.log"
    try:
        make_own_folder(path.parent)
        handler = _PrivateFile(path, maxBytes=LARGEST_LOG, backupCount=OLDER_LOGS, encoding="utf-8")
    except OSError:
        return None
    handler.setFormatter(_OneEntry("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(level.upper())
    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.WARNING)
    return path
