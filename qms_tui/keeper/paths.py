"""Where the keeper of a project has its files: a folder per project and engine, in it one per agent."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qms_tui import files
from qms_tui.errors import JournalError
from qms_tui.text.names import path_word

LOCK, SOCKET = "keeper.lock", "keeper.sock"
SPAWNER_LOCK, SPAWNER_SOCKET = "spawner.lock", "spawner.sock"
LOCAL = "local"  # in an engine's place: programs of this machine
LONGEST_NAME = 24  # of the readable part of a key: the path of a socket should stay short, see sockets.py


def keeper_folder(root: Path, engine: str) -> Path:
    """Of the project at `root` (absolute, free of links) with its agents on the engine at that address."""
    import platformdirs

    return platformdirs.user_state_path("qms-tui") / "projects" / project_key(root, engine)


def agent_folder(root: Path, engine: str, agent: str) -> Path:
    """Where the journal of one agent is."""
    return keeper_folder(root, engine) / agent


def project_key(root: Path, engine: str) -> str:
    """One name per project and engine that people can still read: `pipe-dream-0123456789ab`."""
    return path_word(root, engine, longest=LONGEST_NAME)


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner may enter, as far as it is missing.

    Raises JournalError if it is a link or somebody else's, OSError if it cannot be made.
    """
    with _explained(folder):
        files.make_own_folder(folder.parent)
        files.make_private(folder)
    return folder


def open_private(folder: Path) -> int:
    """A descriptor of a folder that is a real one and ours; nobody else may enter it from now on.

    Raises JournalError if it is a link or somebody else's, OSError if it cannot be opened.
    """
    with _explained(folder):
        return files.open_private(folder)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Say what is wrong with a folder that is refused. Only words: it may be another one by now."""
    try:
        yield
    except OSError as error:
        hint = "qms-tui keeps what agents print there; move it away"
        with suppress(OSError):
            status = folder.lstat()
            if stat.S_ISLNK(status.st_mode):
                raise JournalError(f"{folder} is a link", hint=hint) from error
            if error.errno == errno.EPERM and status.st_uid != os.geteuid():
                raise JournalError(f"{folder} belongs to user {status.st_uid}", hint=hint) from error
        raise
