"""Keepers of the same project on other engines: the configuration may have named another one before."""

from __future__ import annotations

import json
import os
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
    for lock in _locks(keeper_folder(root, LOCAL).parent):
        try:
            owner = json.loads(read_regular_file(lock, _LARGEST_LOCK))
            if owner["project"] == str(root) and is_taken(lock):
                yield str(owner["engine"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue


def _locks(folder: Path) -> list[Path]:
    """Those of all keepers, as far as they can be seen."""
    try:
        return [folder / name / LOCK for name in os.listdir(folder)]
    except OSError:
        return []
