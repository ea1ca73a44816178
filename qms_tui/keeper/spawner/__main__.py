"""The spawner's process: detached, locked, one per project. Started by interfaces, never by hand.

    python -m qms_tui.keeper.spawner FOLDER PROJECT [LIFELINE]

FOLDER has its socket and its lock, LIFELINE is the number of a pipe with whose end everything here ends. Says
one line of JSON on its standard output when it serves, or why it cannot, and then nothing any more.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from qms_tui.errors import QmsTuiError
from qms_tui.ipc import reachable
from qms_tui.ipc.detached import detach, say_failure, say_once
from qms_tui.ipc.lock import is_at, take_lock
from qms_tui.keeper.paths import LOCAL, SPAWNER_LOCK, SPAWNER_SOCKET, private_folder
from qms_tui.keeper.spawner.server import Spawner


def serve(folder: Path, project: str, lifeline: int) -> int:
    """Be the spawner; the exit status. Another one that serves already is fine."""
    os.umask(0o077)
    if lifeline >= 0:
        os.set_inheritable(lifeline, False)
    place = _Place(folder, project)
    try:
        listener = place.open()
    except (QmsTuiError, OSError) as error:
        return say_failure(error, "the spawner", folder, "local agents need it to run")
    if listener is None:
        say_once({"ready": False})
        return 0
    say_once({"ready": True})
    Spawner(listener, folder / SPAWNER_SOCKET, place.open, lifeline).run()
    place.leave()
    return 0


class _Place:
    """Where the spawner is found: its folder, with its lock and its socket."""

    def __init__(self, folder: Path, project: str) -> None:
        self._folder, self._project = folder, project
        self._lock: int | None = None

    def open(self) -> socket.socket | None:
        """A socket there, bound; None if another spawner is there. Raises OSError, QmsTuiError."""
        path = private_folder(self._folder) / SPAWNER_LOCK
        if not is_at(self._lock, path):
            lock = take_lock(path, self._project, LOCAL)
            if lock is None:
                return None
            if self._lock is not None:
                os.close(self._lock)
            self._lock = lock
        listener = socket.socket(socket.AF_UNIX)
        with reachable(self._folder / SPAWNER_SOCKET) as address:
            address.unlink(missing_ok=True)
            listener.bind(str(address))
        return listener

    def leave(self) -> None:
        """Remove the socket, unless the place is another's by now."""
        if is_at(self._lock, self._folder / SPAWNER_LOCK):
            (self._folder / SPAWNER_SOCKET).unlink(missing_ok=True)


def main(words: Sequence[str]) -> int:
    """Leave whoever started us, then be the spawner until nobody needs one."""
    detach()
    folder, project, *rest = words
    try:
        return serve(Path(folder), project, int(rest[0]) if rest else -1)
    except Exception as error:  # nobody reads what a process without a terminal prints
        from qms_tui.report import report_crash

        report_crash(error, ["spawner", *words])
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
