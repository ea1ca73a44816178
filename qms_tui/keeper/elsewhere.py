"""Keepers of the same project on other engines: the configuration may have named another one before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from qms_tui.files import read_regular_file
from qms_tui.ipc.lock import is_taken
from qms_tui.keeper.paths import LOCAL, LOCK, keeper_folder

_LARGEST_LOCK = 16 * 1024  # bytes


def engines_elsewhere(root: Path, engine: str) -> list[str]:
    """The addresses of other engines than this for which a keeper of the project at `root` runs."""
    return sorted({each for each in _engines(root) if each not in (engine, LOCAL)})


def _engines(root: Path) -> Iterator[str]:
    for lock in keeper_folder(root, LOCAL).parent.glob(f"*/{LOCK}"):
        try:
            owner = json.loads(read_regular_file(lock, _LARGEST_LOCK))
            if owner["project"] == str(root) and is_taken(lock):
                yield str(owner["engine"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
