"""How an agent's program ended, kept for who comes later: beside its journal, until the next start."""

from __future__ import annotations

import contextlib
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from qms_tui.files import read_regular_file, replace_file
from qms_tui.runtime import Ending

_log = logging.getLogger(__name__)

FILE = "ending"
_LONGEST = 4096  # bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended, and when: seconds since 1970."""

    ending: Ending
    at: float


def write_ending(folder: Path, ended: Ended) -> None:
    """Keep it; without a disk to write to, nobody will know."""
    try:
        replace_file(folder / FILE, json.dumps(asdict(ended)).encode())
    except OSError as error:
        _log.warning("%s", error)


def read_ending(folder: Path) -> Ended | None:
    """What is kept; None if that is nothing."""
    try:
        content = json.loads(read_regular_file(folder / FILE, _LONGEST))
        ending = Ending(**content["ending"])
        known = isinstance(ending.exit_code, int | None) and isinstance(ending.reason, str)
        return Ended(ending, float(content["at"])) if known else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def forget_ending(folder: Path) -> None:
    """It has been cleared away, or is about to start."""
    with contextlib.suppress(OSError):
        (folder / FILE).unlink(missing_ok=True)
