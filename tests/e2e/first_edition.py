"""The first edition as it was last, from this repository's history: what a user has who upgrades."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

COMMIT = "6a6afe2"  # the last one before there were a core and a daemon
HOW = "the repository's history is needed: clone it with git, or run: git fetch --unshallow"
ROOT = Path(__file__).parents[2]


def unpack(folder: Path) -> Path:
    """Its files in `folder`, which is made; what PYTHONPATH needs to run it."""
    command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "archive", COMMIT, "qms_tui", "docker"]
    try:
        found = subprocess.run(command, capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"{HOW} ({error})")
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder
