"""A connection to a process of ours that listens at a path. Blocking."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

from qms_tui.errors import QmsTuiError
from qms_tui.ipc.launch import LOG_HINT
from qms_tui.ipc.path import reachable
from qms_tui.ipc.peer import Gone, Stranger, check_own

APART = (
    "run it where the agents were started, outside of containers, flatpak, unshare and services with "
    "PrivateTmp; qms-tui stop --all ends them and their keeper from anywhere"
)
"""What to do if two processes of ours do not see the same files and processes."""
_TIMEVAL = struct.Struct("@ll")  # seconds, microseconds


def connect_own(
    path: Path,
    patience: float,
    name: str,
    failure: type[QmsTuiError],
    hangs: type[QmsTuiError] | None = None,
) -> socket.socket | None:
    """A connection, which waits so many seconds at most; None if nobody listens.

    Raises `hangs`, else `failure`, if too many others wait; `failure` if whoever listens is not a process of
    ours. `name` is that of the process, for humans.
    """
    connection = socket.socket(socket.AF_UNIX)
    # For a queue that is full (unix(7)): `settimeout` would refuse at once.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEVAL.pack(int(patience), 0))
    try:
        with reachable(path) as address:
            connection.connect(os.fspath(address))
        check_own(connection)
    except BlockingIOError:
        connection.close()
        raise (hangs or failure)(f"the {name} does not answer: too many wait for it", LOG_HINT) from None
    except (OSError, Gone):
        connection.close()
        return None
    except Stranger as stranger:
        connection.close()
        raise failure(f"{path} is not our {name}'s: it {stranger}", APART) from None
    connection.settimeout(patience)
    return connection
