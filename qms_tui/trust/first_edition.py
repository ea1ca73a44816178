"""What the first edition's state says of config folders: no identities, but which agents were in use."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from itertools import islice
from pathlib import Path

from qms_tui.files import read_regular_file
from qms_tui.remembered import Memory

LARGEST = 64 * 2**10  # bytes of a file that names a project
MOST_KEEPERS = 5000
LOCK = "keeper.lock"  # in projects/KEY, a folder with one folder per agent


def shows_in_use(root: Path, agent: str) -> bool:
    """Whether the user's state folder shows that an agent of the project at `root` was used from here."""
    import platformdirs

    state = platformdirs.user_state_path("qms-tui")
    view = Memory(root, state / "layouts").read()
    if view is not None and agent in view.agents:
        return True
    try:
        with os.scandir(state / "projects") as keepers:
            names = [entry.name for entry in islice(keepers, MOST_KEEPERS)]
    except OSError:
        return False
    return any(_keeps(state / "projects" / name, root, agent) for name in names)


def _keeps(keeper: Path, root: Path, agent: str) -> bool:
    """Whether a keeper's folder is of this project, and has a journal of the agent."""
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        if (keeper / agent).is_dir():
            return bool(json.loads(read_regular_file(keeper / LOCK, LARGEST))["project"] == str(root))
    return False
