"""Login and conversations of an agent's container, for the agent as a program of this machine.

The agent has written what is read here, and may be hostile. Its programs must not get the user's rights by
it, so of its login only the fields that are known go over, of its conversations only what was said
(`conversation.py`), and never settings, hooks, servers or permissions. Nothing that is there is replaced.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct

from qms_tui.errors import ProjectError
from qms_tui.files import replace_file
from qms_tui.programs.base import Copyable
from qms_tui.programs.claude.conversation import plain_lines
from qms_tui.programs.claude.logins import CREDENTIALS
from qms_tui.programs.claude.resume import MOST_FILES, SESSION, slug
from qms_tui.programs.config_folder import ConfigFolder

CLIENT_FILE = ".claude.json"
LARGEST_CREDENTIALS = 64 * 2**10  # bytes
LARGEST_CLIENT_FILE = 8 * 2**20  # bytes; the client remembers every project there
LARGEST_CONVERSATION = 256 * 2**20  # bytes; what is larger is left out
MOST_COPIED = 2**30  # bytes of all conversations
LONGEST_VALUE, MOST_SCOPES = 8192, 50  # characters of a login's value; of its list
_OAUTH = "claudeAiOauth"
_OAUTH_FIELDS = (
    "accessToken", "refreshToken", "expiresAt", "refreshTokenExpiresAt", "scopes", "subscriptionType",
    "rateLimitTier", "clientId",
)  # fmt: skip
_ACCOUNT = "oauthAccount"
_ACCOUNT_FIELDS = (
    "accountUuid", "emailAddress", "organizationUuid", "organizationName", "organizationRole", "displayName",
)  # fmt: skip


def copyable(source: ConfigFolder, cwds: Sequence[str]) -> Copyable:
    """What there is to copy: the login, and the conversations in these folders. Blocking."""
    return Copyable(bool(_login(source)), sum(1 for _ in _conversations(source, cwds)))


def copy(source: ConfigFolder, target: Path, cwds: Sequence[str], cwd: str) -> Copyable:
    """Copy what the folder `target` does not have yet, as conversations in `cwd`; what was copied. Blocking.

    Raises OSError, ProjectError.
    """
    login = _copy_login(source, target)
    folder = target / "projects" / slug(cwd)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    left, copied = MOST_COPIED, 0
    for found in _conversations(source, cwds):
        left -= found.size
        if left >= 0 and _copy_conversation(source, found, folder, cwd):
            copied += 1
    return Copyable(login, copied)


# -- login -------------------------------------------------------------------------------------------------


def _login(source: ConfigFolder) -> dict[str, Any]:
    """The known fields of a login by `/login`; empty if there is none."""
    found = _fields(_document(source, CREDENTIALS, LARGEST_CREDENTIALS).get(_OAUTH), _OAUTH_FIELDS)
    return found if isinstance(found.get("accessToken"), str) else {}


def _copy_login(source: ConfigFolder, target: Path) -> bool:
    login = _login(source)
    if not login or os.path.lexists(target / CREDENTIALS):
        return False
    told = _document(source, CLIENT_FILE, LARGEST_CLIENT_FILE)
    base = ConfigFolder(target, ())
    known = _document(base, CLIENT_FILE, LARGEST_CLIENT_FILE)
    if not known and os.path.lexists(target / CLIENT_FILE):
        raise ProjectError(f"{target / CLIENT_FILE} cannot be read", hint="move it away")
    account, user = _fields(told.get(_ACCOUNT), _ACCOUNT_FIELDS), _fields(told, ("userID",))
    # Without the first, the client asks for a login although it has one.
    own = {"hasCompletedOnboarding": True, **({_ACCOUNT: account} if account else {}), **user}
    client = json.dumps({**own, **known, "hasCompletedOnboarding": True})
    replace_file(target / CLIENT_FILE, client.encode())
    replace_file(target / CREDENTIALS, json.dumps({_OAUTH: login}).encode())
    return True


def _document(source: ConfigFolder, name: str, most: int) -> Mapping[str, Any]:
    """A JSON object; an empty one for anything else."""
    try:
        found = json.loads(source.read(name, most + 1))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _fields(found: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Those of the fields that have plain values."""
    if not isinstance(found, dict):
        return {}
    return {name: found[name] for name in names if name in found and _is_plain(found[name])}


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return len(value) <= MOST_SCOPES and all(isinstance(each, str) and _is_plain(each) for each in value)
    if isinstance(value, float):
        return abs(value) < 1e15  # no NaN either
    return value is None or isinstance(value, bool | int) or (isinstance(value, str) and _is_short(value))


def _is_short(text: str) -> bool:
    return len(text) <= LONGEST_VALUE and text.isprintable()


# -- conversations -----------------------------------------------------------------------------------------


class _Conversation(Struct, frozen=True):
    """A file of the agent's, by the folder and the name that it has."""

    folder: str
    name: str
    size: int
    changed: int  # nanoseconds since 1970


def _conversations(source: ConfigFolder, cwds: Sequence[str]) -> Iterator[_Conversation]:
    """Those in these folders, the newest first; of two of the same name that of the later folder."""
    found = {}
    for cwd in cwds:
        for each in _listed(source, slug(cwd)):
            found[each.name] = each
    return iter(sorted(found.values(), key=lambda each: each.changed, reverse=True)[:MOST_FILES])


def _listed(source: ConfigFolder, folder: str) -> list[_Conversation]:
    try:
        with source.open("projects", folder) as descriptor, os.scandir(descriptor) as entries:
            return [
                _Conversation(folder, entry.name, status.st_size, status.st_mtime_ns)
                for entry in islice(entries, 4 * MOST_FILES)
                if SESSION.fullmatch(entry.name)
                and entry.is_file(follow_symlinks=False)
                and 0 < (status := entry.stat(follow_symlinks=False)).st_size <= LARGEST_CONVERSATION
            ]
    except (OSError, ValueError):
        return []


def _copy_conversation(source: ConfigFolder, found: _Conversation, folder: Path, cwd: str) -> bool:
    """Whether it has been copied: it has messages, can be read, and is not there already."""
    import tempfile  # only here: it costs every command some milliseconds, and few copy

    target = folder / found.name
    if os.path.lexists(target):
        return False
    with tempfile.NamedTemporaryFile(prefix=".copy-", dir=folder, delete=False) as copied:
        try:
            with source.open_file(f"projects/{found.folder}/{found.name}") as stream:
                copied.writelines(plain_lines(stream, Path(found.name).stem, cwd))
            copied.flush()
            if os.fstat(copied.fileno()).st_size:
                os.utime(copied.fileno(), ns=(found.changed, found.changed))  # the newest is gone on with
                os.rename(copied.name, target)
                return True
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(copied.name)
    return False
