"""Where the files of docker/ are: what images are built from, and what runs in containers."""

from __future__ import annotations

from pathlib import Path

import qms_tui


def image_files() -> Path:
    """In the installed package, or beside it where it is run from its sources."""
    package = Path(qms_tui.__file__).parent
    packed = package / "docker"
    return packed if packed.is_dir() else package.parent / "docker"
