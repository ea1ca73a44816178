"""Where the keeper of a project has its files: a folder per project and engine, in it one per agent."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from pathlib import Path

from qms_tui.errors import JournalError

LOCK, SOCKET = "keeper.lock", "keeper.sock"
LONGEST_NAME = 24  # of the readable part of a key: the path of a socket should stay short, see sockets.py
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def keeper_folder(root: Path, engine: str) -> Path:
    """Of the project at `root` (absolute, free of links) with its agents on the engine at that address."""
    import platformdirs

    return platformdirs.user_state_path("qms-tui") / "projects" / project_key(root, engine)


def agent_folder(root: Path, engine: str, agent: str) -> Path:
    """Where the journal of one agent is."""
    return keeper_folder(root, engine) / agent


def project_key(root: Path, engine: str) -> str:
    """One name per project and engine that people can still read: `pipe-dream-0123456789ab`."""
    readable = _UNSAFE.sub("_", root.name)[:LONGEST_NAME].lstrip(".-") or "root"
    digest = hashlib.sha256(os.fsencode(root) + b"\0" + engine.encode()).hexdigest()
    return f"{readable}-{digest[:12]}"


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner may enter, as far as it is missing.

    Raises JournalError if it is a link or somebody else's, OSError if it cannot be made.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    os.close(open_private(folder))
    return folder


def open_private(folder: Path) -> int:
    """A descriptor of a folder that is a real one and ours; nobody else may enter it from now on.

    Raises JournalError if it is a link or somebody else's, OSError if it cannot be opened.
    """
    hint = "qms-tui keeps what agents print there; move it away"
    if folder.is_symlink():
        raise JournalError(f"{folder} is a link", hint=hint)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid():
        os.close(descriptor)
        raise JournalError(f"{folder} belongs to user {status.st_uid}", hint=hint)
    if stat.S_IMODE(status.st_mode) & 0o077:
        os.fchmod(descriptor, 0o700)
    return descriptor
