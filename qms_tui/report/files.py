"""Reports on disk: in the user's state folder, readable for the user alone, the newest few."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

from qms_tui.files import make_file, make_own_folder

LARGEST = 128 * 1024  # bytes: what an issue takes as an attachment, and a person reads before sending
MOST = 20  # reports that are kept
_OURS = re.compile(r"(?:crash|doctor)-\d{8}-\d{6}-\d+\.txt")
_CUT = "\n... the rest is left out\n"


def state_folder() -> Path:
    """The user's; also where platformdirs itself is broken."""
    try:
        import platformdirs

        return platformdirs.user_state_path("qms-tui")
    except ImportError:
        base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        return Path(base) / "qms-tui"


def log_folder() -> Path:
    """Where the log files are."""
    try:
        import platformdirs

        return platformdirs.user_log_path("qms-tui")
    except ImportError:
        return state_folder() / "log"


def write(kind: str, text: str) -> Path:
    """Write a report whole, as a new file; older ones give way. Raises OSError."""
    folder = state_folder() / "reports"
    make_own_folder(folder)
    path = folder / f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    content = text.encode("utf-8", "replace")
    if len(content) > LARGEST:
        content = content[: LARGEST - len(_CUT)].decode("utf-8", "ignore").encode() + _CUT.encode()
    with open(make_file(path), "wb") as stream:
        stream.write(content)
    _forget_old(folder)
    return path


def _forget_old(folder: Path) -> None:
    with contextlib.suppress(OSError):
        ours = [name for name in os.listdir(folder) if _OURS.fullmatch(name)]
        for name in sorted(ours, key=lambda name: name.partition("-")[2])[:-MOST]:
            os.unlink(folder / name)
