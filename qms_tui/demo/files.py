"""Writing below a project without being led out of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from qms_tui.errors import ProjectError

MAX_ITEM = 64 * 1024  # bytes read of an item: fifteen times what the QMS writes
MAX_DOCUMENT = 1024 * 1024  # bytes of a controlled document; above, it is refused instead of cut


def write_inside(root: Path, path: Path, text: str) -> None:
    """Write `text` to `path`, as the QMS does: one write_text, the folder made when it is missing.

    Raises:
        ProjectError: `path` leads out of `root`, or is a link, a FIFO or another file that is not plain.
    """
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise ProjectError(f"{path} leads out of the project", hint="nothing was written")
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        raise ProjectError(f"{path} is not a plain file", hint="remove it; nothing was written")
    path.write_text(text, encoding="utf-8")
