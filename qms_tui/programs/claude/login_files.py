"""What a client's own files say of its login, read once; readers of its state keep to reader.py. Blocking."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator

from qms_tui.programs.claude import logins
from qms_tui.programs.config_folder import ConfigFolder
from qms_tui.programs.folder_reader import LARGEST
from qms_tui.programs.logins import NO_OWN, Evidence


def evidence(folder: ConfigFolder, began: float | None) -> Evidence:
    """What its own files say. Raises PermissionError if this user is not allowed to look."""
    own, settings = NO_OWN, ""
    content, at = _file(folder, logins.CREDENTIALS)
    with contextlib.suppress(ValueError):
        own = logins.own_login(content, at)
    with contextlib.suppress(ValueError):
        settings = logins.settings_login(_file(folder, logins.SETTINGS)[0])
    turn = None
    if began is not None:
        turn = logins.newest_turn(_events(_file(folder, "qms-tui/hooks.jsonl")[0]), began)
    return Evidence(own=own, settings=settings, turn=turn)


def _file(folder: ConfigFolder, name: str) -> tuple[bytes, float]:
    """What a file holds and when it was written; nothing of one that is not there. Raises PermissionError."""
    try:
        with folder.open_file(name) as stream:
            return stream.read(LARGEST), os.fstat(stream.fileno()).st_mtime
    except PermissionError:
        raise
    except OSError:
        return b"", 0.0


def _events(content: bytes) -> Iterator[tuple[float, str, str]]:
    """The client's events, as its hooks have written them down; those of subagents are left out."""
    for line in content.splitlines():
        try:
            event = json.loads(line)
            if not event.get("sub"):
                yield float(event["at"]), str(event["event"]), str(event.get("error", ""))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
