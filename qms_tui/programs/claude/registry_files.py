"""What clients of an earlier container have left in the registry of their sessions.

A client that is killed, and any in the background, leaves its file. The next one takes such a session for one
that may still run, somewhere that it cannot see, and refuses to go on with its conversation.
"""

from __future__ import annotations

import contextlib
import os
import re
from itertools import islice

from qms_tui.programs.config_folder import ConfigFolder

MOST = 1000  # files that are looked at
_FILE = re.compile(r"[0-9]{1,10}(\.[0-9a-f]{1,128}\.key|\.json)", re.ASCII)


def clear_registry(own: ConfigFolder) -> None:
    """Remove it, in an agent's own folder in which no client runs. What cannot be removed stays. Blocking."""
    with contextlib.suppress(OSError), own.open("sessions") as folder:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, MOST)]
        for name in filter(_FILE.fullmatch, names):
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=folder)
