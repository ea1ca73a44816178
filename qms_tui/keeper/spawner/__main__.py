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

from qms_tui.errors import QmsTuiError, refused, state_remedy
from qms_tui.ipc import reachable
from qms_tui.keeper.lock import say_once, take_lock
from qms_tui.keeper.paths import LOCAL, SPAWNER_LOCK, SPAWNER_SOCKET, private_folder
from qms_tui.keeper.spawner.server import Spawner


def serve(folder: Path, project: str, lifeline: int) -> int:
    """Be the spawner; the exit status. Another one that serves already is fine."""
    os.umask(0o077)
    if lifeline >= 0:
        os.set_inheritable(lifeline, False)
    try:
        opened = _open(folder, project)
    except QmsTuiError as error:
        say_once({"message": error.message, "hint": error.hint})
        return 1
    except OSError as error:
        hint = state_remedy(error, "local agents need it to run")
        say_once({"message": f"the spawner cannot start: {refused(error, folder)}", "hint": hint})
        return 1
    if opened is None:
        say_once({"ready": False})
        return 0
    listener, _ = opened
    say_once({"ready": True})
    spawner = Spawner(listener, folder / SPAWNER_SOCKET, lambda: _open(folder, project), lifeline)
    spawner.run()
    return 0


def _open(folder: Path, project: str) -> tuple[socket.socket, int] | None:
    """A socket that listens and the lock, both for life; None if another spawner has them."""
    lock = take_lock(private_folder(folder) / SPAWNER_LOCK, project, LOCAL)
    if lock is None:
        return None
    listener = socket.socket(socket.AF_UNIX)
    with reachable(folder / SPAWNER_SOCKET) as address:
        address.unlink(missing_ok=True)
        listener.bind(str(address))
    return listener, lock


def main(words: Sequence[str]) -> int:
    """Leave whoever started us, then be the spawner until nobody needs one."""
    if os.fork():
        os._exit(0)
    os.setsid()
    folder, project, *rest = words
    try:
        return serve(Path(folder), project, int(rest[0]) if rest else -1)
    except Exception as error:  # nobody reads what a process without a terminal prints
        from qms_tui.report import report_crash

        report_crash(error, ["spawner", *words])
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
