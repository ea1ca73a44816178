"""The lock of a process of which a project has one: taken for its life, with a word on who has it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from qms_tui import __version__
from qms_tui.files import open_or_make_file, try_lock


def take_lock(path: Path, project: str, engine: str) -> int | None:
    """Take it until its descriptor is closed; None if another process has it. Raises OSError."""
    descriptor = open_or_make_file(path)
    if not try_lock(descriptor):
        os.close(descriptor)
        return None
    owner = {"pid": os.getpid(), "project": project, "engine": engine, "version": __version__}
    os.ftruncate(descriptor, 0)
    os.write(descriptor, json.dumps({**owner, "since": int(time.time())}).encode())
    return descriptor


def say_once(words: dict[str, object], otherwise: Callable[[], None] = lambda: None) -> None:
    """Tell whoever started us, on standard output, and let go of their pipe; `otherwise` if they are gone."""
    try:
        os.write(1, json.dumps(words).encode() + b"\n")
    except OSError:
        otherwise()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
